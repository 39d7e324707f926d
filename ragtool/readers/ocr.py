"""Text of pictures, and of PDFs that are pictures of pages, by Tesseract.

Tesseract (Apache-2.0) is a program of the user's own: ragtool neither brings
nor fetches it. It gets the picture on its standard input and writes no file.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

from ragtool.errors import ReadError
from ragtool.readers.content import Content

PROGRAM = "tesseract"
# Dots per inch that Tesseract's own documentation asks for, and the pages of one file.
_DPI, _MOST_PAGES = 300, 500
_SECONDS_A_PAGE = 120
_POINTS_AN_INCH = 72
_LARGEST_SIDE = 12_000  # pixels


def program() -> str | None:
    """Where Tesseract is installed; None where it is not."""
    return shutil.which(PROGRAM)


def picture(data: bytes, program: str) -> Content:
    """The text of a picture in any format that Tesseract knows. Raises ReadError."""
    return Content("\n".join(_paragraphs(_read(data, program))))


def pages(data: bytes, program: str) -> Content:
    """The text of a PDF's pages as they look, and where in it each begins. Raises ReadError."""
    lines: list[str] = []
    starts: list[int] = []
    length = 0
    for page in _pictures(data):
        starts.append(length)
        for line in _paragraphs(_read(page, program)):
            lines.append(line)
            length += len(line) + 1
    text = "\n".join(lines)
    return Content(text, pages=tuple(min(start, len(text)) for start in starts))


def _pictures(data: bytes) -> Iterator[bytes]:
    """Each page as a grey picture in the plainest format there is, PGM."""
    from pypdfium2 import PdfDocument, PdfiumError

    try:
        with PdfDocument(data) as document:
            if len(document) > _MOST_PAGES:
                raise ReadError(f"more than {_MOST_PAGES} pages to be read from pictures")
            for page in document:
                side = max(page.get_size())
                scale = min(_DPI / _POINTS_AN_INCH, _LARGEST_SIDE / max(side, 1))
                bitmap = page.render(scale=scale, grayscale=True)
                rows = bytes(bitmap.buffer)
                width, height, stride = bitmap.width, bitmap.height, bitmap.stride
                body = b"".join(rows[at * stride : at * stride + width] for at in range(height))
                yield b"P5 %d %d 255\n" % (width, height) + body
    except PdfiumError as error:
        raise ReadError("damaged, or not a PDF") from error


def _read(picture: bytes, program: str) -> str:
    languages = _languages(program)
    try:
        done = subprocess.run(
            [program, "stdin", "stdout", "-l", languages],
            input=picture,
            capture_output=True,
            timeout=_SECONDS_A_PAGE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ReadError(f"a picture that Tesseract can't read ({type(error).__name__})") from error
    return done.stdout.decode("utf-8", "replace")


def _languages(program: str) -> str:
    """All that are installed, English first; Tesseract then chooses word by word."""
    try:
        done = subprocess.run(
            [program, "--list-langs"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ReadError(f"Tesseract does not run ({type(error).__name__})") from error
    found = [line.strip() for line in done.stdout.splitlines()[1:]]
    spoken = sorted({name for name in found if len(name) == 3} - {"osd"}, key=_english_first)
    return "+".join(spoken) or "eng"


def _english_first(name: str) -> tuple[bool, str]:
    return name != "eng", name


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs, a line each; words that were parted at a line's end joined."""
    for block in text.replace("\f", "\n\n").split("\n\n"):
        line = ""
        for part in filter(None, map(str.strip, block.split("\n"))):
            parted = line.endswith("-") and line[-2:-1].isalpha() and part[0].islower()
            line = line[:-1] + part if parted else f"{line} {part}".strip()
        if line:
            yield line
