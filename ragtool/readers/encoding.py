"""Bytes to text: which encoding a file is in."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator

from ragtool.errors import ReadError

# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What browsers read under these names, each a superset of the encoding named.
_SUPERSETS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "iso8859-9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
# What text of the last forty years was written in, so that rare sisters aren't guessed.
_LIKELY = (
    *("cp1252", "cp1251", "koi8_r", "cp866", "cp1250", "cp1253", "cp1254", "cp1255", "cp1256"),
    *("cp1257", "cp1258", "cp874", "cp932", "euc_jp", "gb18030", "big5", "cp949"),
)
_BINARY = "a binary file, not text"


def decode(data: bytes, *, declared: str | None = None) -> str:
    """The text of a file, with "\\n" newlines and no byte order mark.

    In order: the byte order mark, strict UTF-8, the encoding that the file
    declares, UTF-8 with a few broken bytes, Windows' Western encoding where
    accents are rare, charset-normalizer's guess.
    Raises ReadError when the bytes aren't text.
    """
    marked = next((name for mark, name in _MARKS if data.startswith(mark)), None)
    if not marked and b"\0" in data:
        raise ReadError(_BINARY)
    candidates = _marked(data, marked) if marked else _unmarked(data, declared)
    text = next((text for text in candidates if text is not None), None)
    if text is None or _is_noise(text):
        raise ReadError(_BINARY)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _marked(data: bytes, encoding: str) -> Iterator[str | None]:
    yield _strictly(data, encoding)


def _unmarked(data: bytes, declared: str | None) -> Iterator[str | None]:
    """Attempts in order, None for each that failed."""
    yield _strictly(data, "utf-8")
    if declared:
        yield _strictly(data, _known(declared))
    yield _nearly_utf8(data)
    yield _western(data)
    yield _guessed(data)


def _known(name: str) -> str:
    """Python's name of the encoding that browsers read under this name."""
    try:
        found = codecs.lookup(name.strip()).name
    except (LookupError, ValueError):
        return "utf-8"
    return _SUPERSETS.get(found, found)


def _strictly(data: bytes, encoding: str) -> str | None:
    """None also where the result can't be written as UTF-8 or the name is no text encoding."""
    try:
        text = data.decode(encoding)
        text.encode("utf-8")
    except (UnicodeError, LookupError):
        return None
    return text


def _nearly_utf8(data: bytes) -> str | None:
    """Text in UTF-8 that was cut or damaged in places: one broken sequence in
    ten at most, shown as U+FFFD."""
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    sound = sum(char > "\x7f" for char in text) - broken
    return text if sound >= 10 * broken else None


def _western(data: bytes) -> str | None:
    """Text with one accent, curly quote or dash in 25 characters at most. The
    guess has too little to go by there, and takes quotes for other alphabets."""
    marked = len(data) - len(data.translate(None, bytes(range(128, 256))))
    return _strictly(data, "cp1252") if marked * 25 <= len(data) else None


def _guessed(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=list(_LIKELY)).best()
    return _strictly(data, best.encoding) if best else None


def _is_noise(text: str) -> bool:
    """Whether more than one character in twenty is a control character."""
    controls = sum(
        unicodedata.category(char) == "Cc" for char in text[:100_000] if char not in "\t\n\r\f"
    )
    return "\0" in text or controls * 20 > len(text[:100_000])
