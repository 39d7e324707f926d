"""What `ask` and the warm process send each other: it comes as it was, or is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from warming import ANSWER

from ragtool.config import Settings
from ragtool.records import Filters
from ragtool.warm import wire


def test_a_record_comes_back_as_it_was() -> None:
    sender, receiver = wire.Sender(), wire.Receiver()
    first = sender.message("hits", hits=ANSWER.retrieved)
    second = sender.message("answer", answer=ANSWER)
    assert receiver.event(first) == ("hits", (ANSWER.retrieved,))
    assert receiver.event(second) == ("answer", (ANSWER,))
    assert b"Zwei" in first
    assert b"Zwei" not in second  # a text travels once
    asked = wire.Asked("c", Settings(Path("i"), Path("m")), "Who?", "7", 8, Filters(since="2024"))
    assert wire.Receiver().event(wire.Sender().message("ask", asked=asked)) == ("ask", (asked,))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"answered"', b'"perhaps"'),
        (b'"answered"', b"null"),
        (b'"supported"', b"[]"),
        (b'"total_ms":3', b'"total_ms":"3"'),
        (b'"answer":', b'"answr":'),
        (b'"event":"answer"', b'"event":"nothing"'),
        (b'"documents":[', b'"documents":[7,'),
        (b"[0,4]", b"[4,0]"),
        (b'"Who?"', b'"Who?","more"'),
    ],
    ids=str,
)
def test_what_is_no_record_is_noticed(old: bytes, new: bytes) -> None:
    message = wire.Sender().message("answer", answer=ANSWER)
    assert old in message
    with pytest.raises(wire.NONSENSE):
        wire.Receiver().event(message.replace(old, new))
