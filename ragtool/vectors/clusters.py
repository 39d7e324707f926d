"""Vectors in clusters, a byte a component, in a file that is mapped, not read: for millions.

An inverted file (Sivic and Zisserman 2003; FAISS's IndexIVF): a search looks
into the clusters whose centres are nearest until it has seen `SEEN` of the
vectors that it may choose from, and all of them where they are few. It finds
candidates; to score them by their whole vectors is left to `layered`.

The file is a head and the codes. The head says where everything lies and is
hashed at each opening; a code only says how near a vector is thought to be,
so a damaged one can cost a candidate and nothing else. FAISS reads codes from
memory that we hand it and never the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ragtool.vectors import files
from ragtool.vectors.library import faiss, translated

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# How many of the vectors that it may choose from a search looks at, as a share and at least.
SEEN = 0.04
LEAST = 20_000
# So many times as many through a filter: it may keep out all that is near the question, and
# among what is far the centres tell less.
FILTERED = 5
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is known of the file that `Clusters` reads.

    generation: of the store that its vectors are from. complete: every chunk
    had one then. head, whole: SHA-256 of the head and of the file. mtime_ns:
    the file's time of change when the whole was last hashed.
    """

    generation: int
    embedder: str
    complete: bool
    count: int
    dimensions: int
    clusters: int
    mtime_ns: int
    head: str
    whole: str

    @property
    def head_bytes(self) -> int:
        """Centres, ranges, sizes and rows."""
        floats = (self.clusters + 2) * self.dimensions
        return 4 * floats + 8 * (self.clusters + self.count)

    @property
    def file_bytes(self) -> int:
        """The head and a byte a component."""
        return self.head_bytes + self.count * self.dimensions

    @property
    def name(self) -> str:
        """The file's: of its own for each generation, so that none open elsewhere is replaced."""
        return files.CLUSTERS.replace("*", str(self.generation))


class Clusters:
    """An opened file. Made by `open`."""

    def __init__(
        self, stamp: Stamp, head: bytes, codes: NDArray[np.uint8], *, least: int, threads: int
    ) -> None:
        import numpy as np

        self.stamp = stamp
        self._least = least
        lists, dimensions = stamp.clusters, stamp.dimensions
        floats = np.frombuffer(head, "<f4", (lists + 2) * dimensions)
        numbers = np.frombuffer(head, "<i8", lists + stamp.count, offset=4 * len(floats))
        self._centres = floats[: lists * dimensions].reshape(lists, dimensions)
        self._ends = np.cumsum(numbers[:lists])
        self._rows = numbers[lists:]
        self._codes = codes
        self._codec = codec(dimensions, ranges=floats[lists * dimensions :], threads=threads)

    def __len__(self) -> int:
        return self.stamp.count

    def candidates(
        self, query: NDArray[np.float32], *, wanted: int, allowed: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """Rows, at most `wanted`, that are likely the nearest, likeliest first.

        query: a unit vector, shape (dimensions,). allowed: the rows to choose
        from, None for all.
        """
        import numpy as np

        mask = None if allowed is None else self._passing(allowed)
        seen = self._gather(query, mask, least=max(wanted, self._least))
        if not len(seen):
            return seen
        with translated("search"):
            _, found = self._codec.search(query[np.newaxis], min(wanted, len(seen)))
            self._codec.reset()
        rows: NDArray[np.int64] = seen[found[0]]
        return rows

    def _passing(self, allowed: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of the file's rows are allowed, in the file's order."""
        import numpy as np

        # By a table of all rows: a tenth of the time of np.isin.
        table = np.zeros(int(self._rows.max()) + 1, np.bool_)
        table[allowed[allowed < len(table)]] = True
        passing: NDArray[np.bool_] = table[self._rows]
        return passing

    def _gather(
        self, query: NDArray[np.float32], mask: NDArray[np.bool_] | None, *, least: int
    ) -> NDArray[np.int64]:
        """Gives the codec what is to be looked at, nearest clusters first; its rows in order."""
        import numpy as np

        open_to = len(self) if mask is None else int(np.count_nonzero(mask))
        enough = max(least, int(SEEN * open_to)) * (1 if mask is None else FILTERED)
        rows: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        count = 0
        for cluster in np.argsort(-(self._centres @ query), kind="stable").tolist():
            if count >= min(enough, open_to):
                break
            end = int(self._ends[cluster])
            start = int(self._ends[cluster - 1]) if cluster else 0
            kept = slice(None) if mask is None else mask[start:end]
            part = self._codes[start:end][kept]
            if len(part):
                with translated("search"):
                    self._codec.add_sa_codes(part)
                rows.append(self._rows[start:end][kept])
                count += len(part)
        return np.concatenate(rows)


def open(folder: Path, *, embedder: str, least: int = LEAST, threads: int = 1) -> Clusters | None:
    """What `building` kept of this embedder's vectors; None if missing or damaged.

    least: how many vectors a search looks at where there are as many.
    Whether its generation is one of the store's is left to the caller.
    """
    import numpy as np

    try:
        stamp = _unsealed(files.stamp(folder))
        path = folder / stamp.name
        status = path.stat()
        if stamp.embedder != embedder or status.st_size != stamp.file_bytes:
            return None
        with path.open("rb") as file:
            head = file.read(stamp.head_bytes)
            if sha256(head).hexdigest() != stamp.head:
                return None
            if status.st_mtime_ns != stamp.mtime_ns and not _is_whole(file, head, stamp):
                return None
        codes = np.memmap(
            path, np.uint8, "r", stamp.head_bytes, shape=(stamp.count, stamp.dimensions)
        )
    except (OSError, ValueError):
        return None
    if status.st_mtime_ns != stamp.mtime_ns:
        _note(folder, replace(stamp, mtime_ns=status.st_mtime_ns))
    return Clusters(stamp, head, codes, least=least, threads=threads)


def _is_whole(file: IO[bytes], head: bytes, stamp: Stamp) -> bool:
    digest = sha256(head)
    while block := file.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest() == stamp.whole


def _note(folder: Path, stamp: Stamp) -> None:
    """Remembers the time of change, where the folder can be written to."""
    try:
        files.stamped(folder, sealed(stamp))
    except OSError:
        return


def sealed(stamp: Stamp) -> dict[str, object]:
    """The stamp as it is kept, with a hash of its own."""
    content = asdict(stamp)
    return {**content, "seal": _seal(content)}


def _unsealed(content: Mapping[str, object]) -> Stamp:
    """Raises ValueError when it is not what `sealed` gave."""
    facts = {name: fact for name, fact in content.items() if name != "seal"}
    if set(facts) != {field.name for field in fields(Stamp)} or content["seal"] != _seal(facts):
        raise ValueError("not a stamp of clusters")
    make: Callable[..., Stamp] = Stamp
    return make(**facts)


def _seal(content: Mapping[str, object]) -> str:
    return sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def codec(dimensions: int, *, ranges: NDArray[np.float32] | None = None, threads: int) -> Any:  # noqa: ANN401 - FAISS is untyped
    """FAISS's scalar quantizer, 8 bits a component; ranges: what it learnt before."""
    library = faiss(threads)
    with translated("open"):
        found = library.IndexScalarQuantizer(
            dimensions, library.ScalarQuantizer.QT_8bit, library.METRIC_INNER_PRODUCT
        )
        if ranges is not None:
            library.copy_array_to_vector(ranges, found.sq.trained)
            found.is_trained = True
    return found
