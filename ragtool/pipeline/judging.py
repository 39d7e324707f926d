"""One answer against what is known of its question.

Places are compared as spans of the stored texts, where the gold words are
looked up, whatever white space is between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ragtool.pipeline.walking import absolute
from ragtool.question_sets import Gold
from ragtool.records import Answer, Chunk, Citation, Span
from ragtool.results import Miss, Passage, Verdict
from ragtool.scoring import best_f1, contains, first_rank, holds_any, normalise

# Every quote of an answer as it is printed: the path of its document, its span, its words.
Quotes = Callable[[Answer], Iterable[tuple[str, Span, str]]]
# By path of the document.
_Places = Mapping[str, Sequence[Span]]


@dataclass(frozen=True, slots=True)
class Judged:
    """A question and how it was answered.

    document_rank, text_rank: of the first hit in a gold document, and of the
    first with the gold text. supported: a cited span holds a gold answer or
    overlaps the gold evidence. gold_citations: of each citation whether it is
    of a gold document. cited_sentences: of each sentence whether it cites.
    altered: of each quote whether it is not the stored text to the letter.
    innermost, chain: the first sentence names that speaker, or all, rightly.
    """

    gold: Gold
    verdict: Verdict
    f1: float
    document_rank: int | None
    text_rank: int | None
    supported: bool
    gold_citations: tuple[bool, ...]
    cited_sentences: tuple[bool, ...]
    altered: tuple[bool, ...]
    innermost: bool
    chain: bool
    seconds: float
    miss: Miss | None

    @property
    def answered(self) -> bool:
        """Whether there was an answer, right or wrong."""
        return self.verdict != "refused"


class Judge:
    """Knows the corpus of a question set as it is stored.

    articles: its folder, absolute. texts: by absolute path, as in the index.
    """

    def __init__(self, articles: Path, texts: Mapping[str, str], *, quotes: Quotes) -> None:
        self._articles = articles
        self._texts = texts
        self._quotes = quotes

    def judge(self, gold: Gold, answer: Answer) -> Judged:
        """What the answer is worth."""
        said = " ".join(sentence.text for sentence in answer.sentences)
        verdict = _verdict(gold, answer, said)
        paths = [self._path(name) for name in gold.documents]
        evidence = self._evidence(gold)
        innermost, chain = _speakers(gold, answer)
        return Judged(
            gold=gold,
            verdict=verdict,
            f1=0.0 if verdict == "refused" else best_f1(said, gold.golds),
            document_rank=first_rank(hit.chunk.document.path in paths for hit in answer.retrieved),
            text_rank=first_rank(
                self._is_gold(hit.chunk, gold, evidence) for hit in answer.retrieved
            ),
            supported=any(_supports(one, gold, evidence) for one in answer.citations),
            gold_citations=tuple(one.document.path in paths for one in answer.citations),
            cited_sentences=tuple(bool(sentence.citations) for sentence in answer.sentences),
            altered=tuple(
                span.of(self._texts.get(path, "")) != words
                for path, span, words in self._quotes(answer)
            ),
            innermost=innermost,
            chain=chain,
            seconds=answer.timings["total_ms"] / 1000,
            miss=self._miss(gold, answer, verdict, said),
        )

    def _evidence(self, gold: Gold) -> _Places:
        """Where the gold sentences and quotes stand."""
        places: dict[str, list[Span]] = {}
        sentences = [(name, words) for name in gold.documents for words in gold.evidence]
        for name, words in (*sentences, *gold.quoted):
            path = self._path(name)
            places.setdefault(path, []).extend(_found(words, self._texts.get(path, "")))
        return places

    def _is_gold(self, chunk: Chunk, gold: Gold, evidence: _Places) -> bool:
        """Whether a chunk holds the gold text, by the closest that is known of it."""
        if gold.evidence or gold.quoted:
            return _overlaps(chunk.span, evidence.get(chunk.document.path, ()))
        if gold.paragraph:
            is_there = chunk.document.path in [self._path(name) for name in gold.documents]
            text = chunk.document.text
            return is_there and _overlaps(chunk.span, _paragraphs(gold.paragraph, text))
        return holds_any(chunk.text, gold.golds)

    def _miss(self, gold: Gold, answer: Answer, verdict: Verdict, said: str) -> Miss | None:
        needless = verdict == "refused" and gold.answerable
        if verdict != "wrong" and not needless:
            return None
        return Miss(
            question=gold.question,
            id=gold.id,
            file=gold.file,
            answerable=gold.answerable,
            verdict=verdict,
            gold=gold.golds,
            answer=said,
            passages=tuple(map(self._passage, answer.citations or answer.nearest)),
        )

    def _passage(self, citation: Citation) -> Passage:
        name = Path(citation.document.path).relative_to(self._articles).as_posix()
        return Passage(name, citation.paragraph, citation.quote)

    def _path(self, name: str) -> str:
        return str(absolute(self._articles / name))


def _verdict(gold: Gold, answer: Answer, said: str) -> Verdict:
    if answer.status == "not_found":
        return "refused"
    if gold.answerable and holds_any(said, gold.golds):
        return "right"
    return "wrong" if gold.answers or not gold.answerable else "unjudged"


def _supports(citation: Citation, gold: Gold, evidence: _Places) -> bool:
    there = evidence.get(citation.document.path, ())
    return holds_any(citation.quote, gold.golds) or _overlaps(citation.span, there)


def _speakers(gold: Gold, answer: Answer) -> tuple[bool, bool]:
    """Whether the first sentence names the innermost speaker rightly, and the whole chain."""
    named = [link.speaker for sentence in answer.sentences[:1] for link in sentence.attribution]
    right = [
        any(contains(speaker, name) or contains(name, speaker) for name in names)
        for speaker, names in zip(named, gold.chain, strict=False)
    ]
    return right[:1] == [True], len(named) == len(gold.chain) and all(right)


def _paragraphs(beginning: str, text: str) -> list[Span]:
    """The paragraphs, up to the end of their line, that begin so."""
    begun = _found(beginning, text, cut=True)
    ends = [text.find("\n", span.end) for span in begun]
    return [
        Span(span.start, end if end >= 0 else len(text))
        for span, end in zip(begun, ends, strict=True)
    ]


def _found(words: str, text: str, *, cut: bool = False) -> list[Span]:
    """Every place where `words` stand in `text`, as whole words; cut: the last may go on."""
    if not normalise(words):
        return []
    parts = words.split()
    pattern = r"\s+".join(map(re.escape, parts))
    if parts[0][0].isalnum():
        pattern = r"(?<!\w)" + pattern
    if parts[-1][-1].isalnum() and not cut:
        pattern += r"(?!\w)"
    return [Span(*match.span()) for match in re.finditer(pattern, text)]


def _overlaps(span: Span, others: Sequence[Span]) -> bool:
    return any(span.start < other.end and other.start < span.end for other in others)
