"""Processes that read files for us, a file at a time each, with limits.

A process that takes too long is ended, one that died is replaced, and only the
file that it was reading is lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from ragtool.errors import ReadError, SkipError
from ragtool.readers.content import Reading
from ragtool.readers.wire import NO_MEMORY, unpacked

# Files that wait for the one that writes, for each process that reads.
_AHEAD = 4
# What a file of many scanned pages may take.
OCR_SECONDS = 1800.0
# Characters that a line of an answer may have.
_LONGEST_ANSWER = 1 << 30
# A process is replaced after so many files, or an answer of so many bytes: what
# libraries don't give back is given back then.
_FILES, _LARGE = 500, 10_000_000

Outcome = Reading | ReadError | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a file may cost: seconds, and bytes of memory of the process that reads it."""

    seconds: float = 60.0
    memory: int = 3 << 30


class Readers:
    """Up to `count` processes, started when there is something to read.

    ocr: the program Tesseract, if pictures are to be read too.
    Use it as a context manager.
    """

    def __init__(self, count: int, *, limits: Limits | None = None, ocr: str | None = None) -> None:
        self._limits = limits or (Limits() if ocr is None else Limits(seconds=OCR_SECONDS))
        self._ocr = ocr
        self._count = count
        self._threads = ThreadPoolExecutor(max_workers=count, thread_name_prefix="reading")
        self._mine = threading.local()
        self._workers: list[_Worker] = []

    def read(self, files: Iterable[tuple[Path, str | None]]) -> Iterator[tuple[Path, Outcome]]:
        """Each file with its reading, what is wrong with it, or None where it is as known.

        files: a path with the digest that is known of it. In the order given,
        some files ahead of the one that is handed out.
        """
        waiting: deque[tuple[Path, Future[Outcome]]] = deque()
        for path, known in files:
            waiting.append((path, self._threads.submit(self._outcome, path, known)))
            if len(waiting) >= self._count * _AHEAD:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)

    def _outcome(self, path: Path, known: str | None) -> Outcome:
        worker = getattr(self._mine, "worker", None)
        if worker is None:
            worker = self._mine.worker = _Worker(self._limits, self._ocr or "")
            self._workers.append(worker)
        try:
            reading: Reading | None = worker.read(path, known)
        except ReadError as error:
            return error
        return reading

    def close(self) -> None:
        """Ends the processes; what is still being read is given up."""
        for worker in self._workers:
            worker.close()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Readers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _next(waiting: deque[tuple[Path, Future[Outcome]]]) -> tuple[Path, Outcome]:
    path, future = waiting.popleft()
    return path, future.result()


class _Worker:
    """One process, for one thread; started anew after it died."""

    def __init__(self, limits: Limits, ocr: str) -> None:
        self._limits = limits
        self._ocr = ocr
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._read = 0

    def read(self, path: Path, known: str | None) -> Reading | None:
        """See `reading.read`. Raises ReadError too when the process dies or takes too long."""
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        over = threading.Event()
        timer = threading.Timer(self._limits.seconds, _end, (process, over))
        timer.start()
        try:
            # Escaped to ASCII, so that a name that isn't Unicode comes through.
            request = json.dumps({"path": os.fspath(path), "known": known})
            process.stdin.write(request.encode("ascii") + b"\n")
            process.stdin.flush()
            line = process.stdout.readline(_LONGEST_ANSWER)
        except (OSError, ValueError):
            line = b""
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            raise self._lost(path, process, late=over.is_set())
        try:
            reading = _reading(path, line)
        except SkipError:
            raise
        except ReadError:  # a bad file may leave the process in a bad state
            self.retire()
            raise
        self._read += 1
        if self._read >= _FILES or len(line) > _LARGE:
            self.retire()
        return reading

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            if self._closed:
                raise ReadError("given up.")
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ragtool.readers.worker"),
                    *(str(self._limits.memory), self._ocr),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
            )
        return self._process

    def retire(self) -> None:
        """Ends the process; the next file gets a new one, with its memory to itself."""
        self._read = 0
        if (process := self._process) is not None:
            _end(process)
            process.wait()
            self._release()

    def _lost(self, path: Path, process: subprocess.Popen[bytes], *, late: bool) -> ReadError:
        """What became of a process that gave no answer; the next file gets a new one."""
        if not late:
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=2)
        self.retire()
        if late:
            return ReadError(f"{path}: took longer than {self._limits.seconds:g} s.")
        if process.returncode == NO_MEMORY:
            return ReadError(f"{path}: needs more memory than a file may take.")
        return ReadError(f"{path}: the reader crashed (exit code {process.returncode}).")

    def _release(self) -> None:
        process, self._process = self._process, None
        with ExitStack() as streams:
            for stream in (process.stdin, process.stdout) if process else ():
                if stream is not None:
                    streams.enter_context(suppress(OSError))
                    stream.close()

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._closed = True
        if (process := self._process) is not None:
            _end(process)
            process.wait()


def _end(process: subprocess.Popen[bytes], over: threading.Event | None = None) -> None:
    if over is not None:
        over.set()
    with suppress(OSError):
        process.kill()


def _environment() -> dict[str, str]:
    """Ours, with the folders that this process imports from."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",
    }


def _reading(path: Path, line: bytes) -> Reading | None:
    try:
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            kind = SkipError if answer["skipped"] else ReadError
            raise kind(f"{path}: {answer['error']}")
        return None if answer.get("same") else _of_file(path, unpacked(answer))
    except (ValueError, KeyError, TypeError) as error:
        raise ReadError(f"{path}: the reader's answer can't be understood.") from error


def _of_file(path: Path, reading: Reading) -> Reading:
    """The reading, if it speaks of this file alone. Raises ValueError."""
    file = os.path.abspath(path)  # noqa: PTH100 - as `reading.read` names it
    for each in (*(one.path for one in reading.documents), *(one.path for one in reading.failures)):
        if each != file and (not each.startswith(file + os.sep) or ".." in Path(each).parts):
            raise ValueError("a path that is not of the file")
    return reading
