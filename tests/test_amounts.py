"""Numbers and months of a text, in digits and in words."""

from __future__ import annotations

import pytest

from ragtool.amounts import (
    missing_numbers,
    other_counts,
    unknown_durations,
    unknown_months,
    unknown_numbers,
)

SOURCE = "On 6 May 170 men had been sent to Kharkiv."


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        pytest.param("170 men had been sent", (), id="same"),
        pytest.param("171 men had been sent", ("171",), id="changed-by-one"),
        pytest.param("17 men had been sent", ("17",), id="a-digit-lost"),
        pytest.param("On 7 May 170 men had been sent", ("7",), id="another-day"),
        pytest.param("1,700 men had been sent", ("1700",), id="times-ten"),
    ],
)
def test_numbers(sentence: str, missing: tuple[str, ...]) -> None:
    assert missing_numbers(sentence, SOURCE) == missing


def test_numbers_in_words_and_digits_are_the_same() -> None:
    assert missing_numbers("Seven ships sank.", "7 ships sank.") == ()
    assert missing_numbers("1,200 jobs went.", "1200 jobs went.") == ()
    assert missing_numbers("Eight ships sank.", "7 ships sank.") == ("8",)


@pytest.mark.parametrize(
    ("question", "source", "unknown"),
    [
        ("Who promised 180 names?", "He promised lists with 118 names.", ("180",)),
        ("Who said that Apple has 4,500 Dreamers?", "Apple employs 450 Dreamers.", ("4500",)),
        ("Who asked for twelve boats?", "He asked for ten boats.", ("12",)),
        ("Who promised 180 names?", "He promised 180 names.", ()),
        ("Who sent 4,500 men?", "Er schickte 4.500 Mann.", ()),
        ("Who sent 36 men?", "He sent thirty-six men.", ()),
        ("Who sent thirty-six men?", "He sent 36 men.", ()),
        ("Who wants 50 per cent?", "She wants half of it.", ()),
        ("Who won in 2024?", "She won on Tuesday.", ()),
        ("Who spoke of the 15th century?", "She spoke of the fifteenth century.", ()),
        ("Who flew the F-16, the A380 and the 747-400?", "She flew all three.", ()),
        ("Who promised food after thirty days?", "There would be food on the thirtieth.", ()),
        ("Who promised food after 12 days?", "There would be food on the twelfth day.", ()),
        ("Who promised food after 40 days?", "Food would come on the thirtieth.", ("40",)),
        ("Who lost three men?", "She lost some.", ()),
        ("Who paid 4,500,000?", "She paid 4.5 million.", ()),
        ("Who paid fifty thousand?", "She paid 50,000.", ()),
    ],
)
def test_a_number_of_the_question_is_known_or_not(
    question: str, source: str, unknown: tuple[str, ...]
) -> None:
    assert unknown_numbers(question, source) == unknown


@pytest.mark.parametrize(
    ("question", "source", "unknown"),
    [
        ("Who said the line opens in June?", "It opens in July, she said.", ("June",)),
        ("Who said the line opens in June?", "It opens in July, she said in June.", ()),
        ("Who said the line opens in June?", "It opens on 3 Jun. or in July.", ()),
        ("Who said the line opens in June?", "2017-06-03\nIt opens, she said in March.", ()),
        ("Who said the line opens in June?", "It opens next month, she said.", ()),
        ("Who said the line may open in summer?", "It opens in July, she said.", ()),
        ("May the line open?", "It opens in July, she said.", ()),
        ("What happened between April and October?", "In April it rained.", ("October",)),
    ],
)
def test_a_month_of_the_question_is_known_or_not(
    question: str, source: str, unknown: tuple[str, ...]
) -> None:
    assert unknown_months(question, source) == unknown


@pytest.mark.parametrize(
    ("question", "source", "unknown"),
    [
        ("Who closed it in four days?", "It was closed within four hours.", ("4 day",)),
        ("Who closed it in 4 days?", "It was closed within four hours.", ("4 day",)),
        ("Who closed it in four days?", "It took four hours, and 4 days more.", ()),
        ("Who closed it in four days?", "The four-day week closed it in four hours.", ()),
        ("Who closed it in four days?", "It was closed within a week.", ()),
        ("Who closed it in four days?", "Four men closed it in a week.", ()),
        ("Who closed it in a day?", "It was closed in an hour.", ()),
        ("Who closed the second hour?", "Four hours.", ()),
    ],
)
def test_durations(question: str, source: str, unknown: tuple[str, ...]) -> None:
    assert unknown_durations(question, source) == unknown


@pytest.mark.parametrize(
    ("question", "text", "other"),
    [
        ("Who suspended nine drivers?", "She suspended seven drivers.", ("9 driver",)),
        ("Who suspended nine drivers?", "Seven drivers were gone for 9 days.", ()),
        ("Who suspended nine drivers?", "One driver of the suspended spoke.", ()),
        ("Who suspended nine drivers?", "Seven nurses were suspended.", ()),
        ("Who suspended the nine bus drivers?", "The nine drivers were suspended.", ()),
        ("Who suspended two drivers?", "Both of the three drivers' sons were.", ()),
        ("Who left on the two days?", "He left on the second of three days.", ()),
        ("Who has two-thirds of it?", "He has a third of it.", ("2 third",)),
        ("Who has a third of it?", "She has two thirds of it.", ("1 third",)),
        ("Who has a third of it?", "She has one third, not two thirds.", ()),
        ("Who has one driver?", "She has three drivers.", ()),
        ("Who wrote that nine tram drivers left?", "Seven drivers left.", ("9 tram",)),
        ("Who wrote that nine drivers left?", "Seven tram drivers were off.", ("9 driver",)),
        ("Who said nine of the drivers left?", "Seven drivers left.", ("9 driver",)),
        ("Who said two ministers spoke?", "Three experts spoke.", ()),
        ("Who lost two countries?", "She lost three countries.", ("2 countri",)),
        ("Who has two thirds of it?", "A third man has it.", ()),
        ("Who has two thirds of it?", "It fell by a third.", ("2 third",)),
        ("Who left on 5 May?", "She left on 4 May.", ()),
        ("Who left on May 5?", "On May 4 six left.", ()),
        (f"Who has {'9' * 5000} drivers?", "She has three drivers.", ()),
    ],
)
def test_counts(question: str, text: str, other: tuple[str, ...]) -> None:
    assert other_counts(question, text) == other
