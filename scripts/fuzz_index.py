"""A small index, damaged by chance, then asked, mended and asked again.

    python scripts/fuzz_index.py [-n 1000] [--seed 1] [--only NUMBER]

Each case damages one file of a copy: the database, its log, the vectors or their
stamp. A process of its own, with a time limit, lists, searches and shows what the
copy holds, mends it, and does it all again. Every text that comes out is held
against what went in; every document that doesn't come out must be one that the
next indexing reads again. The exit code is 1 where a text was wrong, a document
lost, or something else was raised than an error with a sentence. A case is made
from seed and number alone. Figures are kept in results/.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import numpy as np

from ragtool import chunking, retrieval, vectors
from ragtool.errors import RagtoolError
from ragtool.protocols import Vectors
from ragtool.records import Chunk, Document, Filters
from ragtool.reports import Failure
from ragtool.store import FileState, Store, mend
from results import keep

SECONDS = 60
_DIMENSIONS = 24
_FILES = 24
_LATER = "/articles/18"
_DATABASE = "ragtool.sqlite3"
_QUESTIONS = ("who denied the strike", "harbour bridge ferry", "the council by 12 June")
_NAMES = ("Ana Ruiz", "Jon Bell", "Mia Holm", "Ola Berg", "Inès Prat")
_VERBS = ("said", "told reporters", "denied", "claimed", "announced")
_NOUNS = ("harbour", "bridge", "ferry", "council", "strike", "budget", "inquiry", "hospital")

Damage = Callable[[Path, random.Random], None]


# The sound index


def _sentence(chance: random.Random) -> str:
    name, verb, noun = (chance.choice(each) for each in (_NAMES, _VERBS, _NOUNS))
    return f"{name} {verb} that the {noun} would close by {chance.randint(1, 28)} June."


def documents() -> list[Document]:
    """What the sound index holds: 24 files, every sixth of them with three parts."""
    chance = random.Random(0)
    made = []
    for number in range(_FILES):
        parts = ("",) if number % 6 else ("/a", "/b", "/c")
        for part in parts:
            body = " ".join(_sentence(chance) for _ in range(chance.randint(5, 60)))
            title = f"The {chance.choice(_NOUNS)} of {number}"
            digest = sha256(str(number).encode()).hexdigest()
            path = f"/articles/{number:02}.txt{part}"
            author, day = chance.choice(_NAMES), f"2024-06-{number + 1:02}"
            made.append(
                Document(path, digest, f"{title}\n\n{body}", title, author, day, "Verstka", (0,))
            )
    return made


def embedded(texts: Sequence[str]) -> Vectors:
    """A unit vector of each text, from its letters alone."""
    seeds = [int(sha256(text.encode()).hexdigest()[:8], 16) for text in texts]
    rows = np.array([np.random.default_rng(each).normal(size=_DIMENSIONS) for each in seeds])
    unit = rows.reshape(-1, _DIMENSIONS)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    return unit.astype(np.float32)


def _embed(store: Store) -> None:
    missing = store.unembedded("letters")
    if missing:
        keys, texts = zip(*missing, strict=True)
        store.embed("letters", keys, embedded(texts))


def make(folder: Path) -> None:
    """Two sound indexes: `closed`, and `open`, whose last changes are in the log."""
    first = [each for each in documents() if each.path < _LATER]
    last = [each for each in documents() if each.path >= _LATER]
    closed = folder / "closed"
    with Store.open(closed, create=True) as store:
        _fill(store, first)
    live = folder / "live"
    shutil.copytree(closed, live)
    with Store.open(live) as store:
        _fill(store, last)
        _build(store, live)
        shutil.copytree(live, folder / "open")
    with Store.open(closed) as store:
        _fill(store, last)
        _build(store, closed)


def _fill(store: Store, held: Sequence[Document]) -> None:
    files: dict[str, list[Document]] = defaultdict(list)
    for document in held:
        files[document.path[: len("/articles/00.txt")]].append(document)
    for path, parts in files.items():
        contents = [(each, chunking.chunks(each)) for each in parts]
        failures = [Failure(f"{path}/d", "damaged.")] if len(parts) > 1 else []
        state = FileState(100, 200, parts[0].sha256)
        store.put(path, contents, state=state, failures=failures)
    _embed(store)


def _build(store: Store, folder: Path) -> vectors.Neighbours:
    rows, matrix = next(store.vectors())
    return vectors.build(rows, matrix, folder=folder, generation=store.generation)


# Damages


def _changed(
    change: Callable[[bytearray, random.Random], bytearray | None], name: str = _DATABASE
) -> Damage:
    """A damage to the bytes of the file of that name."""

    def damage(folder: Path, chance: random.Random) -> None:
        file = folder / name
        content = bytearray(file.read_bytes() if file.exists() else b"")
        changed = change(content, chance)
        file.write_bytes(content if changed is None else changed)

    return damage


def _flip(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _flip_header(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8))):
        content[chance.randrange(100)] = chance.randrange(256)


def _flip_schema(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 2, 8))):
        content[chance.randrange(100, 4096)] ^= 1 << chance.randrange(8)


def _flip_text(content: bytearray, chance: random.Random) -> None:
    """A letter of a text, which SQLite itself can't notice."""
    places = [at for at in range(len(content) - 5) if content[at : at + 5] == b" that"]
    if places:
        content[chance.choice(places) + chance.randint(1, 4)] ^= chance.randint(1, 7)


