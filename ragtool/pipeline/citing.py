"""Citations get their numbers here, in the order in which an answer uses them."""

from __future__ import annotations

from bisect import bisect_right

from ragtool.citations import Cited
from ragtool.records import AnswerSentence, Attribution, Citation, Evidence


class Numbering:
    """The citations of one answer; a span that is cited twice has one number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, int, int], int] = {}
        self._citations: list[Citation] = []

    @property
    def citations(self) -> tuple[Citation, ...]:
        """All of them, in the order of their numbers."""
        return tuple(self._citations)

    def cite(self, evidence: Evidence) -> int:
        """The number of the evidence's sentence, a new one if it has none."""
        span = evidence.sentence.span
        key = (evidence.document.path, span.start, span.end)
        if key not in self._numbers:
            self._numbers[key] = len(self._citations) + 1
            self._citations.append(_citation(self._numbers[key], evidence))
        return self._numbers[key]

    def number(self, cited: Cited) -> AnswerSentence:
        """The sentence with the numbers of what it cites, and its chain of speakers."""
        numbers = [self.cite(one) for one in cited.evidence]
        text = cited.evidence[0].document.text
        return AnswerSentence(
            text=cited.text,
            citations=tuple(dict.fromkeys(numbers)),
            verdict=cited.verdict,
            attribution=tuple(
                Attribution(link.speaker.of(text), link.cue, numbers[0], link.speaker)
                for link in cited.chain
            ),
        )


def _citation(number: int, evidence: Evidence) -> Citation:
    document = evidence.document
    return Citation(
        number=number,
        chunk_id=evidence.chunk.chunk_id,
        document=document,
        span=evidence.sentence.span,
        paragraph=evidence.sentence.paragraph,
        page=bisect_right(document.pages, evidence.sentence.span.start) or None,
    )
