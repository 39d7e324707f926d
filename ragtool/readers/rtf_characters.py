"""Characters of Rich Text: the encodings its fonts and code pages name, and numbers to letters."""

from __future__ import annotations

import codecs

SYMBOL_FONT = 2
FONT_ENCODINGS = {
    0: "cp1252", SYMBOL_FONT: "ascii", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab",
    134: "gb18030", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255",
    178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437",
    255: "cp850",
}  # fmt: skip
DOCUMENT_ENCODINGS = {"ansi": "cp1252", "mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_PRIVATE_USE = range(0xE000, 0xF900)
_CODE_PAGES = {10000: "mac_roman", 10007: "mac_cyrillic", 20866: "koi8_r", 936: "gb18030"}


def numbered(number: int) -> str:
    """A character by its number, negative from 32768 on; "" for symbol fonts' own."""
    if not -0x8000 <= number < 0x110000:
        return ""
    number = number + 0x10000 if number < 0 else number
    return "" if number in _PRIVATE_USE else chr(number)


def code_page(number: int) -> str:
    """The name of the encoding that a code page is known by; Western where it is none."""
    name = _CODE_PAGES.get(number, "utf-8" if number == 65001 else f"cp{number}")
    try:
        return codecs.lookup(name).name
    except LookupError:
        return "cp1252"
