"""The values that a PDF's form fields show. They aren't in the page's own text."""

from __future__ import annotations

from collections.abc import Iterator

from ragtool.readers.pdf_words import Handle, Word, letter

MAX_FIELDS_PER_PAGE = 2_000

_LONGEST_VALUE = 100_000
_WIDGET = 20  # FPDF_ANNOT_WIDGET
_SHOWN_FIELDS = {4, 5, 6}  # combo box, list box, text field
_UNSEEN = 0x02 | 0x20  # annotation flags: hidden, no view
_PASSWORD_FIELD = 1 << 13


def field_words(page: Handle, form: Handle) -> Iterator[Word]:
    """What the form fields of a page show, each value in its place. form: the
    document's form environment."""
    from pypdfium2 import raw

    for index in range(min(raw.FPDFPage_GetAnnotCount(page.raw), MAX_FIELDS_PER_PAGE)):
        annotation = raw.FPDFPage_GetAnnot(page.raw, index)
        if not annotation:
            continue
        try:
            if raw.FPDFAnnot_GetSubtype(annotation) == _WIDGET:
                yield from _field(annotation, form)
        finally:
            raw.FPDFPage_CloseAnnot(annotation)


def _field(annotation: Handle, form: Handle) -> Iterator[Word]:
    from pypdfium2 import raw

    rect = raw.FS_RECTF()
    shown = raw.FPDFAnnot_GetFormFieldType(form, annotation) in _SHOWN_FIELDS
    secret = raw.FPDFAnnot_GetFormFieldFlags(form, annotation) & _PASSWORD_FIELD
    unseen = raw.FPDFAnnot_GetFlags(annotation) & _UNSEEN
    if not shown or secret or unseen or not raw.FPDFAnnot_GetRect(annotation, rect):
        return
    left, right = sorted((rect.left, rect.right))
    bottom, top = sorted((rect.bottom, rect.top))
    size = max(min(top - bottom, 12.0) * 0.8, 1.0)
    base = top - size if top - bottom > 2 * size else bottom + (top - bottom - 0.7 * size) / 2
    for row, line in enumerate(_value(annotation, form).splitlines()):
        letters = "".join(map(letter, map(ord, line))).split()
        if letters:
            yield Word(" ".join(letters), left, right, base - row * 1.2 * size, size)


def _value(annotation: Handle, form: Handle) -> str:
    from ctypes import POINTER, c_ushort, cast, create_string_buffer

    from pypdfium2 import raw

    length = raw.FPDFAnnot_GetFormFieldValue(form, annotation, None, 0)
    if not 2 < length <= 2 * _LONGEST_VALUE:
        return ""
    buffer = create_string_buffer(length)
    raw.FPDFAnnot_GetFormFieldValue(form, annotation, cast(buffer, POINTER(c_ushort)), length)
    return buffer.raw[: length - 2].decode("utf-16-le", "replace")
