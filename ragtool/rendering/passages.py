"""Where words stand in a document, and the words in their surroundings.

Whatever comes from outside is made harmless on the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragtool.records import Chunk, Document, Hit, Span
from ragtool.rendering.forms import page_at, paragraph_at
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import INDENT, Look, bold, dotted, fill, joined, path_text

# Stand-ins for the marks around a span while lines are broken: harmless text
# holds no control characters, so these two can't be part of it.
_OPEN, _CLOSE = "\x02", "\x03"


def hits_text(hits: Sequence[Hit], look: Look) -> str:
    """The retrieved chunks, best first, each with score, place and id."""
    return "\n\n".join(_hit(hit, look) for hit in hits)


def sources_text(hits: Sequence[Hit], look: Look) -> str:
    """The titles of the documents behind the hits, each once, on one line."""
    titles = dict.fromkeys(title_text(hit.chunk.document, look) for hit in hits)
    return " · ".join(titles)


def passage_text(chunk: Chunk, span: Span, look: Look) -> str:
    """`span` marked in the paragraphs around it, one more on either side."""
    document = chunk.document
    seen = _surroundings(document.text, Span(min(chunk.span.start, span.start), chunk.span.end))
    marked = "".join(
        (
            _lines_harmless(document.text[seen.start : span.start]),
            _OPEN,
            _lines_harmless(span.of(document.text)),
            _CLOSE,
            _lines_harmless(document.text[span.end : max(seen.end, span.end)]),
        )
    )
    paragraphs = [line for line in marked.split("\n") if line.strip()]
    body = "\n\n".join(fill(paragraph, look.width) for paragraph in paragraphs)
    place = place_text(
        document,
        look,
        page=page_at(document, span.start),
        paragraph=paragraph_at(chunk, span.start),
    )
    return joined(bold(fill(place, look.width), look), _marks_shown(body, look))


def place_text(
    document: Document, look: Look, *, paragraph: int | None, page: int | None = None
) -> str:
    """Where words stand: "title · file · source · date · page 2 · paragraph 6"."""
    return dotted(
        document.title,
        path_text(document.path, look),
        document.source,
        document.date,
        None if page is None else f"page {page}",
        None if paragraph is None else f"paragraph {paragraph}",
    )


def title_text(document: Document, look: Look) -> str:
    """The document's title, or its path where it has none."""
    return harmless(document.title) if document.title else path_text(document.path, look)


def _hit(hit: Hit, look: Look) -> str:
    document, span = hit.chunk.document, hit.chunk.span
    place = place_text(
        document,
        look,
        page=page_at(document, span.start),
        paragraph=paragraph_at(hit.chunk, span.start),
    )
    head = f"[{hit.rank}] {hit.score:.2f} · {place} · {hit.chunk.chunk_id}"
    text = fill(INDENT + harmless(hit.chunk.text), look.width, indent=INDENT)
    also = ", ".join(path_text(path, look) for path in hit.copies)
    copies = f"\n{fill(INDENT + f'also in: {also}', look.width, indent=INDENT)}" if also else ""
    return f"{bold(fill(head, look.width), look)}\n{text}{copies}"


def _surroundings(text: str, span: Span) -> Span:
    """`span` widened to whole lines, and to one more line with words on either side."""
    start = _line_start(text, len(text[: _line_start(text, span.start)].rstrip()))
    end = _line_end(text, span.end)
    rest = text[end:]
    end = _line_end(text, end + len(rest) - len(rest.lstrip()))
    return Span(start, end)


def _line_start(text: str, offset: int) -> int:
    return text.rfind("\n", 0, offset) + 1


def _line_end(text: str, offset: int) -> int:
    found = text.find("\n", offset)
    return len(text) if found < 0 else found


def _lines_harmless(text: str) -> str:
    return "\n".join(map(harmless, text.split("\n")))


def _marks_shown(text: str, look: Look) -> str:
    """The stand-ins around the span as »«, or as reverse video, line by line."""
    if not look.colour:
        return text.replace(_OPEN, "»").replace(_CLOSE, "«")
    before, _, rest = text.partition(_OPEN)
    inside, _, after = rest.partition(_CLOSE)
    lit = "\n".join(f"\x1b[7m{line}\x1b[27m" if line else "" for line in inside.split("\n"))
    return before + lit + after
