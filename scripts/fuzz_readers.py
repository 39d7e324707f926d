"""Small files of every format, damaged by chance, read by ragtool's readers.

    python scripts/fuzz_readers.py [-n 5000] [--seed 1] [--only NUMBER]

A file that is damaged may be read, refused, or cost its reader's life; our own
process must see nothing but a Reading or a ReadError, and only text that can be
stored. The exit code is 1 where it saw something else. A case is made from seed
and number alone: --only makes that one, and leaves the file behind. Figures are
kept in results/.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import re
import sys
import tempfile
import textwrap
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ragtool.errors import ReadError
from ragtool.readers import Limits, Readers, Reading
from ragtool.readers.workers import Outcome
from ragtool.records import Document
from results import keep

LIMITS = Limits(seconds=20)
JOBS = 2
# A repeated block makes no file larger than this.
_LARGEST = 2 << 20
_TITLE, _AUTHOR, _DAY = "Harbour closed", "Ana Lind", "2024-06-03"
PARAGRAPHS = (
    "The council met on Monday. It was the third time this year that the harbour stood on its"
    " list, and the hall was full to the last seat before the doors were shut.",
    "The repairs cost 4,500,000 euros, “twice the sum that was named in spring”, said Jonas Weil"
    " of the union. Nobody had asked the fishermen, he said, nor the ferry's crew.",
    "The next meeting is on 12 July 2024. Until then the boats land in the old port.",
)

Maker = Callable[[Sequence[str]], bytes]


# Sound files: a title, and paragraphs that are also pages, rows or mails where the
# format has them.


def _text(paragraphs: Sequence[str]) -> bytes:
    head = f"{_TITLE}\nBy {_AUTHOR}\nDate: {_DAY}"
    return "\n\n".join([head, *paragraphs]).encode()


def _markdown(paragraphs: Sequence[str]) -> bytes:
    head = f"---\ntitle: {_TITLE}\nauthor: {_AUTHOR}\ndate: {_DAY}\n---\n\n# {_TITLE}"
    return "\n\n".join([head, *paragraphs]).encode()


def _html(paragraphs: Sequence[str]) -> bytes:
    body = "".join(f"<p>{each}</p>\n" for each in paragraphs)
    return (
        f'<!DOCTYPE html><html><head><meta charset="utf-8"><title>{_TITLE}</title>'
        f'<meta property="article:published_time" content="{_DAY}">'
        f'<script type="application/ld+json">{{"@type": "NewsArticle", "author": "{_AUTHOR}"}}'
        f"</script></head><body><nav>Home</nav><article><h1>{_TITLE}</h1>{body}"
        "<table><tr><td>Cost</td><td>4.5</td></tr></table></article></body></html>"
    ).encode()


def _mhtml(paragraphs: Sequence[str]) -> bytes:
    return (
        (
            f"From: <Saved by Blink>\r\nSubject: {_TITLE}\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/related; type="text/html"; boundary="--b"\r\n\r\n----b\r\n'
            "Content-Type: text/html\r\nContent-Location: https://example.org/harbour\r\n\r\n"
        ).encode()
        + _html(paragraphs).replace(b"\n", b"\r\n")
        + b"\r\n----b--\r\n"
    )


def _pdf(paragraphs: Sequence[str]) -> bytes:
    """A page for each paragraph."""
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(paragraphs)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(paragraphs)}>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for at, paragraph in enumerate(paragraphs):
        escaped = re.sub(r"([()\\])", r"\\\1", paragraph)
        shown = "".join(f"({line}) Tj T*\n" for line in textwrap.wrap(escaped, 80))
        content = f"BT /F1 11 Tf 14 TL 72 700 Td\n{shown}ET".encode("cp1252")
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F1 3 0 R>>>>"
            b"/Contents %d 0 R>>" % (5 + 2 * at),
            b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content),
        ]
    objects.append(f"<</Title({_TITLE})/Author({_AUTHOR})/CreationDate(D:20240603)>>".encode())
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    last = len(objects)
    out += b"xref\n0 %d\n0000000000 65535 f \n%strailer\n" % (last + 1, table)
    return bytes(out) + b"<</Size %d/Root 1 0 R/Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        last + 1,
        last,
        out.rindex(b"xref\n0 "),
    )


def _docx(paragraphs: Sequence[str]) -> bytes:
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    body = "".join(f"<w:p><w:r><w:t>{each}</w:t></w:r></w:p>" for each in (_TITLE, *paragraphs))
    table = "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>4.5</w:t></w:r></w:p></w:tc></w:tr></w:tbl>"
    return zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Override '
            'PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-'
            'officedocument.wordprocessingml.document.main+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1"'
            f' Type="{office}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/document.xml": f'<w:document xmlns:w="{word}"><w:body>{body}{table}</w:body>'
            "</w:document>",
        }
    )


def _odt(paragraphs: Sequence[str]) -> bytes:
    oasis = "urn:oasis:names:tc:opendocument:xmlns"
    body = "".join(f"<text:p>{each}</text:p>" for each in paragraphs)
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "META-INF/manifest.xml": f'<m:manifest xmlns:m="{oasis}:manifest:1.0"/>',
            "content.xml": f'<office:document-content xmlns:office="{oasis}:office:1.0"'
            f' xmlns:text="{oasis}:text:1.0"><office:body><office:text><text:h>{_TITLE}</text:h>'
            f"{body}</office:text></office:body></office:document-content>",
        }
    )


def _rtf(paragraphs: Sequence[str]) -> bytes:
    body = "".join(f"{{\\b {each[:3]}}}{each[3:]}\\par\n" for each in paragraphs)
    escaped = re.sub(r"[^\x00-\x7f]", lambda each: f"\\u{ord(each[0])}?", body)
    head = f"{{\\rtf1\\ansi\\deff0{{\\fonttbl{{\\f0 Arial;}}}}{{\\info{{\\title {_TITLE}}}}}"
    return f"{head}\\f0\\fs24 {escaped}}}".encode()


def _epub(paragraphs: Sequence[str]) -> bytes:
    """A chapter for each paragraph."""
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><body><p>{}</p></body></html>'
    opf = "http://www.idpf.org/2007/opf"
    numbers = range(len(paragraphs))
    items = "".join(
        f'<item id="c{at}" href="c{at}.xhtml" media-type="application/xhtml+xml"/>'
        for at in numbers
    )
    order = "".join(f'<itemref idref="c{at}"/>' for at in numbers)
    return zipped(
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": "<container><rootfiles><rootfile"
            ' full-path="book.opf"/></rootfiles></container>',
            "book.opf": f'<package xmlns="{opf}"><metadata'
            f' xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>{_TITLE}</dc:title></metadata>'
            f"<manifest>{items}</manifest><spine>{order}</spine></package>",
            **{f"c{at}.xhtml": page.format(paragraphs[at]) for at in numbers},
        }
    )


def _mail(paragraphs: Sequence[str], *, number: int = 0) -> bytes:
    body = "\r\n\r\n".join(paragraphs)
    return (
        f"From: {_AUTHOR} <ana@example.org>\r\nTo: desk@example.org\r\nSubject: {_TITLE}\r\n"
        f"Date: Mon, 3 Jun 2024 10:00:00 +0200\r\nMessage-ID: <{number}@example.org>\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b1"\r\n\r\n'
        "--b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n"
        f"\r\n{body}\r\n--b1\r\nContent-Type: text/csv\r\n"
        'Content-Disposition: attachment; filename="costs.csv"\r\n\r\n'
        "item,cost\r\ncrane,4500\r\nboat,120\r\n--b1--\r\n"
    ).encode()


def _mailbox(paragraphs: Sequence[str]) -> bytes:
    """A mail for each paragraph."""
    line = b"From ana@example.org Mon Jun  3 10:00:00 2024\r\n"
    mails = (_mail([each], number=at) for at, each in enumerate(paragraphs))
    return b"\r\n".join(line + mail for mail in mails)


def _csv(paragraphs: Sequence[str]) -> bytes:
    """A row for each paragraph."""
    rows = "".join(f'{_TITLE} {at},{_DAY},"{each}"\r\n' for at, each in enumerate(paragraphs))
    return f"title,date,text\r\n{rows}".encode()


def _jsonl(paragraphs: Sequence[str]) -> bytes:
    """A record for each paragraph."""
    rows = ({"title": f"{_TITLE} {at}", "text": each} for at, each in enumerate(paragraphs))
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def _zip(paragraphs: Sequence[str]) -> bytes:
    rest = "Notes of the desk on the harbour, for the next issue."
    return zipped({"june/harbour.txt": _text(paragraphs), "notes.html": _html([rest])})


def _gz(paragraphs: Sequence[str]) -> bytes:
    return gzip.compress(_html(paragraphs), mtime=0)


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """A ZIP archive of these members, the same bytes every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as written:
        for name, held in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(info, held)
    return file.getvalue()


