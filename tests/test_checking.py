"""The checks of an answer's sentence against its source."""

from __future__ import annotations

import pytest

from ragtool.checking import (
    asks_speaker,
    asks_who,
    check,
    coverage,
    gives_reason,
    hedge_differs,
    in_order,
    is_person_missing,
    is_question,
    is_topic_unknown,
    missing_names,
    negation_differs,
)

SOURCE = (
    "On 6 May the commissioner said that 170 men had been sent to Kharkiv,"
    " and that no lawyer had been told."
)


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("What did Ana Ruiz say about her salary?", True),
        ("What did Ana Ruiz say about the lawyers?", False),
        ("What did Ana Ruiz say about it?", False),
        ("What did Ana Ruiz say?", False),
        ("Who complained about salaries?", False),
    ],
)
def test_a_matter_of_which_the_source_has_no_word(question: str, unknown: bool) -> None:
    assert is_topic_unknown(question, SOURCE) is unknown


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("What made the reservoir rise?", True),
        ("“What made it rise?”", False),
        ("What made it rise, she asked.", False),
    ],
    ids=["the writer's", "quoted", "reported"],
)
def test_a_question_of_the_writer_s_own(text: str, asked: bool) -> None:
    assert is_question(text) is asked


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        pytest.param("The men went to Kharkiv.", (), id="same"),
        pytest.param("The men went to Donetsk.", ("Donetsk",), id="another-place"),
        pytest.param("Olga Marin said that men went.", ("Olga", "Marin"), id="invented"),
        pytest.param("Men were sent.", (), id="only-opening"),
    ],
)
def test_names(sentence: str, missing: tuple[str, ...]) -> None:
    assert missing_names(sentence, SOURCE) == missing


@pytest.mark.parametrize(
    ("sentence", "source", "differs"),
    [
        pytest.param("No lawyer had been told.", SOURCE, False, id="kept"),
        pytest.param("A lawyer had been told.", SOURCE, True, id="lost"),
        pytest.param("Men had not been sent to Kharkiv.", SOURCE, True, id="invented"),
        pytest.param("There were violations.", "There were no violations.", True, id="no-lost"),
        pytest.param(
            "He denied the theft.", "He said he did not commit the theft.", False, id="denied"
        ),
        pytest.param("The firm paid.", "The firm denied that it paid.", True, id="denial-lost"),
    ],
)
def test_negation(sentence: str, source: str, differs: bool) -> None:
    assert negation_differs(sentence, source) is differs


@pytest.mark.parametrize(
    ("sentence", "source", "differs"),
    [
        ("The club closes in June.", "The club may close in June.", True),
        ("The club may close in June.", "The club closes in June.", True),
        ("The club might close in June.", "The club may close in June.", False),
        ("He will leave in May.", "He said that he would leave in May.", False),
        ("It began at sea.", "It is alleged to have begun at sea.", True),
        ("It started at sea.", "It is alleged to have started at sea.", True),
        ("The women were nurses.", "Anton is convinced the women were nurses.", True),
        ("200 men left.", "More than 200 men left.", True),
        ("Nearly 200 men left.", "Almost 200 men left.", False),
        ("The match is moved.", "If it rains, the match is moved.", True),
        ("The match is moved if it rains.", "If it rains, the match is moved.", False),
        ("A senator has six years.", "A senator has six years, so nearly a third goes.", False),
    ],
)
def test_hedges(sentence: str, source: str, differs: bool) -> None:
    assert hedge_differs(sentence, source) is differs


def test_coverage_is_a_share() -> None:
    assert coverage("Lawyers were told.", SOURCE) == 1.0
    assert coverage("Penguins swim.", SOURCE) == 0.0
    assert coverage("", SOURCE) == 1.0


def test_known_names_may_be_used() -> None:
    assert check("Ada Okoro said so.", "Okoro said so.", known="Ada Okoro").holds
    assert not check("Eve Okoro said so.", "Okoro said so.", known="Ada Okoro").holds


def test_order_tells_who_did_what() -> None:
    source = "Britain gained control of the colonies from France."
    assert in_order("Britain gained control of the colonies.", source) == 1.0
    assert in_order("France gained control of the colonies from Britain.", source) == 0.6
    assert in_order("", source) == 1.0


@pytest.mark.parametrize(
    ("question", "text", "missing"),
    [
        ("What did Putin say about it?", "Verstka reported that nobody was hurt.", True),
        ("What did Ana Ruiz say about the harbour?", "Ruiz said it would stay closed.", False),
        ("What did the head of the office say?", "Its head, Ana Ruiz, said no.", False),
        ("What happened to the harbour?", "It closed.", False),
        ("How old is Ana Ruiz?", "“I told them,” said Bo Lind, who is 81.", True),
        ("How old is Ana Ruiz?", "“I told them,” said Ruiz, 81.", False),
        ("How old is the old bridge?", "It was built in 1931.", False),
    ],
)
def test_whoever_is_asked_about_must_be_there(question: str, text: str, missing: bool) -> None:
    assert is_person_missing(question, text) is missing


def test_a_reason_is_told_in_so_many_words() -> None:
    assert gives_reason("It closed because of a crack.")
    assert gives_reason("It closed due to a shortage of forces.")
    assert not gives_reason("It closed as they waited.")


def test_asks_speaker() -> None:
    assert asks_speaker("Who denied the theft?")
    assert asks_speaker("According to whom was it stolen?")
    assert not asks_speaker("How many were stolen?")


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("Who found it?", True),
        ("By whom was it found?", True),
        ("Which retired judge resigned?", True),
        ("Which minister explained it?", True),
        ("Which major river flows through it?", False),
        ("Which city has a mayor?", False),
        ("What did the judge find?", False),
    ],
)
def test_a_person_is_asked_for_by_who_or_by_which_with_a_role(question: str, asks: bool) -> None:
    assert asks_who(question) is asks
