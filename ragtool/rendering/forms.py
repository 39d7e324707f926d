"""Records as JSON-able dicts, in the key order that the documentation promises.

docs/schemas/ holds a JSON Schema for each of the first four.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from ragtool.records import (
    Answer,
    AnswerSentence,
    AnswerSettings,
    Chunk,
    Citation,
    Document,
    Hit,
    ModelCard,
    Span,
    Summary,
)
from ragtool.reports import Change, Checked, Failure, Finding, IndexReport, IndexStatus, Repair

Form = dict[str, object]


def answer_form(answer: Answer) -> Form:
    """Schema ragtool.answer/1."""
    return {
        "schema": "ragtool.answer/1",
        "id": answer.id,
        "question": answer.question,
        "status": answer.status,
        "answer": cited_text(answer.sentences),
        "sentences": [_sentence(sentence) for sentence in answer.sentences],
        "citations": [_citation(citation) for citation in answer.citations],
        "nearest": [_citation(citation) for citation in answer.nearest],
        "retrieved": [_retrieved(hit) for hit in answer.retrieved],
        "model": model_form(answer.model),
        "index": {
            "fingerprint": answer.index.fingerprint,
            "documents": answer.index.documents,
            "chunks": answer.index.chunks,
        },
        "settings": _settings(answer.settings),
        "timings": dict(answer.timings),
    }


def summary_form(summary: Summary) -> Form:
    """Schema ragtool.summary/1."""
    return {
        "schema": "ragtool.summary/1",
        "documents": [_document(document) for document in summary.documents],
        "summary": cited_text(summary.sentences),
        "sentences": [_sentence(sentence) for sentence in summary.sentences],
        "citations": [_citation(citation) for citation in summary.citations],
        "model": model_form(summary.model),
        "timings": dict(summary.timings),
    }


def search_form(query: str, hits: Sequence[Hit]) -> Form:
    """The query and its hits."""
    return {"query": query, "hits": [_hit(hit) for hit in hits]}


def index_form(report: IndexReport) -> Form:
    """The counts and failures of a run; the seconds to three digits."""
    return {
        "documents": {change.value: report.counts.get(change, 0) for change in Change},
        "chunks": report.chunks,
        "failures": [_failure(each) for each in report.failures if not each.skipped],
        "seconds": round(report.seconds, 3),
        "skipped": [_failure(each) for each in report.failures if each.skipped],
    }


def documents_form(documents: Sequence[Document]) -> Form:
    """Schema ragtool.documents/1."""
    return {
        "schema": "ragtool.documents/1",
        "documents": [
            {**_document(document), "language": document.language} for document in documents
        ],
    }


def failures_form(failures: Sequence[Failure]) -> Form:
    """Schema ragtool.failures/1: what could not be read, and what was skipped."""
    return {
        "schema": "ragtool.failures/1",
        "failures": [_failure(each) for each in failures if not each.skipped],
        "skipped": [_failure(each) for each in failures if each.skipped],
    }


def status_form(status: IndexStatus, failures: Sequence[Failure]) -> Form:
    """Schema ragtool.status/1; `failures` are the files behind the count."""
    return {
        "schema": "ragtool.status/1",
        "folder": status.folder,
        "fingerprint": status.fingerprint,
        "documents": status.documents,
        "chunks": status.chunks,
        "failures": [_failure(each) for each in failures if not each.skipped],
        "bytes": status.bytes,
        "embedder": status.embedder,
        "generator": status.generator,
        "updated": status.updated,
    }


def doctor_form(findings: Sequence[Finding], repairs: Sequence[Repair] = ()) -> Form:
    """Schema ragtool.doctor/1: what was mended, and how all stands now."""
    return {
        "schema": "ragtool.doctor/1",
        "ok": all(finding.ok for finding in findings),
        "findings": [
            {
                "check": finding.check,
                "ok": finding.ok,
                "message": finding.message,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
        "repairs": [{"part": each.part, "message": each.message} for each in repairs],
    }


def passage_form(chunk: Chunk, span: Span) -> Form:
    """Schema ragtool.passage/1: a chunk, and the span of it that was asked for."""
    return {
        "schema": "ragtool.passage/1",
        "chunk_id": chunk.chunk_id,
        "chunk_span": _span(chunk.span),
        "span": _span(span),
        "quote": span.of(chunk.document.text),
        "page": page_at(chunk.document, span.start),
        "paragraph": paragraph_at(chunk, span.start),
        "document": _document(chunk.document),
    }


def verification_form(checked: Sequence[Checked]) -> Form:
    """Schema ragtool.verification/1."""
    return {
        "schema": "ragtool.verification/1",
        "ok": all(each.ok for each in checked),
        "checks": [
            {
                "name": each.name,
                "path": each.path,
                "quote": each.quote,
                "ok": each.ok,
                "found": each.found,
            }
            for each in checked
        ],
    }


def model_form(model: ModelCard) -> Form:
    """Which model answered, and how it was set."""
    return {
        "name": model.name,
        "sha256": model.sha256,
        "seed": model.seed,
        "temperature": model.temperature,
    }


def cited_text(sentences: Sequence[AnswerSentence]) -> str:
    """The sentences as one paragraph, each followed by its marks: "... [1][2]"."""
    return " ".join(f"{sentence.text} {marks(sentence)}".rstrip() for sentence in sentences)


def marks(sentence: AnswerSentence) -> str:
    """The sentence's citations as "[1][2]"."""
    return "".join(f"[{number}]" for number in sentence.citations)