SAMPLES: Mapping[str, Maker] = {
    "a.txt": _text,
    "a.md": _markdown,
    "a.html": _html,
    "a.mhtml": _mhtml,
    "a.pdf": _pdf,
    "a.docx": _docx,
    "a.odt": _odt,
    "a.rtf": _rtf,
    "a.epub": _epub,
    "a.eml": _mail,
    "a.mbox": _mailbox,
    "a.csv": _csv,
    "a.jsonl": _jsonl,
    "a.zip": _zip,
    "a.html.gz": _gz,
}
"""File names, and what makes the file of some paragraphs."""


# Damage

_NUMBERS = (
    *(b"0", b"-1", b"65536", b"2147483648", b"4294967295", b"-9223372036854775808", b"1e309"),
    *(b"9" * 20, b"9" * 5000),
)
_WORDS = tuple(
    number.to_bytes(size, "little")
    for size in (2, 4, 8)
    for number in (0, 1, (1 << 8 * size) - 1, (1 << 8 * size - 1) - 1, 1 << 8 * size - 1)
)


def _flipped(chance: random.Random, data: bytes) -> bytes:
    damaged = bytearray(data)
    for _ in range(chance.choice((1, 4, 40))):
        damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
    return bytes(damaged)


def _cut(chance: random.Random, data: bytes) -> bytes:
    begin, end = _places(chance, data, 2)
    return chance.choice((data[:end], data[begin:], data[:begin] + data[end:]))


