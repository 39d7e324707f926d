"""Who said it: chains found in sentences of news prose."""

from __future__ import annotations

import pytest

from ragtool.attribution import chain, links_of
from ragtool.records import Span
from ragtool.sentences import sentences

# text, number of the sentence, the words asked about, the chain innermost first
CHAINS = [
    pytest.param(
        "The Tribune reported that the governor, Ada Okoro, said that guards stated that nobody"
        " had been hurt.",
        0,
        "nobody had been hurt",
        ["guards", "Ada Okoro", "The Tribune"],
        id="three-deep",
    ),
    pytest.param(
        "According to the mayor, the bridge is safe.",
        0,
        "bridge is safe",
        ["the mayor"],
        id="according-to",
    ),
    pytest.param(
        "“We did nothing wrong,” said Ruth Calloway, a lawyer for the firm.",
        0,
        "nothing wrong",
        ["Ruth Calloway"],
        id="inverted",
    ),
    pytest.param(
        '"The water is clean," Tomas Reyl told reporters on Monday.',
        0,
        "water is clean",
        ["Tomas Reyl"],
        id="after-straight-quotes",
    ),
    pytest.param(
        "Its director, Bettina Ravn, insisted that the buoy had been inspected.",
        0,
        "buoy had been inspected",
        ["Bettina Ravn"],
        id="name-behind-role",
    ),
    pytest.param(
        "Minister Olga Marin visited the site on Tuesday. She denied that the dam was cracked.",
        1,
        "dam was cracked",
        ["Olga Marin"],
        id="pronoun",
    ),
    pytest.param(
        "Joel Abernathy runs the mill. Wages would rise, Abernathy promised.",
        1,
        "Wages would rise",
        ["Joel Abernathy"],
        id="surname",
    ),
    pytest.param(
        "The company was accused by the union of hiding the accident.",
        0,
        "hiding the accident",
        ["the union"],
        id="passive",
    ),
    pytest.param(
        "“I think that the bridge is safe,” Ada Okoro said.",
        0,
        "bridge is safe",
        ["Ada Okoro"],
        id="quoted-who-thinks",
    ),
    pytest.param(
        "“It was late,” Ada Okoro said. “I believe that nobody came.”",
        1,
        "nobody came",
        ["Ada Okoro"],
        id="quoted-who-believes-a-sentence-later",
    ),
    pytest.param(
        "The logs, Edvard Mwangi told parliament, were kept for seven days.",
        0,
        "logs kept seven days",
        ["Edvard Mwangi"],
        id="inserted",
    ),
    pytest.param(
        "Ilse Berg said the fund was empty, but her cousin Karl Berg said it held two million.",
        0,
        "held two million",
        ["Karl Berg"],
        id="contradiction",
    ),
    pytest.param(
        "Nadia Torres was waiting at the gate. “The doors were locked. Nobody came,” she said.",
        1,
        "doors were locked",
        ["Nadia Torres"],
        id="quotation-of-two-sentences",
    ),
    pytest.param(
        "Ilse Berg sued her cousin Karl Berg. The fund was empty, Berg said.",
        1,
        "fund was empty",
        ["Berg"],
        id="two-of-one-surname",
    ),
    pytest.param(
        "Nadia Torres left her house in Mill Close. The gate was locked, she said.",
        1,
        "gate was locked",
        ["Nadia Torres"],
        id="a-street-does-not-speak",
    ),
    pytest.param("The bridge was closed on Monday.", 0, "bridge closed", [], id="nobody"),
    pytest.param(
        "The plan gave cover to 400,000 state residents in the whole south.",
        0,
        "gave cover",
        [],
        id="noun-like-a-verb",
    ),
    pytest.param(
        "The brain behind the bar is said to be a cook of the old school.",
        0,
        "a cook of the old school",
        [],
        id="said-by-nobody",
    ),
    pytest.param(
        "The VW Polo is small. VW says that the engine is new.",
        1,
        "engine is new",
        ["VW"],
        id="abbreviation-is-no-surname",
    ),
    pytest.param(
        "Most experts say that the dam is safe.",
        0,
        "dam is safe",
        ["Most experts"],
        id="plural",
    ),
]


def places(text: str, words: str) -> list[Span]:
    """Where each of the words stands in the text, its last occurrence."""
    found = ((text.rfind(word), len(word)) for word in words.split())
    return [Span(start, start + length) for start, length in found if start >= 0]


@pytest.mark.parametrize(("text", "at", "words", "expected"), CHAINS)
def test_chain(text: str, at: int, words: str, expected: list[str]) -> None:
    found = chain(text, sentences(text), at, claim=places(text, words))
    assert [link.speaker.of(text) for link in found] == expected


@pytest.mark.parametrize(("text", "at", "words", "expected"), CHAINS)
def test_spans_are_of_the_text(text: str, at: int, words: str, expected: list[str]) -> None:
    for link in links_of(text, sentences(text), at):
        assert link.phrase.holds(link.named) or link.named.start >= link.phrase.end
        assert link.speaker.of(text).strip() == link.speaker.of(text) != ""
        assert 0 <= link.scope.start < link.scope.end <= len(text)


def test_the_seed_chain() -> None:
    text = (
        "Verstka reported that Sverdlovsk Oblast Commissioner for Human Rights Tatyana"
        " Merzlyankova claimed on 6 May that she visited a collection point for servicemembers"
        " who refused to fight but that management stated that there were no violations of the"
        " servicemembers’ civil rights."
    )
    found = chain(text, sentences(text), 0, claim=places(text, "violations"))
    assert [link.speaker.of(text) for link in found] == [
        "management",
        "Tatyana Merzlyankova",
        "Verstka",
    ]
    assert [link.cue for link in found] == ["stated", "claimed", "reported"]


@pytest.mark.parametrize(
    "text",
    ["", "   ", ",", "said", "said said said", "“", "According to", "He said", "X: “", "said,"],
    ids=repr,
)
def test_scraps_do_not_break_it(text: str) -> None:
    found = sentences(text)
    for at in range(len(found)):
        links_of(text, found, at)
