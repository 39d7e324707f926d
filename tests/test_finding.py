"""Which sentence answers, of a model that tells where it looks and of one that doesn't."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeGenerator
from numpy.typing import NDArray

from ragtool import confidence
from ragtool.chunking import chunks
from ragtool.citations import Citer
from ragtool.confidence import Sight
from ragtool.models import DEFAULT_GENERATOR, find
from ragtool.pipeline.finding import Finder, Finding
from ragtool.quoting import chain_of, opens_with_somebody
from ragtool.records import Document, Evidence, Look, Prompt, Span

TEXT = (
    "Doors locked at the port\n"
    "Olga Marin denied that the doors were locked. It rained at the port.\n"
)
MARIN = "Olga Marin denied that the doors were locked."
RAIN = "It rained at the port."
WHO = "Who denied that the doors were locked?"


class OfTheDefault(FakeGenerator):
    """Has the default model's name for what was taught, and looks as it is told."""

    looks_at = ""

    @property
    def sha256(self) -> str:
        return find(DEFAULT_GENERATOR).sha256

    def look(self, prompt: Prompt, *, at: Sequence[Span], asked: Span) -> Look:
        if not self.looks_at:
            return Look(*(np.zeros((0, 0, 0), np.float32) for _ in range(3)))
        there = [self.looks_at in one.of(prompt.parts[-2]) for one in at]
        mass = np.array(there, dtype=np.float32)[None, None]
        return Look(mass, mass, np.zeros((1, 1, 1), np.float32))


class Looks(OfTheDefault):
    looks_at = "Marin"


class AtTheRain(OfTheDefault):
    looks_at = "rained"


def evidence_of(text: str) -> list[Evidence]:
    document = Document("/a.txt", "0" * 64, text, title="Doors locked at the port")
    return [Evidence(c, s, 0.5) for c in chunks(document) for s in c.sentences]


def finder(generator: FakeGenerator, text: str = TEXT, question: str = WHO) -> Finder:
    found = evidence_of(text)
    citer = Citer(question, found, embedder=FakeEmbedder())
    return Finder(question, found, citer=citer, generator=generator, on_text=lambda _: None)


def weights_of(*, none: float) -> dict[str, NDArray[Any]]:
    """Of one head that looks at what answers; none: what speaks for no answer."""
    heads = np.zeros((1, 2, 1))
    heads[0, 0, 0] = 1.0
    nothing = np.zeros((0, 1))
    return {
        "first": np.array(0),
        "layers": np.array([], dtype=int),
        "heads": heads,
        "none": np.array(none),
        "none_heads": np.zeros_like(heads),
        "last": nothing,
        "telling": nothing,
        "told": nothing,
    }


@pytest.fixture
def of_one_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sight, "of", staticmethod(lambda _: Sight(weights_of(none=0.0))))


@pytest.mark.usefixtures("of_one_head")
def test_the_sentence_is_found_that_the_model_looks_at() -> None:
    looking = finder(Looks())
    assert looking.findings() == [Finding("", evidence_of(TEXT)[1])]


@pytest.mark.usefixtures("of_one_head")
def test_a_model_that_looks_reads_and_writes_nothing() -> None:
    looking = finder(Looks())
    looking.findings()
    read, written = looking.tokens
    assert read > len(TEXT.split())
    assert written == 0


@pytest.mark.parametrize(
    ("question", "share", "answered"),
    [
        (WHO, 1.1, True),
        (WHO, 0.5, False),
        ("What did Olga Marin deny?", 0.5, True),
        ("What did Olga Marin deny?", -0.1, False),
    ],
)
def test_of_who_it_takes_more_than_of_anything_else(
    question: str, share: float, answered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """share: how far from what any question takes to what one of who does."""
    odds = confidence.THRESHOLD + share * confidence.MORE_FOR_WHO
    # One sentence gets all attention, the other FAINT, and each is told from the other.
    none = math.log(1 + confidence.FAINT) - math.log(confidence.FAINT) - odds
    monkeypatch.setattr(Sight, "of", staticmethod(lambda _: Sight(weights_of(none=none))))
    assert bool(finder(Looks(), question=question).findings()) == answered


@pytest.mark.parametrize(
    ("article", "shown"),
    [
        (f"{MARIN} {RAIN}", [MARIN, RAIN]),
        (f"{MARIN} “It was dark.” {RAIN}", [MARIN, "“It was dark.”", RAIN]),
        (f"{RAIN} {MARIN}", [RAIN, MARIN]),
    ],
    ids=["before", "further-before", "behind"],
)
@pytest.mark.usefixtures("of_one_head")
def test_what_does_not_tell_who_is_shown_with_what_does(article: str, shown: list[str]) -> None:
    looking = finder(AtTheRain(), f"Doors locked at the port\n\n{article}\n")
    found = looking.findings()
    assert [one.evidence.text for one in found] == shown


@pytest.mark.parametrize(
    "article",
    [
        "|Olga Marin and Karl Marin left. It rained, Marin said.",
        "Olga Marin and Karl Marin left. Jon Berg ate. Ida Holm slept. Tor Lie ran. "
        "|It rained, Marin said.",
        "It was dark. |The composer stood where it rained. “Too long,” said Olga Marin.",
        "|Three officers came. A second said that it rained.",
        "|The Port Office closed. It rained, a spokesman said.",
        "|What annoyed Karl Berg was the dark. What annoyed him was that it rained.",
        "Olga Marin left. |Her neighbour, Karl Berg, watched as it rained.",
        "Olga Marin left. |It rained, a driver said.",
    ],
    ids=[
        "surname-of-two",
        "surname-of-two-far-from-both",
        "role-named-behind",
        "one-of-some",
        "spokesman",
        "him",
        "named-beside-a-pronoun",
        "never-named",
    ],
)
@pytest.mark.usefixtures("of_one_head")
def test_whose_name_a_sentence_hides_is_shown_beside_it(article: str) -> None:
    before, shown = article.split("|")
    looking = finder(AtTheRain(), f"Doors locked at the port\n\n{before}{shown}\n")
    found = looking.findings()
    assert " ".join(one.evidence.text for one in found) == shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (RAIN, ["Olga Marin came first.", RAIN]),
        ("It rained at the port, Karl Moen said.", []),
    ],
    ids=["nobody", "another"],
)
@pytest.mark.usefixtures("of_one_head")
def test_whose_words_are_asked_for_is_shown_beside_them(said: str, shown: list[str]) -> None:
    text = f"Doors locked at the port\n\nOlga Marin came first. {said}\n"
    looking = finder(AtTheRain(), text, "What did Olga Marin say about the port?")
    assert [one.evidence.text for one in looking.findings()] == shown