def _swapped(chance: random.Random, data: bytes) -> bytes:
    a, b, c, d = _places(chance, data, 4)
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _repeated(chance: random.Random, data: bytes) -> bytes:
    begin, end = _places(chance, data, 2)
    times = min(chance.choice((2, 50, 5000)), _LARGEST // max(1, end - begin))
    return data[:end] + data[begin:end] * times + data[end:]


def _spliced(chance: random.Random, data: bytes) -> bytes:
    other = SAMPLES[chance.choice(list(SAMPLES))](PARAGRAPHS)
    (place,), (begin, end) = _places(chance, data, 1), _places(chance, other, 2)
    after = chance.choice((b"", data[place:]))
    return data[:place] + other[begin:end] + after


def _extreme(chance: random.Random, data: bytes) -> bytes:
    """With a number, written in digits or in bytes, that is beyond all measure."""
    numbers = list(re.finditer(rb"\d+", data))
    if numbers and chance.random() < 0.7:
        begin, end = chance.choice(numbers).span()
        return data[:begin] + chance.choice(_NUMBERS) + data[end:]
    word = chance.choice(_WORDS)
    (place,) = _places(chance, data, 1)
    return data[:place] + word + data[place + len(word) :]


_DAMAGES = (_flipped, _cut, _swapped, _repeated, _spliced, _extreme)


def _places(chance: random.Random, data: bytes, count: int) -> list[int]:
    return sorted(chance.randrange(len(data) + 1) for _ in range(count))


def _damaged(chance: random.Random, data: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 5))):
        data = chance.choice(_DAMAGES)(chance, data) if data else data
    return data


