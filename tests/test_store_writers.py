"""More than one at a time: readers, writers, and a change that is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from storing import dump, embed_all, put

from ragtool.errors import StoreError
from ragtool.store import Counts, Store


def test_a_reader_sees_one_state_while_another_writes(store: Store, tmp_path: Path) -> None:
    put(store, "/a.txt", "Old.")
    with Store.open(tmp_path / "index") as reader:
        with reader.reading():
            before = reader.generation, reader.fingerprint()
            put(store, "/a.txt", "New.")
            put(store, "/b.txt", "More.")
            assert (reader.generation, reader.fingerprint()) == before
            assert [document.text for document in reader.documents()] == ["Old."]
        assert [document.text for document in reader.documents()] == ["New.", "More."]


def test_a_second_writer_waits_and_then_says_who_writes(store: Store, tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "index", wait=0.1) as second,
        store._db.writing(),
        pytest.raises(StoreError, match="Another ragtool is writing"),
    ):
        put(second, "/a.txt", "Text.")
    put(store, "/b.txt", "Text.")
    assert list(store.states()) == ["/b.txt"]


def test_writing_while_reading_is_our_own_mistake(store: Store) -> None:
    with store.reading(), pytest.raises(RuntimeError):
        put(store, "/a.txt", "Text.")


def test_an_interrupted_change_leaves_nothing(store: Store, tmp_path: Path) -> None:
    put(store, "/a.txt", "Old.")
    before = store.fingerprint(), store.generation

    def interrupted() -> Iterator[str]:
        yield "/a.txt"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.remove(interrupted())
    assert (store.fingerprint(), store.generation) == before
    put(store, "/b.txt", "The next change goes through.")


SCRIPT = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from storing import put, embed_all
from ragtool.store import Store

with Store.open(Path(sys.argv[1]), create=True) as store:
"""


def run(folder: Path, body: str) -> subprocess.Popen[bytes]:
    """A process of its own in which `store` is open."""
    script = SCRIPT + "".join(f"    {line}\n" for line in body.splitlines())
    return subprocess.Popen(
        [sys.executable, "-c", script, str(folder), str(Path(__file__).parent)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_two_processes_make_one_index(tmp_path: Path) -> None:
    body = "for n in range(30): put(store, f'/{os.getpid()}/{n}', f'Text {n}.')"
    processes = [run(tmp_path / "index", body) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    with Store.open(tmp_path / "index") as store:
        assert store.counts() == Counts(60, 60)


KILLS = {
    "while putting": "put(store, '/a.txt', 'Changed.', length=3)",
    "while removing": "store.remove(['/a.txt', '/b.txt'])",
    "while embedding": "embed_all(store, fingerprint='other')",
}
KILLER = """
import itertools
from ragtool.store.database import Database
execute, steps = Database.execute, itertools.count(1)
def stop(self, statement, *values):
    if statement == "COMMIT" and {last} or next(steps) == {step}:
        os._exit(9)
    return execute(self, statement, *values)
Database.execute = stop
"""


@pytest.mark.parametrize("change", KILLS.values(), ids=KILLS.keys())
def test_a_killed_change_never_happened(tmp_path: Path, change: str) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "/a.txt", "Some text.", length=3)
        put(store, "/b.txt", "Other text.")
        embed_all(store)
        fingerprint = store.fingerprint()
    before = dump(tmp_path)
    for step, last in ((3, False), (6, False), (10**9, True)):
        killed = run(tmp_path, KILLER.format(step=step, last=last) + change)
        assert killed.wait(60) == 9
        with Store.open(tmp_path) as store:
            assert store.fingerprint() == fingerprint
        assert dump(tmp_path) == before
