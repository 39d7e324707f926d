"""Files read in processes of their own: what comes back, and what a bad file may cost."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

from ragtool import readers
from ragtool.errors import ReadError, SkipError
from ragtool.readers import Limits, Reading, ocr, wire
from ragtool.readers.reading import read
from ragtool.records import Document
from ragtool.reports import Failure

TEXT = "The mayor said on Monday that the bridge would open again in spring."


@pytest.fixture
def processes() -> Iterator[readers.Readers]:
    with readers.Readers(2) as reading:
        yield reading


def files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"{number:02}.txt" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(f"{TEXT} {number}", encoding="utf-8")
    return paths


def test_they_come_in_order_as_read_here(processes: readers.Readers, tmp_path: Path) -> None:
    paths = files(tmp_path, 30)
    outcomes = list(processes.read((path, None) for path in paths))
    assert outcomes == [(path, read(path)) for path in paths]


def test_a_known_digest_is_not_read_again(processes: readers.Readers, tmp_path: Path) -> None:
    (path,) = files(tmp_path, 1)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert list(processes.read([(path, digest)])) == [(path, None)]
    assert isinstance(next(processes.read([(path, "0" * 64)]))[1], Reading)


def test_what_is_wrong_comes_back(processes: readers.Readers, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("absent.txt", "film.mp4", "blank.txt", "good.txt")]
    for path, data in zip(paths[1:], (b"\0\0ftyp", b" ", TEXT.encode()), strict=True):
        path.write_bytes(data)
    outcomes = [outcome for _, outcome in processes.read((path, None) for path in paths)]
    assert [type(outcome) for outcome in outcomes] == [ReadError, SkipError, ReadError, Reading]
    assert str(outcomes[0]).startswith(str(paths[0]))
    assert "no text" in str(outcomes[2])


def test_a_file_that_takes_too_long_costs_itself_only(tmp_path: Path) -> None:
    paths = files(tmp_path, 2)
    with readers.Readers(1, limits=Limits(seconds=0.001)) as reading:
        outcomes = [outcome for _, outcome in reading.read((path, None) for path in paths)]
    assert all("took longer than 0.001 s" in str(outcome) for outcome in outcomes)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux keeps a process to its memory")
def test_a_file_that_needs_too_much_memory_costs_itself_only(tmp_path: Path) -> None:
    large, small = tmp_path / "large.txt.gz", tmp_path / "small.txt"
    large.write_bytes(gzip.compress((TEXT.encode() + b"\n") * 4_000_000))
    small.write_text(TEXT, encoding="utf-8")
    with readers.Readers(1, limits=Limits(memory=700 << 20)) as reading:
        outcomes = [outcome for _, outcome in reading.read([(large, None), (small, None)])]
    assert isinstance(outcomes[0], ReadError)
    assert isinstance(outcomes[1], Reading)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_process_that_dies_is_replaced(processes: readers.Readers, tmp_path: Path) -> None:
    paths = files(tmp_path, 60)
    outcomes = []
    for path, outcome in processes.read((path, None) for path in paths):
        outcomes.append((path, outcome))
        if len(outcomes) == 1:
            for each in processes._workers:
                assert each._process is not None
                each._process.send_signal(signal.SIGKILL)
    lost = [path for path, outcome in outcomes if isinstance(outcome, ReadError)]
    assert [path for path, _ in outcomes] == paths
    assert len(lost) <= 2
    assert len(outcomes) - len(lost) >= 58


def test_closing_does_not_wait_for_a_file(tmp_path: Path) -> None:
    (path,) = files(tmp_path, 1)
    with readers.Readers(1) as reading:
        next(reading.read([(path, None)]))
        started = time.monotonic()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "action",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9))",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9/')",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "open('written', 'w')",
        "import os; os.open('written', os.O_WRONLY | os.O_CREAT)",
        "import os; os.remove('kept')",
        "import os; os.rename('kept', 'gone')",
    ],
)
def test_a_reader_may_not(action: str, tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    shut = "sys.addaudithook(partial(worker._deny, None))"
    code = f"import sys; from functools import partial; from ragtool.readers import worker; {shut}"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {action}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "a reader may not" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_a_library_prints_is_no_answer(tmp_path: Path) -> None:
    (path,) = files(tmp_path, 1)
    code = (
        "import sys; from ragtool.readers import worker; read = worker._read\n"
        "def loud(*given):\n    print('{\"same\": true}', flush=True); return read(*given)\n"
        "worker._read = loud; sys.argv[1:] = [str(1 << 31), '']; worker.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps({"path": str(path), "known": None}) + "\n",
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["documents"][0]["text"].startswith(TEXT)


def test_a_reading_crosses_the_wire() -> None:
    reading = Reading(
        "0" * 64,
        (Document("/a\udc80", "0" * 64, "Text ü\u2028.", "T", None, "2024", None, (0, 3)),),
        (Failure("/a/b", "broken", skipped=True),),
    )
    assert wire.unpacked(json.loads(json.dumps(wire.packed(reading)))) == reading


@pytest.mark.parametrize("answer", [{}, {"sha256": 1}, {"sha256": "0", "documents": [{}]}])
def test_an_answer_that_is_none_is_refused(answer: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        wire.unpacked(answer)


# Pictures of text

PAGE = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 400 100]/Contents 4 0 R
/Resources<</Font<</F<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj
4 0 obj<</Length 58>>stream
BT /F 24 Tf 20 40 Td (The bridge opens in spring) Tj ET
endstream endobj
trailer<</Root 1 0 R>>
%%EOF
"""


def scanned() -> bytes:
    """The page as a grey PNG: the only text in it is a picture of letters."""
    from pypdfium2 import PdfDocument

    with PdfDocument(PAGE) as document:
        bitmap = document[0].render(scale=4, grayscale=True)
        rows, width, height = bytes(bitmap.buffer), bitmap.width, bitmap.height
        lines = (rows[at * bitmap.stride :][:width] for at in range(height))
        body = zlib.compress(b"".join(b"\0" + line for line in lines))

    def block(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + block(b"IHDR", head) + block(b"IDAT", body) + block(b"IEND", b"")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_pictures_are_read_when_asked(tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    picture.write_bytes(scanned())
    with readers.Readers(1) as reading:
        (outcome,) = (outcome for _, outcome in reading.read([(picture, None)]))
        assert isinstance(outcome, SkipError)
    with readers.Readers(1, ocr=shutil.which("tesseract")) as reading:
        (outcome,) = (outcome for _, outcome in reading.read([(picture, None)]))
    assert isinstance(outcome, Reading)
    assert outcome.documents[0].text == "The bridge opens in spring"


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_a_pdf_of_pictures_is_read_when_asked() -> None:
    program = shutil.which("tesseract")
    assert program is not None
    content = ocr.pages(PAGE, program)
    assert (content.text, content.pages) == ("The bridge opens in spring", (0,))
