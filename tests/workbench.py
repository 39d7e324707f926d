"""A bench for tests: an index and a folder of files, with the two seams faked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fakes import FakeEmbedder, FakeGenerator

from ragtool import pipeline
from ragtool.config import Settings
from ragtool.pipeline import asking, indexing, inspecting, loading, summarizing
from ragtool.records import Answer, Citation, Filters, Summary
from ragtool.reports import Change, IndexReport, Progress

SMALL = "smollm2-135m-instruct-q4_1"
NONE = Filters()
HARBOUR = "Harbour closed\n\nMayor Ana Ruiz said the harbour would stay closed until June.\n"
OPERA = "Opera walkout\n\nThe orchestra left the stage. Its director blamed the heating.\n"
BRIDGE = "Bridge reopened\n\nEngineers told the council that the bridge was safe again.\n"


class Bench:
    """An index and a folder of files, with the fakes in both seams."""

    def __init__(self, folder: Path, models: Path, patch: pytest.MonkeyPatch) -> None:
        self.files = folder / "files"
        self.files.mkdir(parents=True)
        self.settings = Settings(folder / "index", models, generator=SMALL)
        self.embedder = FakeEmbedder()
        self.generator = FakeGenerator()
        self.loaded: list[str] = []
        for module in (asking, indexing, inspecting, loading, summarizing):
            for name, load in (
                ("load_embedder", self._embedder),
                ("load_generator", self._generator),
            ):
                if hasattr(module, name):
                    patch.setattr(module, name, load)

    def _embedder(self, settings: Settings) -> FakeEmbedder:
        self.loaded.append("embedder")
        return self.embedder

    def _generator(self, settings: Settings, *, look: object = None) -> FakeGenerator:
        self.loaded.append("generator")
        return self.generator

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.files / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
        return path

    def index(
        self, *paths: Path, report: Callable[[Progress], None] = lambda _: None
    ) -> IndexReport:
        return pipeline.index(paths or (self.files,), self.settings, report=report)

    def changes(self, *paths: Path) -> dict[str, int]:
        """What indexing did, without the zeros."""
        return done(self.index(*paths))

    def names(self) -> list[str]:
        return [
            Path(document.path).relative_to(self.files).as_posix()
            for document in pipeline.documents(self.settings)
        ]

    def found(self, query: str, *, filters: Filters = NONE) -> list[str]:
        hits = pipeline.search(query, self.settings, k=5, filters=filters)
        return [Path(hit.chunk.document.path).name for hit in hits]

    def ask(self, question: str) -> Answer:
        with pipeline.Session(self.settings) as session:
            return session.ask(question, k=8, filters=NONE)

    @property
    def fingerprint(self) -> str:
        return pipeline.status(self.settings).fingerprint


def done(report: IndexReport) -> dict[str, int]:
    assert set(report.counts) == set(Change)
    return {change.value: count for change, count in report.counts.items() if count}


def assert_quote_holds(citation: Citation) -> None:
    text = citation.document.text
    assert citation.quote == text[citation.span.start : citation.span.end]
    assert citation.quote.strip() == citation.quote != ""
    # As the reader of the file would find it: newlines may differ, nothing else.
    path = Path(citation.document.path)
    content = path.read_bytes().decode("utf-8-sig")
    assert citation.quote in content.replace("\r\n", "\n").replace("\r", "\n")


def assert_cited(answer: Answer | Summary) -> None:
    numbers = [citation.number for citation in answer.citations]
    assert numbers == list(range(1, len(numbers) + 1))
    for citation in answer.citations:
        assert_quote_holds(citation)
    for sentence in answer.sentences:
        assert sentence.verdict in ("supported", "partly_supported")
        assert sentence.citations
        assert set(sentence.citations) <= set(numbers)
        for link in sentence.attribution:
            text = answer.citations[link.citation - 1].document.text
            assert link.speaker == link.span.of(text)