@pytest.mark.parametrize(
    "article",
    [
        "|Karl Berg and Jon Holm came. He said that it rained.",
        "|The clerk was with the judge. “It rained.”",
        "It was dark. |She said that it rained.",
        "Olga Marin was late. |The clerk said that it rained.",
        "Olga Marin was late. |It rained.",
    ],
    ids=["one-of-two", "a-quotation", "nobody-near", "somebody", "nobody-speaks"],
)
@pytest.mark.usefixtures("of_one_head")
def test_who_speaks_is_shown_beside_a_pronoun_whatever_is_asked(article: str) -> None:
    """article: what is shown of it stands behind the bar."""
    text = f"Doors locked at the port\n\n{article.replace('|', '')}\n"
    looking = finder(AtTheRain(), text, "What was the weather like?")
    found = " ".join(one.evidence.text for one in looking.findings())
    assert found == article.split("|")[1]


@pytest.mark.usefixtures("of_one_head")
def test_a_sentence_that_opens_with_somebody_is_shown_alone() -> None:
    said = "Minister Ida Holm stopped short of that; she said that it rained."
    text = f"Doors locked at the port\n\nRuth Berg spoke. She left the guild. {said}\n"
    looking = finder(AtTheRain(), text, "Who said that it rained?")
    assert [one.evidence.text for one in looking.findings()] == [said]


@pytest.mark.parametrize(
    ("said", "opens"),
    [
        ("Ida Holm disagreed; she said that it rained.", True),
        ("Minister Ida Holm disagreed; she said that it rained.", True),
        ("In a note to Ida Holm she said that it rained.", False),
        ("She said that it rained on Ida Holm.", False),
        ("It rained.", False),
    ],
)
def test_who_opens_a_sentence(said: str, opens: bool) -> None:
    one = evidence_of(f"Doors locked at the port\n\n{said}\n")[-1]
    assert opens_with_somebody(one, chain_of(one, WHO)) == opens


@pytest.mark.parametrize(
    ("role", "said", "found"),
    [
        ("minister", "It rained, the bakers’ union said.", False),
        ("minister", "It rained, the Port Agency said.", False),
        ("minister", "It rained, said Ida Holm.", True),
        ("minister", "It rained, the minister said.", True),
        ("minister", "The agency wrote to the minister that it rained.", True),
        ("minister", "It rained.", True),
        ("owner", "It rained, the Port Agency said.", True),
        ("fisherman", "It rained, the Port Agency said.", False),
    ],
)
@pytest.mark.usefixtures("of_one_head")
def test_which_minister_is_not_answered_by_an_office_but_which_owner_may_be(
    role: str, said: str, found: bool
) -> None:
    text = f"Doors locked at the port\n\nOlga Marin came. {said}\n"
    looking = finder(AtTheRain(), text, f"Which {role} mentioned the rain?")
    assert bool(looking.findings()) == found


@pytest.mark.parametrize("before", ["It was dark.", "By Jane Doe, Evening Lantern\n\n"])
@pytest.mark.usefixtures("of_one_head")
def test_where_nobody_is_named_nothing_is_found(before: str) -> None:
    looking = finder(AtTheRain(), f"Doors locked at the port\n\n{before} {RAIN}\n")
    assert looking.findings() == []


def test_a_model_that_does_not_tell_where_it_looks_is_asked() -> None:
    reply = "Olga Marin denied that the doors were locked."
    asked = finder(OfTheDefault(reply=reply, odds=9.0))
    assert [(one.said, one.evidence.text) for one in asked.findings()] == [(reply, MARIN)]
    assert finder(OfTheDefault(reply=reply, odds=-9.0)).findings() == []