def page_at(document: Document, offset: int) -> int | None:
    """The page, from 1, that the code point at `offset` stands on; None without pages."""
    if not document.pages:
        return None
    return max(1, bisect_right(document.pages, offset))


def paragraph_at(chunk: Chunk, offset: int) -> int:
    """The paragraph, from 1, of the last sentence of `chunk` that begins by `offset`."""
    begun = [sentence for sentence in chunk.sentences if sentence.span.start <= offset]
    return (begun[-1] if begun else chunk.sentences[0]).paragraph


def _settings(settings: AnswerSettings) -> Form:
    filters = settings.filters
    return {
        "k": settings.k,
        "since": filters.since,
        "until": filters.until,
        "source": filters.source,
        "path": filters.path,
        "language": filters.language,
        "ragtool": settings.ragtool,
    }


def _span(span: Span) -> list[int]:
    return [span.start, span.end]


def _document(document: Document) -> Form:
    return {
        "path": document.path,
        "title": document.title,
        "author": document.author,
        "date": document.date,
        "source": document.source,
        "sha256": document.sha256,
    }


def _sentence(sentence: AnswerSentence) -> Form:
    return {
        "text": sentence.text,
        "citations": list(sentence.citations),
        "verdict": sentence.verdict,
        "attribution": [
            {
                "speaker": link.speaker,
                "cue": link.cue,
                "citation": link.citation,
                "span": _span(link.span),
            }
            for link in sentence.attribution
        ],
    }


def _citation(citation: Citation) -> Form:
    return {
        "number": citation.number,
        "chunk_id": citation.chunk_id,
        "span": _span(citation.span),
        "quote": citation.quote,
        "page": citation.page,
        "paragraph": citation.paragraph,
        "document": _document(citation.document),
    }


def _retrieved(hit: Hit) -> Form:
    return {
        "chunk_id": hit.chunk.chunk_id,
        "path": hit.chunk.document.path,
        "score": _score(hit),
    }


def _hit(hit: Hit) -> Form:
    copies = {"copies": list(hit.copies)} if hit.copies else {}
    return {
        "rank": hit.rank,
        "score": _score(hit),
        "chunk_id": hit.chunk.chunk_id,
        "span": _span(hit.chunk.span),
        "text": hit.chunk.text,
        "page": page_at(hit.chunk.document, hit.chunk.span.start),
        "document": _document(hit.chunk.document),
        **copies,
    }


def _score(hit: Hit) -> float:
    # Four digits are the same on every machine; the last bits of a float32
    # inner product are not. float(): NumPy's own numbers are no JSON.
    return round(float(hit.score), 4)


def _failure(failure: Failure) -> Form:
    return {"path": failure.path, "reason": failure.reason}