def _cut(content: bytearray, chance: random.Random) -> bytearray:
    return content[: chance.randrange(len(content) + 1)]


def _zero_page(content: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 4))):
        at = _page(content, chance)
        content[at : at + 4096] = bytes(len(content[at : at + 4096]))


def _swap_pages(content: bytearray, chance: random.Random) -> None:
    one, other = _page(content, chance), _page(content, chance)
    first, second = content[one : one + 4096], content[other : other + 4096]
    if len(first) == len(second):
        content[one : one + 4096], content[other : other + 4096] = second, first


def _copy_page(content: bytearray, chance: random.Random) -> None:
    one, other = _page(content, chance), _page(content, chance)
    if len(content[one : one + 4096]) == len(content[other : other + 4096]):
        content[one : one + 4096] = content[other : other + 4096]


def _noise(content: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(content) or 1)
    length = chance.choice((16, 512, 8192))
    content[at : at + length] = chance.randbytes(len(content[at : at + length]))


def _random_file(content: bytearray, chance: random.Random) -> bytearray:
    return bytearray(chance.randbytes(chance.choice((0, 1, 100, 5000, 100_000))))


def _page(content: bytearray, chance: random.Random) -> int:
    return 4096 * chance.randrange(max(1, len(content) // 4096))


def _row(folder: Path, chance: random.Random) -> None:
    """A value that is well stored and wrong."""
    statement = chance.choice(
        (
            "UPDATE documents SET author = 'Nobody' WHERE id % 3 = 0",
            "UPDATE documents SET file = 1 + id % 5",
            "UPDATE documents SET pages = '[[[]]]'",
            "UPDATE documents SET text = replace(text, 'denied', 'told')",
            "UPDATE chunks SET stop = stop - 20 WHERE id % 4 = 0",
            "UPDATE chunks SET document = 1 + document % 7",
            "UPDATE chunks SET key = 'x' WHERE id = 3",
            "UPDATE sentences SET start = start + 1 WHERE position = 2",
            "UPDATE embeddings SET vector = substr(vector, 5) WHERE id % 2",
            "UPDATE embeddings SET vector = NULL",
            "UPDATE embeddings SET vector = zeroblob(96) WHERE id % 2",
            "UPDATE meta SET dimensions = -1",
            "UPDATE meta SET generation = 'x'",
            "UPDATE meta SET embedder = 7",
            "UPDATE files SET path = 'x' || id WHERE id % 3 = 0",
            "UPDATE files SET size = 'big', mtime_ns = NULL",
            "DELETE FROM chunks WHERE id % 5 = 0",
            "DELETE FROM documents WHERE id = 4",
            "DELETE FROM files WHERE id = 2",
            "DELETE FROM meta",
            "DELETE FROM sentences",
            "DELETE FROM fulltext_data WHERE id > 10",
            "DELETE FROM fulltext_docsize WHERE id % 2",
            "DROP TABLE fulltext",
            "DROP TABLE embeddings",
            "DROP INDEX chunks_by_document",
            "PRAGMA user_version = 4711",
            "PRAGMA application_id = 4711",
        )
    )
    with closing(sqlite3.connect(folder / _DATABASE, isolation_level=None)) as db:
        try:
            db.execute(statement)
        except sqlite3.IntegrityError:
            db.execute("DELETE FROM chunks WHERE id = 1")


def _other_database(folder: Path, _: random.Random) -> None:
    (folder / _DATABASE).unlink()
    with closing(sqlite3.connect(folder / _DATABASE)) as db:
        db.execute("CREATE TABLE photos (id)")


def _gone(name: str) -> Damage:
    return lambda folder, _: (folder / name).unlink(missing_ok=True)


def _folder_in_place(name: str) -> Damage:
    def damage(folder: Path, _: random.Random) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).mkdir()

    return damage


DAMAGES: dict[str, Damage] = {
    "database: bits flipped": _changed(_flip),
    "database: header overwritten": _changed(_flip_header),
    "database: first page changed": _changed(_flip_schema),
    "database: letter of a text changed": _changed(_flip_text),
    "database: truncated": _changed(_cut),
    "database: pages zeroed": _changed(_zero_page),
    "database: pages swapped": _changed(_swap_pages),
    "database: page stands twice": _changed(_copy_page),
    "database: noise": _changed(_noise),
    "database: rows wrong or gone": _row,
    "database: another file": _changed(_random_file),
    "database: another program's": _other_database,
    "database: a folder": _folder_in_place(_DATABASE),
    "log: bits flipped": _changed(_flip, f"{_DATABASE}-wal"),
    "log: truncated": _changed(_cut, f"{_DATABASE}-wal"),
    "log: noise": _changed(_noise, f"{_DATABASE}-wal"),
    "log: another file": _changed(_random_file, f"{_DATABASE}-wal"),
    "log: its index another file": _changed(_random_file, f"{_DATABASE}-shm"),
    "vectors: bits flipped": _changed(_flip, vectors.NAME),
    "vectors: truncated": _changed(_cut, vectors.NAME),
    "vectors: noise": _changed(_noise, vectors.NAME),
    "vectors: another file": _changed(_random_file, vectors.NAME),
    "vectors: gone": _gone(vectors.NAME),
    "vectors: a folder": _folder_in_place(vectors.NAME),
    "stamp: bits flipped": _changed(_flip, vectors.STAMP),
    "stamp: truncated": _changed(_cut, vectors.STAMP),
    "stamp: another file": _changed(_random_file, vectors.STAMP),
}
# What happens to one file happens to the others as well, but the database has the most to lose.
_OFTEN = 4


def _damaged(base: Path, folder: Path, *, seed: int, number: int) -> str:
    """Puts a damaged index into `folder`, and says what was done to it."""
    chance = random.Random(f"{seed} {number}")
    names = [name for name in DAMAGES for _ in range(_OFTEN if "database:" in name else 1)]
    name = chance.choice(names)
    shutil.copytree(base / ("open" if "log:" in name else "closed"), folder)
    DAMAGES[name](folder, chance)
    return name


# What comes out of it


class Wrong(Exception):
    """Something came out that never went in, or something is lost."""


class Truth:
    """What went in."""

    def __init__(self) -> None:
        self.documents = {each.path: each for each in documents()}
        self.chunks = {
            chunk.chunk_id: chunk
            for document in self.documents.values()
            for chunk in chunking.chunks(document)
        }

    def check(self, chunk: Chunk) -> None:
        """Raises Wrong unless the chunk is one that went in, to the letter."""
        if self.chunks.get(chunk.chunk_id) != chunk:
            raise Wrong(f"chunk {chunk.chunk_id} of {chunk.document.path}")

    def use(self, folder: Path) -> frozenset[str]:
        """Lists, searches and shows all; the paths that are held. Raises Wrong, RagtoolError."""
        with Store.open(folder, wait=0.5) as store, store.reading():
            held = store.documents()
            for document in held:
                if self.documents.get(document.path) != document:
                    raise Wrong(f"document {document.path}")
            neighbours = self._neighbours(store, folder)
            for question in _QUESTIONS:
                for hit in self._hits(question, store, neighbours):
                    self.check(hit)
                    self.check(store.chunk(hit.chunk_id))
            return frozenset(document.path for document in held)

    def _neighbours(self, store: Store, folder: Path) -> vectors.Neighbours:
        found = vectors.open(folder, generation=store.generation)
        return vectors.in_memory(*next(store.vectors())) if found is None else found

    def _hits(self, question: str, store: Store, neighbours: vectors.Neighbours) -> Iterator[Chunk]:
        vector = embedded([question])[0]
        found = retrieval.retrieve(
            question,
            question_vector=vector,
            store=store,
            neighbours=neighbours,
            k=8,
            filters=Filters(),
        )
        for hit in found:
            if not 0 <= hit.score <= 1:
                raise Wrong(f"a score of {hit.score}")
            yield hit.chunk

    def nothing_lost(self, folder: Path, held: frozenset[str]) -> None:
        """Raises Wrong where a document is gone that the next indexing would not read again."""
        with Store.open(folder) as store:
            states = store.states()
        for path in self.documents.keys() - held:
            state = states.get(path[: len("/articles/00.txt")])
            if state is not None and (state.size, state.sha256) != (0, ""):
                raise Wrong(f"{path} is gone and would not be read again")


def _case(base: Path, truth: Truth, *, seed: int, number: int) -> dict[str, str]:
    """One case: what was damaged, and what came of it before and after mending."""
    folder = base / f"case-{number}"
    name = ""
    try:
        name = _damaged(base, folder, seed=seed, number=number)
        before = _attempt(lambda: str(len(truth.use(folder))))
        after = _attempt(lambda: _mended(folder, truth))
        return {"damage": name, "before": before, "after": after}
    except Wrong as error:
        return {"damage": name, "fault": f"wrong: {error}"}
    except Exception as error:
        # Not one of ours, which is what is looked for.
        return {"damage": name, "fault": f"{type(error).__name__}: {error}"}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _attempt(step: Callable[[], str]) -> str:
    try:
        return step()
    except RagtoolError as error:
        if not str(error).strip() or "\n" in str(error):
            raise Wrong(f"no sentence: {error}") from error
        return "refused"
    except OSError:  # which the command line says in a sentence too
        return "refused"


def _mended(folder: Path, truth: Truth) -> str:
    """ "mended" where something was damaged, else "sound"."""
    found = mend(folder, wait=0.5).complaints
    with Store.open(folder) as store:
        _embed(store)
        _build(store, folder)
    truth.nothing_lost(folder, truth.use(folder))
    if mend(folder, wait=0.5).complaints:
        raise Wrong("mended, and still damaged")
    return "mended" if found else "sound"


def _work(base: Path, seed: int) -> None:
    """The other process: numbers of cases in, a line for each out."""
    truth = Truth()
    for line in sys.stdin:
        outcome = _case(base, truth, seed=seed, number=int(line))
        print(json.dumps(outcome), flush=True)


class Worker:
    """The process that the cases run in; it is started anew when it dies or hangs."""

    def __init__(self, base: Path, *, seed: int) -> None:
        self._command = [sys.executable, __file__, "--work", str(base), "--seed", str(seed)]
        self._process: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def run(self, number: int) -> dict[str, str]:
        """What came of a case."""
        if self._process is None:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{number}\n")
        self._process.stdin.flush()
        try:
            line = self._lines.get(timeout=SECONDS)
        except queue.Empty:
            self.stop()
            return {"damage": "?", "fault": f"hung for {SECONDS} s"}
        if not line:
            code = self._process.wait()
            self.stop()
            return {"damage": "?", "fault": f"the process died with {code}"}
        outcome: dict[str, str] = json.loads(line)
        return outcome

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _start(self) -> None:
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=environ,
        )
        self._lines = queue.Queue()
        reader = threading.Thread(target=_pumped, args=(self._process, self._lines), daemon=True)
        reader.start()


