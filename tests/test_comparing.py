"""Which sentences of two sources contradict each other, and which say the same."""

from __future__ import annotations

import pytest
from fakes import FakeEmbedder

from ragtool.comparing import Kind, pairs

HURT = "The mill in Orden burned down on Monday and 12 people were injured."
CABLE = "Fire chief Nora Vance said that a loose cable had caused the fire."
WORKED = "The sprinklers in the mill had worked until the roof fell in."


@pytest.mark.parametrize(
    ("one", "other", "kind"),
    [
        (HURT, "The mill in Orden burned down and thirty people were injured.", Kind.NUMBER),
        (HURT, "The mill in Orden burned down and twelve people were injured.", Kind.SAME),
        (HURT, "The mill in Orden burned down and more than 10 people were injured.", None),
        (HURT, "The mill in Orden burned down and about 12 people were injured.", Kind.SAME),
        (HURT, "The mill in Orden burned down and up to 11 people were injured.", Kind.NUMBER),
        (HURT, "The barn in Lisk burned down on Friday and 30 people were injured.", None),
        (HURT, "The mill in Orden employed 85 workers when it burned down.", None),
        (CABLE, "The owner denied that a loose cable had caused the fire.", Kind.DENIAL),
        (CABLE, "Mayor Edda Brunn said that a loose cable had caused the fire.", None),
        (WORKED, "The sprinklers in the mill had not worked before the roof fell in.", Kind.DENIAL),
        (WORKED, "The bridge had not been closed until the morning.", None),
    ],
)
def test_two_sources(one: str, other: str, kind: Kind | None) -> None:
    vectors = FakeEmbedder().embed([one, other])
    found = pairs([one, other], [0, 1], vectors)
    assert [pair.kind for pair in found] == ([kind] if kind else [])
    assert pairs([one, other], [0, 0], vectors) == ()
