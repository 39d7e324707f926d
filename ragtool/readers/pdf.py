"""PDF: the text of its pages in reading order, and what the file says about itself.

PDFium reads the file; what it finds on a page becomes words (`pdf_words`,
`pdf_fields`), loses what stands there for the page's sake (`pdf_furniture`), and is put in
columns and lines (`pdf_layout`) and paragraphs (`pdf_paragraphs`). Pictures of
text are left to others.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from ragtool.errors import NoTextError, ReadError
from ragtool.readers.content import Content
from ragtool.readers.pdf_about import About, about, heading
from ragtool.readers.pdf_fields import field_words
from ragtool.readers.pdf_furniture import without_furniture
from ragtool.readers.pdf_layout import Line, columns
from ragtool.readers.pdf_paragraphs import Paragraph, paragraphs, vocabulary
from ragtool.readers.pdf_repair import mended
from ragtool.readers.pdf_words import UNKNOWN, Handle, Word, words

MAX_PAGES = 5_000
MAX_CHARACTERS = 20_000_000

_HEAD_BYTES = 1024  # within which readers look for the mark
_NO_TEXT = "no text in it, try --ocr"
_NO_PASSWORD = 4  # FPDF_ERR_PASSWORD
_NO_SECURITY = 5  # FPDF_ERR_SECURITY


def parse(data: bytes) -> Content:
    """The pages' text, a paragraph a line, and where in it each page begins.

    Raises ReadError when the file isn't a PDF, is damaged, needs a password,
    has no text that can be read, or is larger than this module's limits.
    """
    if b"%PDF-" not in data[:_HEAD_BYTES]:
        raise ReadError("not a PDF")
    pages, stated = _read(data)
    by_page = _paragraphs(without_furniture(pages))
    text, starts = _stored(by_page)
    if _is_unusable(text):
        raise NoTextError(_NO_TEXT)
    title = stated.title or heading(by_page)
    return Content(text, title=title, author=stated.author, date=stated.date, pages=starts)


def _read(data: bytes) -> tuple[list[list[Word]], About]:
    """The words of each page, and what the document's own records say."""
    with _opened(data) as document:
        if len(document) > MAX_PAGES:
            raise ReadError(f"more than {MAX_PAGES:,} pages")
        form = document.formenv.raw if document.formenv else None
        pages: list[list[Word]] = []
        room = MAX_CHARACTERS
        for number in range(len(document)):
            pages.append(_page(document, number, form=form))
            room -= sum(len(word.text) + 1 for word in pages[-1])
            if room < 0:
                raise ReadError(f"more than {MAX_CHARACTERS:,} characters of text")
        return pages, about(document.get_metadata_dict(), data)


@contextmanager
def _opened(data: bytes) -> Iterator[Handle]:
    """The document, while it is read. An error of PDFium's becomes a ReadError."""
    document = _document(data)
    try:
        document.init_forms()
        yield document
    except ReadError:
        raise
    # The file steers what PDFium and its wrapper walk through: whatever error comes
    # out of their code, it is this file that can't be read.
    except Exception as error:
        raise ReadError(f"damaged ({type(error).__name__})") from error
    finally:
        document.close()


def _document(data: bytes) -> Handle:
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        return PdfDocument(data)
    except PdfiumError as error:
        code = getattr(error, "err_code", None)
        cause = error
    for attempt in mended(data) if code not in {_NO_PASSWORD, _NO_SECURITY} else ():
        with suppress(PdfiumError):
            return PdfDocument(attempt)
    raise ReadError(_reason(code)) from cause


def _reason(code: int | None) -> str:
    if code == _NO_PASSWORD:
        return "encrypted: a password is needed"
    if code == _NO_SECURITY:
        return "encrypted in a way that can't be opened"
    return "damaged, or not a PDF"


def _page(document: Handle, number: int, *, form: Handle) -> list[Word]:
    """A page's words, none where the page alone is damaged."""
    from pypdfium2 import PdfiumError

    try:
        page = document[number]
    except PdfiumError:
        return []
    try:
        return words(page) + (list(field_words(page, form)) if form else [])
    finally:
        page.close()


def _paragraphs(pages: Sequence[Sequence[Word]]) -> list[list[Paragraph]]:
    laid = [list(_columns(page)) for page in pages]
    known: Counter[str] = vocabulary(column for page in laid for column in page)
    return [[each for column in page for each in paragraphs(column, known)] for page in laid]


def _columns(page: Sequence[Word]) -> Iterator[list[Line]]:
    """The columns of the text that stands upright or, on a turned page, of the angle
    that most stands at; then those of the other angles."""
    amounts: Counter[int] = Counter()
    for word in page:
        amounts[word.angle] += len(word.text)
    for angle, _ in amounts.most_common():
        yield from columns([word for word in page if word.angle == angle])


def _stored(pages: Sequence[Sequence[Paragraph]]) -> tuple[str, tuple[int, ...]]:
    """The text, and the offset at which each page begins."""
    pieces: list[str] = []
    starts: list[int] = []
    length = 0
    for page in pages:
        starts.append(length)
        for paragraph in page:
            line = unicodedata.normalize("NFC", paragraph.text).strip()
            if line:
                pieces.append(line)
                length += len(line) + 1
    text = "\n".join(pieces)
    return text, tuple(min(start, len(text)) for start in starts)


def _is_unusable(text: str) -> bool:
    """Whether nothing in it can be read, or less than what can't."""
    letters = sum(map(str.isalnum, text))
    return letters == 0 or text.count(UNKNOWN) * 2 > letters