def _pumped(process: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)
    lines.put("")


def run(numbers: Sequence[int], *, seed: int) -> list[dict[str, str]]:
    """The outcome of each case."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        base = Path(scratch)
        make(base)
        worker = Worker(base, seed=seed)
        outcomes = []
        try:
            for number in numbers:
                outcomes.append({"number": str(number), **worker.run(number)})
                if len(outcomes) % 50 == 0:
                    print(f"{len(outcomes)} of {len(numbers)}", file=sys.stderr, flush=True)
        finally:
            worker.stop()
        return outcomes


def table(outcomes: Sequence[dict[str, str]]) -> list[str]:
    """A Markdown table: for each damage what came of it."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in outcomes:
        counts[outcome["damage"]][_verdict(outcome)] += 1
        counts["all"][_verdict(outcome)] += 1
    columns = ("right", "right, mended", "refused, mended", "refused", "wrong")
    lines = [
        f"| damage | cases | {' | '.join(columns)} |",
        f"| --- | {' | '.join('---:' for _ in range(len(columns) + 1))} |",
    ]
    for name in (*(each for each in DAMAGES if each in counts), *({"?", "all"} & counts.keys())):
        found = counts[name]
        cells = (str(found[column]) for column in columns)
        lines.append(f"| {name} | {sum(found.values())} | {' | '.join(cells)} |")
    return lines


def _verdict(outcome: dict[str, str]) -> str:
    if "fault" in outcome:
        return "wrong"
    before = "refused" if outcome["before"] == "refused" else "right"
    return before if outcome["after"] in ("sound", "refused") else f"{before}, mended"


def main(arguments: Sequence[str]) -> int:
    """Run the cases, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description="Damaged indexes, asked and mended.")
    parser.add_argument("-n", type=int, default=1000, help="how many cases")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one case")
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.work is not None:
        _work(chosen.work, chosen.seed)
        return 0
    started = time.monotonic()
    numbers = range(chosen.n) if chosen.only is None else [chosen.only]
    outcomes = run(numbers, seed=chosen.seed)
    faults = [outcome for outcome in outcomes if "fault" in outcome]
    print("\n".join(table(outcomes)))
    for outcome in faults:
        print(f"case {outcome['number']}, {outcome['damage']}: {outcome['fault']}")
    if chosen.only is None:
        seconds = round(time.monotonic() - started)
        keep("fuzz_index", {"table": table(outcomes), "faults": faults, "seconds": seconds})
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
