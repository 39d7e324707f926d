"""The nouns of looking after an index: what was done, what was found, what is wrong.

Every record is frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from ragtool.records import Answer


class Change(Enum):
    """What indexing did with one file."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REMOVED = "removed"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Failure:
    """A file, or a part of one, that could not be read, and why, in one line.

    skipped: it is of a kind that holds no text for ragtool, such as a film;
    otherwise something that should have been read was not.
    """

    path: str
    reason: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What an index run did: files counted by change, the chunks the index
    now holds, the failures, and the seconds it took."""

    counts: Mapping[Change, int]
    chunks: int
    failures: tuple[Failure, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a step has come. step: what is being done, in a word or two
    ("reading"). total is 0 where it isn't known. unit: what is counted
    ("files", "chunks", "bytes")."""

    step: str
    done: int
    total: int
    unit: str


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What an index holds.

    folder: absolute path of the index. fingerprint: hex digest over its whole
    content. failures: files that could not be read. bytes: what the folder
    takes on the disk. embedder: the model its vectors are of, generator: the
    one that would answer. updated: time of the last change, ISO 8601 with
    offset, None where nothing was ever indexed.
    """

    folder: str
    fingerprint: str
    documents: int
    chunks: int
    failures: int
    bytes: int
    embedder: str
    generator: str
    updated: str | None = None


@dataclass(frozen=True, slots=True)
class Checked:
    """A quote of a saved answer, held against its file.

    name: "[1]", or "[1] management" for a speaker. ok: the file's bytes and the
    words at the quote's place are as they were. found: what was found, in words.
    """

    name: str
    path: str
    quote: str
    ok: bool
    found: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What is no longer as it was when an answer was saved.

    what: "ragtool", "model", "index" or "source", which may be why an answer
    is another, or "answer". found: what was found, in words. path: the file,
    where it is one.
    """

    what: str
    found: str
    path: str | None = None


@dataclass(frozen=True, slots=True)
class Repetition:
    """A saved answer and the same question asked again.

    saved: the answer's text as it was saved, empty where none was found. again:
    None where the model is not here, so that nothing could be asked. assumed:
    the answer doesn't say how it was asked, and was asked with the defaults.
    changed: the fields of its JSON that are others now, `timings` and
    `settings` aside.
    """

    question: str
    id: str | None
    saved: str
    again: Answer | None
    assumed: bool
    differences: tuple[Difference, ...]
    changed: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """The answer is the same to the byte, and all that it rests on is as it was."""
        return not self.differences


@dataclass(frozen=True, slots=True)
class Repair:
    """One thing that was put right. part: of the index, in a word or two. message: what
    was wrong, what was done, and what is left to do."""

    part: str
    message: str


@dataclass(frozen=True, slots=True)
class Kernels:
    """How llama.cpp computes: it changes speed and rounding, nothing else.

    repacked: the weights are laid out anew for kernels of their own; None leaves
    it to the library. batch: how many tokens are read in one call.
    """

    repacked: bool | None = None
    batch: int = 512

    def described(self, threads: int) -> str:
        """All of it in words, with the number of threads."""
        ways = (
            f"{threads} thread{'s' if threads > 1 else ''}",
            {None: "", False: "weights as stored", True: "weights repacked"}[self.repacked],
            f"{self.batch} tokens a call",
        )
        return ", ".join(filter(None, ways))


@dataclass(frozen=True, slots=True)
class Tuned:
    """Settings of the language model that were found best. day: ISO 8601."""

    threads: int
    kernels: Kernels
    day: str


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting measured.

    reads, writes: tokens a second, higher is better.
    read, written: how many tokens this model reads and writes for an answer.
    """

    threads: int
    kernels: Kernels
    reads: float
    writes: float
    read: int
    written: int

    @property
    def seconds(self) -> float:
        """What an answer takes at this speed."""
        return self.read / self.reads + self.written / self.writes


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was measured with a model on a machine. best: one of the trials."""

    model: str
    machine: str
    trials: tuple[Trial, ...]
    best: Trial


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the installation. check: what was looked at, in a word or
    two. message: what was found. remedy: the command that mends it, empty
    when it is ok."""

    check: str
    ok: bool
    message: str
    remedy: str = ""
