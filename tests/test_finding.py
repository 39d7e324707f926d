"""Which sentence answers, of a model that tells where it looks and of one that doesn't."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import FakeEmbedder, FakeGenerator

from ragtool.chunking import chunks
from ragtool.citations import Citer
from ragtool.confidence import Sight
from ragtool.models import DEFAULT_GENERATOR, find
from ragtool.pipeline.finding import Finder
from ragtool.records import Document, Evidence, Look, Prompt, Span

TEXT = (
    "Doors locked at the port\n"
    "Olga Marin denied that the doors were locked. It rained at the port.\n"
)
MARIN = "Olga Marin denied that the doors were locked."
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


def finder(generator: FakeGenerator) -> Finder:
    document = Document("/a.txt", "0" * 64, TEXT, title="Doors locked at the port")
    found = [Evidence(c, s, 0.5) for c in chunks(document) for s in c.sentences]
    citer = Citer(WHO, found, embedder=FakeEmbedder())
    return Finder(WHO, found, citer=citer, generator=generator, on_text=lambda _: None)


@pytest.fixture
def of_one_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights of one head that looks at what answers, and nothing that speaks for none."""
    heads = np.zeros((1, 2, 1))
    heads[0, 0, 0] = 1.0
    nothing = np.zeros((0, 1))
    weights = {
        "first": np.array(0),
        "layers": np.array([], dtype=int),
        "heads": heads,
        "none": np.array(0.0),
        "none_heads": np.zeros_like(heads),
        "last": nothing,
        "telling": nothing,
        "told": nothing,
    }
    monkeypatch.setattr(Sight, "of", staticmethod(lambda _: Sight(weights)))


@pytest.mark.usefixtures("of_one_head")
def test_the_sentence_is_found_that_the_model_looks_at() -> None:
    looking = finder(Looks())
    assert [one.evidence.text for one in looking.findings()] == [MARIN]
    assert looking.tokens > (0, 0)


@pytest.mark.usefixtures("of_one_head")
def test_what_has_not_what_is_asked_for_is_not_found_and_nothing_is_written() -> None:
    looking = finder(AtTheRain())  # nobody speaks there
    assert looking.findings() == []
    assert looking.tokens == (0, 0)


def test_a_model_that_does_not_tell_where_it_looks_is_asked() -> None:
    reply = "Olga Marin denied that the doors were locked."
    asked = finder(OfTheDefault(reply=reply, odds=9.0))
    assert [(one.said, one.evidence.text) for one in asked.findings()] == [(reply, MARIN)]
    assert finder(OfTheDefault(reply=reply, odds=-9.0)).findings() == []
