"""The file against the world: damage, other programs, full disks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from storing import FILE, NONE, all_rows, embed_all, put

from ragtool.errors import StoreError
from ragtool.records import Filters
from ragtool.store import Store
from ragtool.store.faults import store_error


def read_texts(store: Store) -> None:
    for path in store.states():
        assert all(isinstance(chunk.text, str) for chunk in store.chunks_of(path))


USES: tuple[Callable[[Store], object], ...] = (
    Store.states,
    Store.failures,
    Store.counts,
    Store.fingerprint,
    Store.documents,
    Store.vectors,
    read_texts,
    lambda store: store.unembedded("model"),
    lambda store: store.unembedded("other"),
    lambda store: store.chunks(all_rows(store)),
    lambda store: store.match(["text", "words"], limit=50, filters=NONE),
    lambda store: store.allowed(Filters(path="*", since="2020")),
    lambda store: put(store, "/new.txt", "New text."),
    lambda store: store.remove(["/1.txt", "/2.txt"]),
    embed_all,
)


def use(folder: Path) -> list[StoreError]:
    """Does everything that can be done; what was raised."""
    errors = []
    for step in USES:
        try:
            with Store.open(folder, wait=0.2) as store:
                step(store)
        except StoreError as error:
            errors.append(error)
    return errors


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of an index with a few hundred pages."""
    folder = tmp_path_factory.mktemp("sound")
    with Store.open(folder, create=True) as store:
        for number in range(60):
            text = " ".join(f"text{number}x{word} words" for word in range(300))
            put(store, f"/{number}.txt", text, length=900, date="2024-06")
        embed_all(store)
    return (folder / FILE).read_bytes()


def test_the_undamaged_file_can_be_used(tmp_path: Path, sound: bytes) -> None:
    (tmp_path / FILE).write_bytes(sound)
    assert use(tmp_path) == []


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "garbage": lambda whole: b"not a database, but long enough to be taken for one" * 100,
    "a text": lambda whole: b"hello",
    "header overwritten": lambda whole: b"\0" * 100 + whole[100:],
    "half the header": lambda whole: whole[:50],
    "first page only": lambda whole: whole[:4096],
    "truncated": lambda whole: whole[: len(whole) // 2],
    "truncated within a page": lambda whole: whole[: len(whole) // 2 + 1000],
    "tables overwritten": lambda whole: whole[:4096] + b"\xff" * (len(whole) - 4096),
    "all but the header zero": lambda whole: whole[:100] + b"\0" * (len(whole) - 100),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_a_store_error(
    tmp_path: Path, sound: bytes, damage: Callable[[bytes], bytes]
) -> None:
    (tmp_path / FILE).write_bytes(damage(sound))
    errors = use(tmp_path)
    assert errors
    assert all(error.hint for error in errors)


@pytest.mark.parametrize("highest", [128, 256], ids=["ASCII", "any byte"])
def test_damage_anywhere_is_a_store_error_or_unseen(
    tmp_path: Path, sound: bytes, highest: int
) -> None:
    """Random bytes at random places: SQLite keeps no checksums, so some go unnoticed."""
    random = np.random.default_rng(highest)
    errors = []
    for _ in range(40):
        content = bytearray(sound)
        for _ in range(int(random.integers(1, 20))):
            place = int(random.integers(100, len(content) - 64))
            noise = random.integers(0, highest, int(random.integers(1, 64))).astype(np.uint8)
            content[place : place + len(noise)] = noise.tobytes()
        (tmp_path / FILE).write_bytes(content)
        errors += use(tmp_path)
    assert len(errors) > 40
    assert all(str(error).isprintable() for error in errors)


def test_a_text_that_changed_on_the_disk_is_never_quoted(tmp_path: Path) -> None:
    with Store.open(tmp_path, create=True) as store:
        put(store, "/a.txt", "There were no violations.")
    whole = (tmp_path / FILE).read_bytes()
    assert whole.count(b"were no viol") == 1
    (tmp_path / FILE).write_bytes(whole.replace(b"were no viol", b"were 12 viol"))
    with Store.open(tmp_path) as store, pytest.raises(StoreError, match="damaged"):
        store.chunks_of("/a.txt")


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("CREATE TABLE photos (id)")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    for create in (False, True):
        with pytest.raises(StoreError, match="not an index of ragtool"):
            Store.open(tmp_path, create=create)
    assert (tmp_path / FILE).read_bytes() == before


def test_an_index_of_another_version_says_so(tmp_path: Path) -> None:
    Store.open(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("PRAGMA user_version = 999")
    db.close()
    with pytest.raises(StoreError, match="version 999") as caught:
        Store.open(tmp_path, create=True)
    assert "ragtool index" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("database is locked", "Another ragtool is writing"),
        ("database or disk is full", "is full or failing"),
        ("disk I/O error", "is full or failing"),
        ("unable to open database file", "can't be used"),
        ("attempt to write a readonly database", "can't be used"),
        ("no such module: fts5", "no full-text search"),
        ("no such table: fulltext", "is damaged"),
        ("database disk image is malformed", "is damaged"),
        ("Could not decode to UTF-8 column 'text' with text 'he denied it'", "is damaged"),
    ],
)
def test_what_sqlite_says_is_said_to_the_user(tmp_path: Path, text: str, meaning: str) -> None:
    error = store_error(sqlite3.OperationalError(text), file=tmp_path / FILE)
    assert meaning in error.message
    assert error.hint


@pytest.mark.parametrize("times", [1, 5000], ids=["a word", "a long text"])
def test_what_is_removed_leaves_no_trace_in_the_file(tmp_path: Path, times: int) -> None:
    secret = "xylophonist"
    with Store.open(tmp_path, create=True) as store:
        put(store, "/secret.txt", f"The {secret} spoke. " * times, title=secret, length=900)
        for number in range(40):
            put(store, f"/{number}.txt", f"Filler number {number}. " * 60, length=400)
        embed_all(store)
        store.remove(["/secret.txt"])
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert b"xylophon" not in (tmp_path / FILE).read_bytes()  # the stem, as in the full text


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "none", str(tmp_path)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this container may not mount")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def test_a_full_disk_is_said_and_loses_nothing(small_disk: Path) -> None:
    held: list[str] = []
    with Store.open(small_disk, create=True) as store:
        with pytest.raises(StoreError, match="full") as caught:
            for number in range(200):
                put(store, f"/{number}.txt", f"Some words {number}. " * 500, length=900)
                held.append(f"/{number}.txt")
        assert "Free some space" in caught.value.hint
        assert sorted(store.states()) == sorted(held)
    with Store.open(small_disk) as store:
        assert sorted(store.states()) == sorted(held)


def test_no_room_for_the_first_file_is_said(small_disk: Path) -> None:
    with (small_disk / "filler").open("wb", buffering=0) as filler, pytest.raises(OSError):
        while True:
            filler.write(b"x" * 4096)
    with pytest.raises(StoreError):
        Store.open(small_disk, create=True)
    with pytest.raises(StoreError, match="no index"):
        Store.open(small_disk)


def test_a_disk_that_is_read_only_can_be_read(small_disk: Path) -> None:
    with Store.open(small_disk, create=True) as store:
        put(store, "/a.txt", "Some text.")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with Store.open(small_disk) as store:
        assert store.document("/a.txt").text == "Some text."
        assert store.match(["text"], limit=5, filters=Filters(path="*.txt"))
        with pytest.raises(StoreError, match="can't be used"):
            put(store, "/b.txt", "More.")
