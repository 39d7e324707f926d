"""Rich Text Format (.rtf), read from its control words (Microsoft's specification 1.9.1).

As it would be printed with all changes accepted: deleted and hidden text,
comments, headers and footers are left out. striprtf isn't used: it leaves out
notes, text boxes and what the file says about itself, keeps hidden and deleted
text, and stops at binary data and at characters of two bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ragtool.errors import ReadError
from ragtool.readers.content import Content, iso_date
from ragtool.readers.rtf_characters import (
    DOCUMENT_ENCODINGS,
    FONT_ENCODINGS,
    code_page,
    numbered,
)
from ragtool.readers.rtf_story import Story, whole
from ragtool.readers.zipped import stated_author, stated_title, stored

# Groups inside of groups. Word writes some twenty.
DEEPEST = 2_000

_TOKEN = re.compile(
    rb"\\'(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,10})?[ ]?"
    rb"|\\(?P<symbol>[^A-Za-z])"
    rb"|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n\0]+)"
    rb"|[\r\n\0]+|\\",
    re.DOTALL,
)
_CHARACTERS = {
    "tab": " ", "line": " ", "softline": " ", "lbr": " ", "emspace": " ", "enspace": " ",
    "qmspace": " ", "emdash": "—", "endash": "–", "bullet": "•", "lquote": "‘", "rquote": "’",
    "ldblquote": "“", "rdblquote": "”", "zwj": "\u200d", "zwnj": "\u200c",
    "~": " ", "_": "-", "\t": " ",
}  # fmt: skip
_ENDS = frozenset("par sect page column cell row nestcell nestrow".split()) | {"\n", "\r"}
# What a group is when a word of these begins it; a group of another word is text. "out"
# is left out with all that is inside, "beside" is a note or a text box.
_GROUPS = {
    **{name: name for name in ("fonttbl", "stylesheet", "info", "nesttableprops")},
    **dict.fromkeys("footnote shptxt dptxbxtext".split(), "beside"),
    **dict.fromkeys("shpinst do result".split(), "text"),
    **dict.fromkeys(
        "header headerl headerr headerf footer footerl footerr footerf pict nonshppict shprslt sp"
        " colortbl filetbl fldinst objdata listtext pntext nonesttables xe tc rxe ftnsep ftnsepc"
        " ftncn aftnsep aftnsepc aftncn annotation template datafield mmathPict".split(),
        "out",
    ),
}
_INFO = {"title": "title", "author": "author", "creatim": "created"}
_DELETIONS = frozenset({"deleted", "mvf"})  # a text that was moved away is deleted here


def parse(data: bytes) -> Content:
    """The document's text, a paragraph or table row a line, notes after their paragraph.

    Raises ReadError when it is no rich text, or its groups are nested too deep.
    """
    if not re.match(rb"(?:\xef\xbb\xbf)?\s*\{\s*\\rtf", data[:100]):
        raise ReadError("not rich text.")
    reader = _Reader()
    reader.run(data)
    about = {name: whole("".join(pieces)) for name, pieces in reader.about.items()}
    return Content(
        stored(reader.story.finished()),
        title=stated_title(about.get("title")) or reader.title(),
        author=stated_author(about.get("author")),
        # The day it was begun is the nearest to its publication that it states.
        date=iso_date("-".join(f"{reader.created.get(part, 0):02}" for part in ("yr", "mo", "dy"))),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """What holds inside of a group, until it ends."""

    kind: str = "text"
    starred: bool = False  # it is to be left out unless its first word is known
    fallbacks: int = 1  # characters after one given by its number, for old programs
    font: int | None = None
    style: int = 0
    hidden: bool = False
    deleted: bool = False
    in_table: bool = False


class _Reader:
    """Takes the file's tokens in turn."""

    def __init__(self) -> None:
        self.story = Story()
        self.about: dict[str, list[str]] = {}
        self.created: dict[str, int] = {}
        self._group = _Group()
        # The groups around this one, each with the story it is in.
        self._outer: list[tuple[_Group, Story]] = []
        self._bytes = bytearray()  # text that is still to be decoded
        self._skip = 0  # characters of a fallback that are still to come
        self._encoding = "cp1252"
        self._default_font: int | None = None
        self._charsets: dict[int, int] = {}  # by the number of the font
        self._marked: set[str] = set()  # the encodings that fonts are marked with
        self._styles: dict[int, list[str]] = {}

    def run(self, data: bytes) -> None:
        """Reads up to the end of the outermost group, or of the file if that is cut."""
        position = 0
        while position < len(data) and (token := _TOKEN.match(data, position)):
            position = token.end()
            if token["text"] or token["hex"]:
                self._literal(token["text"] or bytes.fromhex(token["hex"].decode()))
            elif token["word"]:
                number = int(token["number"]) if token["number"] else None
                if token["word"] == b"bin":
                    position += max(number or 0, 0)
                else:
                    self._word(token["word"].decode(), number)
            elif token["symbol"]:
                self._symbol(token["symbol"])
            elif token["brace"] and not self._brace(token["brace"]):
                break
        self._decode()
        while self._outer:
            self._brace(b"}")

    def title(self) -> str | None:
        """The first paragraph in the style for titles, else in one for headings."""
        names = {number: "".join(name).strip("; ").lower() for number, name in self._styles.items()}
        for wanted in ("title", r"heading \d"):
            for text, style in self.story.lines:
                if text and re.fullmatch(wanted, names.get(style, "")):
                    return text
        return None

    def _literal(self, text: bytes) -> None:
        skipped = min(self._skip, len(text))
        self._skip -= skipped
        self._bytes += text[skipped:]

    def _symbol(self, symbol: bytes) -> None:
        if symbol in b"{}\\":
            self._literal(symbol)
        elif symbol == b"*":
            self._group = replace(self._group, starred=True)
        else:
            self._word(symbol.decode("latin-1"), None)

    def _brace(self, brace: bytes) -> bool:
        """Enters or leaves a group. False when it was the outermost."""
        self._decode()
        self._skip = 0
        if brace == b"{":
            if len(self._outer) == DEEPEST:
                raise ReadError("its groups are nested too deep.")
            self._outer.append((self._group, self.story))
            if self._group.starred:
                self._group = replace(self._group, starred=False)
        elif self._outer:
            self._leave()
        return bool(self._outer)

    def _leave(self) -> None:
        inner = self.story
        self._group, self.story = self._outer.pop()
        if inner is not self.story:
            self.story.beside.append(" ".join(filter(None, inner.finished())))

    def _word(self, word: str, number: int | None) -> None:
        if self._skip and word in _CHARACTERS:
            self._skip -= 1
            return
        self._decode()
        if self._group.kind == "out":
            return
        if self._group.starred and word not in _GROUPS:
            self._group = replace(self._group, kind="out")
        elif word in _GROUPS:
            self._enter(_GROUPS[word])
        elif word == "u" and number is not None:
            self._put(numbered(number))
            self._skip = self._group.fallbacks
        elif word in _CHARACTERS:
            self._put(_CHARACTERS[word])
        elif word in _ENDS:
            self._end(word)
        elif self._group.kind in {"info", "created"}:
            self._inform(word, number or 0)
        else:
            self._format(word, number)

    def _enter(self, kind: str) -> None:
        if kind == "beside":
            self.story = Story()
            kind = "text"
        self._group = replace(self._group, kind=kind, starred=False)

    def _inform(self, word: str, number: int) -> None:
        if self._group.kind == "created":
            self.created[word] = number
        elif word in _INFO:
            self._group = replace(self._group, kind=_INFO[word])

    def _end(self, word: str) -> None:
        """Ends a paragraph, cell or row, unless its end is itself hidden or deleted."""
        group = self._group
        if word == "nestrow":
            self.story.end_nested()
        if group.kind != "text" or group.hidden or group.deleted:
            return
        if word == "cell":
            self.story.end_cell()
        elif word == "row":
            self.story.end_row()
        elif word == "nestcell":
            self.story.end_paragraph(in_table=True)
            self.story.nested.append(self.story.cell.pop())
        else:
            self.story.end_paragraph(group.style, in_table=group.in_table)

    def _format(self, word: str, number: int | None) -> None:
        """Words that change how what follows is read."""
        if word == "v":
            self._group = replace(self._group, hidden=number != 0)
        elif word in _DELETIONS:
            self._group = replace(self._group, deleted=number != 0)
        elif word == "intbl":
            self._group = replace(self._group, in_table=True)
        elif word == "plain":
            self._group = replace(self._group, font=self._default_font, hidden=False, deleted=False)
        elif word == "pard":
            self._group = replace(self._group, style=0, in_table=False)
        elif word == "s":
            self._group = replace(self._group, style=number or 0)
        elif word == "f":
            self._group = replace(self._group, font=number)
        elif word == "uc":
            self._group = replace(self._group, fallbacks=max(number or 0, 0))
        else:
            self._declare(word, number or 0)

    def _declare(self, word: str, number: int) -> None:
        """Words that hold for the whole document."""
        if word in DOCUMENT_ENCODINGS:
            self._encoding = DOCUMENT_ENCODINGS[word]
        elif word == "ansicpg":
            self._encoding = code_page(number)
        elif word == "deff":
            self._default_font = number
        elif word == "fcharset" and self._group.font is not None:
            self._charsets[self._group.font] = number
            self._marked.add(FONT_ENCODINGS.get(number, ""))

    def _decode(self) -> None:
        """Puts the bytes gathered so far, as the font in use means them."""
        if self._bytes:
            encoding = self._font_encoding()
            # A symbol font's characters say nothing outside of it.
            self._put(self._bytes.decode(encoding, "ignore" if encoding == "ascii" else "replace"))
            self._bytes.clear()

    def _font_encoding(self) -> str:
        font = self._default_font if self._group.font is None else self._group.font
        charset = self._charsets.get(-1 if font is None else font, 1)
        stated = FONT_ENCODINGS.get(charset, self._encoding)
        # Word marks every font; where none is marked with the document's own encoding,
        # a program wrote them all as Western without knowing.
        unmarked = charset == 0 and self._encoding not in self._marked
        return self._encoding if unmarked else stated

    def _put(self, text: str) -> None:
        group = self._group
        if group.kind == "text" and not (group.hidden or group.deleted):
            self.story.pieces.append(text)
        elif group.kind == "stylesheet":
            self._styles.setdefault(group.style, []).append(text)
        elif group.kind in {"title", "author"}:
            self.about.setdefault(group.kind, []).append(text)