def _damaged_inside(chance: random.Random, data: bytes) -> bytes:
    """With the damage in what was packed, since the checksum stops all other."""
    if data.startswith(b"\x1f\x8b"):
        return gzip.compress(_damaged(chance, gzip.decompress(data)), mtime=0)
    if not data.startswith(b"PK"):
        return _damaged(chance, data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members: dict[str, bytes] = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(list(members))
    return zipped({**members, name: _damaged(chance, members[name])})


def case(number: int, *, seed: int) -> tuple[str, bytes]:
    """The name and the bytes of a damaged file, always the same for a number and a seed."""
    chance = random.Random(f"{seed} {number}")
    name = list(SAMPLES)[number % len(SAMPLES)]
    damage = chance.choice((_damaged, _damaged_inside, _damaged_inside))
    return name, damage(chance, SAMPLES[name](PARAGRAPHS))


# What became of them

READ, REFUSED, SLOW = "read", "refused", "too slow"
_LOST = {
    "the reader crashed": "crashed",
    "took longer than": SLOW,
    "needs more memory": "no memory",
}
LOST = tuple(_LOST.values())
FATES = (READ, REFUSED, *LOST)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Case:
    """A file that was read. fault: what our process must not have seen, if it did."""

    number: int
    name: str
    fate: str
    seconds: float
    fault: str | None = None


def fuzz(numbers: Sequence[int], *, seed: int, folder: Path) -> list[Case]:
    """Reads the cases of these numbers, in `JOBS` shares at once."""
    with ThreadPoolExecutor(JOBS) as threads:
        shares = [numbers[at::JOBS] for at in range(JOBS)]
        found = threads.map(lambda share: _share(share, seed=seed, folder=folder), shares)
        return sorted((each for share in found for each in share), key=lambda each: each.number)


def _share(numbers: Iterable[int], *, seed: int, folder: Path) -> list[Case]:
    found: list[Case] = []
    with Readers(1, limits=LIMITS) as readers:
        for number in numbers:
            name, data = case(number, seed=seed)
            path = folder / f"{number}-{name}"
            path.write_bytes(data)
            found.append(_tried(readers, path, number, name))
            path.unlink()
    return found


def _tried(readers: Readers, path: Path, number: int, name: str) -> Case:
    begun = time.perf_counter()
    try:
        outcome = next(readers.read([(path, None)]))[1]
    # Whatever comes out but a Reading or a ReadError is what we are looking for.
    except Exception as error:
        seconds = time.perf_counter() - begun
        return Case(number, name, REFUSED, seconds, f"{type(error).__name__}: {error}")
    seconds = time.perf_counter() - begun
    return Case(number, name, _fate(outcome), seconds, fault(outcome, path))


def _fate(outcome: Outcome) -> str:
    if not isinstance(outcome, ReadError):
        return READ
    return next((fate for said, fate in _LOST.items() if said in outcome.message), REFUSED)


def fault(outcome: Outcome, path: Path) -> str | None:
    """What is wrong with an outcome of reading the file; None for a sound one."""
    if isinstance(outcome, ReadError):
        reason = outcome.message.removeprefix(f"{path}: ")
        if "can't be understood" in reason:
            return reason
        return f"a reason of several lines: {reason!r}" if _CONTROLS.search(reason) else None
    if not isinstance(outcome, Reading):
        return f"neither a reading nor an error: {outcome!r}"
    unsound = map(_unsound, outcome.documents)
    places = [each.path for each in outcome.documents]
    places += [each.path for each in outcome.failures]
    outside = (f"outside the file: {each!r}" for each in places if not _is_below(each, path))
    return next(filter(None, (*unsound, *outside)), None)


def _is_below(place: str, path: Path) -> bool:
    below = Path(place)
    return ".." not in below.parts and (below == path or path in below.parents)


def _unsound(document: Document) -> str | None:
    about = (document.title, document.author, document.source, document.date, document.path)
    pages = document.pages
    try:
        "".join([document.text, *filter(None, about)]).encode()
    except UnicodeEncodeError as error:
        return f"can't be written as UTF-8: {error.reason}"
    if "\0" in document.text or "\r" in document.text:
        return "a NUL or a carriage return in the text"
    if any(_CONTROLS.search(each) for each in about if each):
        return "a control character in what it says of itself"
    if pages and (pages[0] != 0 or pages[-1] > len(document.text)):
        return "pages outside the text"
    return "pages not ascending" if any(a > b for a, b in pairwise(pages)) else None


def peak_memory() -> int | None:
    """The most memory that this process ever held, in bytes; None on Windows."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak << 10


def _table(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    counts = Counter((each.name, each.fate) for each in cases)
    return {name: {fate: counts[name, fate] for fate in FATES} for name in SAMPLES}


def main(arguments: Sequence[str]) -> int:
    """Makes, reads, prints and keeps. Returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-n", type=int, default=5000, help="how many files")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="write the case of this number here and read it")
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    if given.only is not None:
        return _only(given.only, seed=given.seed)
    with tempfile.TemporaryDirectory() as folder:
        cases = fuzz(range(given.n), seed=given.seed, folder=Path(folder))
    return _told(cases, seed=given.seed, seconds=time.perf_counter() - begun)


def _only(number: int, *, seed: int) -> int:
    name, data = case(number, seed=seed)
    path = Path(f"{seed}-{number}-{name}").absolute()
    path.write_bytes(data)
    with Readers(1, limits=LIMITS) as readers:
        found = _tried(readers, path, number, name)
    print(f"{path}: {found.fate}, {found.seconds:.1f} s. {found.fault or ''}".rstrip())
    return int(found.fault is not None)


def _told(cases: Sequence[Case], *, seed: int, seconds: float) -> int:
    table = _table(cases)
    print(f"{'':<12}" + "".join(f"{fate:>11}" for fate in FATES))
    for name, counts in table.items():
        print(f"{name:<12}" + "".join(f"{counts[fate]:>11}" for fate in FATES))
    slowest = sorted(cases, key=lambda each: -each.seconds)[:5]
    lost = [each for each in cases if each.fate in LOST]
    faults = [each for each in cases if each.fault]
    for title, some in (("slowest", slowest), ("lost", lost), ("FAULT", faults)):
        for each in some:
            said = f"{each.fate}, {each.seconds:.1f} s. {each.fault or ''}".rstrip()
            print(f"{title}: --only {each.number} ({each.name}) {said}")
    peak = peak_memory()
    print(f"{seconds:.0f} s, peak of this process {(peak or 0) >> 20} MB, {len(faults)} faults")
    figures = {
        "seed": seed,
        "files": len(cases),
        "formats": table,
        "slowest_seconds": round(slowest[0].seconds, 2) if slowest else 0,
        "peak_bytes": peak,
        "faults": len(faults),
        "seconds": round(seconds, 1),
    }
    keep("fuzz_readers", figures)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
