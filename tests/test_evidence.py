"""Which sentences the model reads."""

from __future__ import annotations

from fakes import FakeEmbedder
from hypothesis import given
from hypothesis import strategies as st

from ragtool.chunking import chunks
from ragtool.evidence import rank, select
from ragtool.records import Document, Evidence, Hit

SENTENCES = (
    "The council met on Monday.",
    "Olga Marin, the mayor, spoke first.",
    "“The bridge is not safe,” she said.",
    "Nobody answered her.",
    "The budget for schools was passed.",
    "A fair is held every spring.",
)


def hits(*bodies: str | Document) -> tuple[Hit, ...]:
    documents = [
        body if isinstance(body, Document) else Document(f"/{at}.txt", "0", body)
        for at, body in enumerate(bodies)
    ]
    found = [chunk for document in documents for chunk in chunks(document)]
    return tuple(Hit(at, 1.0 / at, chunk) for at, chunk in enumerate(found, start=1))


def ranked(question: str, *bodies: str | Document) -> tuple[Evidence, ...]:
    embedder = FakeEmbedder()
    vector = embedder.embed([question])[0]
    return rank(question, hits(*bodies), question_vector=vector, embedder=embedder)


def words(text: str) -> int:
    return len(text.split())


def test_the_sentence_with_the_words_is_first() -> None:
    found = ranked("Who said that the bridge is not safe?", " ".join(SENTENCES))
    assert found[0].text == SENTENCES[2]
    assert len(found) == len(SENTENCES)


def test_neighbours_come_with_it_in_reading_order() -> None:
    found = ranked("Who said that the bridge is not safe?", " ".join(SENTENCES))
    chosen = select(found, budget=18, cost=words)
    assert [one.text for one in chosen] == list(SENTENCES[1:4])


def test_the_best_is_taken_whatever_it_costs() -> None:
    found = ranked("Is the bridge safe?", " ".join(SENTENCES))
    assert select(found, budget=0, cost=words)[0:3]


def test_a_headline_is_not_read_as_a_sentence() -> None:
    article = Document("/0.txt", "0", f"Bridge safe\n\n{SENTENCES[1]}", title="Bridge safe")
    alone = Document("/1.txt", "0", "Bridge safe", title="Bridge safe")
    for document, chosen in ((article, [SENTENCES[1]]), (alone, ["Bridge safe"])):
        found = ranked("Is the bridge safe?", document)
        assert [one.text for one in select(found, budget=100, cost=words)] == chosen


def test_nothing_from_nothing() -> None:
    assert ranked("Is the bridge safe?") == ()
    assert select((), budget=100, cost=words) == ()


def test_documents_follow_their_best_sentence() -> None:
    found = ranked("When is the fair held?", SENTENCES[0], SENTENCES[5])
    chosen = select(found, budget=100, cost=words)
    assert [one.document.path for one in chosen] == ["/1.txt", "/0.txt"]


@given(st.integers(20, 60), st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=30))
def test_the_budget_is_never_overrun(budget: int, picked: list[str]) -> None:
    found = ranked("Who said that the bridge is not safe?", " ".join(picked))
    chosen = select(found, budget=budget, cost=words)
    assert sum(words(one.text) for one in chosen) <= budget
    keys = [(one.document.path, one.sentence.span.start) for one in chosen]
    assert keys == sorted(set(keys))
