"""Damage is noticed and mended, and what can't be is named."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Ragtool
from storing import FILE, NONE, all_rows, cut, document

from ragtool.errors import StoreError
from ragtool.protocols import Vectors
from ragtool.reports import Failure
from ragtool.store import LOST, FileState, Store, examine, forget_kept, leftovers, mend

STATE = FileState(100, 200, "b" * 64)
COUNT = 30

Change = Callable[[bytearray], None]


def put(store: Store, path: str, text: str, **about: str) -> None:
    one = document(path, text, **about)
    chunks = cut(one, length=200)
    store.put(path, [(one, chunks)], state=FileState(100, 200, one.sha256))


def fill(folder: Path) -> None:
    """Thirty files of some chunks each, a mailbox of two, and one that could not be read."""
    with Store.open(folder, create=True) as store:
        for number in range(COUNT):
            text = f"Number {number} opened. " + " ".join(f"word{number}x{at}" for at in range(90))
            put(store, f"/{number}.txt", text, title=f"Title {number}")
        mails = [document(f"/mails/{name}", f"Mail {name} arrived.") for name in "ab"]
        store.put("/mails", [(each, cut(each)) for each in mails], state=STATE)
        store.put("/film.mp4", (), state=STATE, failures=[Failure("/film.mp4", "a film.")])
        store.embed("model", *vectors_for(store))


def vectors_for(store: Store) -> tuple[list[str], Vectors]:
    keys = [key for key, _ in store.unembedded("model")]
    rows = [np.random.default_rng(int(key[:8], 16)).normal(size=8) for key in keys]
    return keys, np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "index"
    fill(folder)
    return folder


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "index"))


def change(folder: Path, how: Change) -> None:
    content = bytearray((folder / FILE).read_bytes())
    how(content)
    (folder / FILE).write_bytes(content)


def run_sql(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / FILE, isolation_level=None)) as db:
        for statement in statements:
            db.execute(statement)


def replaced(old: bytes, new: bytes) -> Change:
    def how(content: bytearray) -> None:
        at = content.index(old)
        content[at : at + len(old)] = new

    return how


def zeroed(first: int, last: int) -> Change:
    def how(content: bytearray) -> None:
        content[first:last] = bytes(last - first)

    return how


def fingerprint(folder: Path) -> str:
    with Store.open(folder) as store:
        return store.fingerprint()


def test_a_sound_index_is_left_as_it_is(index: Path) -> None:
    before = (index / FILE).read_bytes()
    assert examine(index) == ()
    assert mend(index).complaints == ()
    with closing(sqlite3.connect(index / FILE)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len((index / FILE).read_bytes()) == len(before)


MENDED_WHOLE: dict[str, Callable[[Path], None]] = {
    "first page zero": lambda folder: change(folder, zeroed(0, 4096)),
    "header zero": lambda folder: change(folder, zeroed(0, 100)),
    "no table named": lambda folder: change(folder, zeroed(103, 105)),
    "full text's SQL": lambda folder: change(folder, replaced(b"VIRTUAL", b"VYRTUAL")),
    "tables' SQL": lambda folder: change(folder, replaced(b"start INTEGER", b"stort INTEGER")),
    "version": lambda folder: run_sql(folder, "PRAGMA user_version = 4711"),
    "whose file it is": lambda folder: run_sql(folder, "PRAGMA application_id = 4711"),
    "chunks gone": lambda folder: run_sql(folder, "DELETE FROM chunks WHERE id % 7 = 0"),
    "a chunk's place": lambda folder: run_sql(folder, "UPDATE chunks SET stop = stop - 1"),
    "a chunk's document": lambda folder: run_sql(
        folder, "UPDATE chunks SET document = 1 WHERE id = 20"
    ),
    "a sentence's place": lambda folder: run_sql(folder, "UPDATE sentences SET start = start + 1"),
    "sentences gone": lambda folder: run_sql(folder, "DELETE FROM sentences"),
    "full text gone": lambda folder: run_sql(folder, "DROP TABLE fulltext"),
    "full text, a row less": lambda folder: run_sql(
        folder, "DELETE FROM fulltext_docsize WHERE id = 9"
    ),
    "an index gone": lambda folder: run_sql(folder, "DROP INDEX chunks_by_document"),
}


@pytest.mark.parametrize("damage", MENDED_WHOLE.values(), ids=MENDED_WHOLE.keys())
def test_what_follows_from_the_texts_is_made_anew(
    index: Path, sound: Path, damage: Callable[[Path], None]
) -> None:
    damage(index)
    mended = mend(index)
    assert mended.complaints
    assert (mended.documents, mended.lost, mended.kept) == (COUNT + 2, (), None)
    assert examine(index) == ()
    with Store.open(index) as store, Store.open(sound) as other:
        assert store.documents() == other.documents()
        assert store.states().keys() == other.states().keys()
        assert store.failures() == other.failures()
        assert len(store.match(["opened"], limit=99, filters=NONE)) == COUNT
    assert sorted(path.name for path in index.iterdir()) == [FILE]


def test_words_that_the_texts_do_not_have_are_noticed(index: Path) -> None:
    run_sql(
        index,
        "INSERT INTO fulltext (fulltext, rowid, title, text)"
        " VALUES ('delete', 3, 'Title 0', 'opened')",
    )
    assert any("full text" in each for each in examine(index))
    mend(index)
    assert examine(index) == ()


LOSING: dict[str, tuple[Callable[[Path], None], str]] = {
    "a letter of a text": (
        lambda folder: change(folder, replaced(b"Number 7 opened", b"Number 9 opened")),
        "/7.txt",
    ),
    "an author": (
        lambda folder: run_sql(
            folder, "UPDATE documents SET author = 'X' WHERE path = x'2f372e747874'"
        ),
        "/7.txt",
    ),
    "a mail": (
        lambda folder: change(folder, replaced(b"Mail b arrived", b"Mail c arrived")),
        "/mails",
    ),
    "rows of documents": (
        lambda folder: run_sql(
            folder,
            "DELETE FROM documents WHERE path = x'2f372e747874'",
            "DELETE FROM fulltext_data",
        ),
        "/7.txt",
    ),
}


@pytest.mark.parametrize(("damage", "file"), LOSING.values(), ids=LOSING.keys())
def test_a_text_that_is_lost_is_named_and_read_again(
    index: Path, damage: Callable[[Path], None], file: str
) -> None:
    damage(index)
    mended = mend(index)
    with Store.open(index) as store:
        state = store.states()[file]
        assert state == FileState(0, 0, "")  # so that the next run reads it
        assert not any("9 opened" in each.text for each in store.documents() if file in each.path)
        lost = [each.path for each in store.failures() if each.reason == LOST]
    assert lost == list(mended.lost) == [file]
    assert mended.documents == COUNT + 1
    assert mended.kept == index / f"{FILE}.damaged"
    if os.name != "nt":
        assert mended.kept.stat().st_mode & 0o077 == 0


def test_what_is_kept_goes_with_the_next_repair_or_removal(index: Path) -> None:
    damage, _ = LOSING["a letter of a text"]
    for goes in (lambda: mend(index), lambda: forget_kept(index)):
        damage(index)
        assert mend(index).kept is not None
        assert [path.name for path in leftovers(index)] == [f"{FILE}.damaged"]
        goes()
        assert leftovers(index) == ()
        shutil.rmtree(index)
        fill(index)


VECTORS = {
    "too short": "UPDATE embeddings SET vector = substr(vector, 5) WHERE id = 3",
    "none": "UPDATE embeddings SET vector = NULL WHERE id = 3",
    "zero": "UPDATE embeddings SET vector = zeroblob(32) WHERE id = 3",
    "not a number": "UPDATE embeddings SET vector = x'" + "0000c07f" * 8 + "' WHERE id = 3",
}


@pytest.mark.parametrize("statement", VECTORS.values(), ids=VECTORS.keys())
def test_a_damaged_vector_goes_and_is_missing(index: Path, statement: str) -> None:
    run_sql(index, statement)
    mended = mend(index)
    assert mended.complaints == ("1 vectors are damaged",)
    with Store.open(index) as store:
        assert store.embedder == "model"
        assert len(store.unembedded("model")) == 1
        rows, _ = next(store.vectors())
        assert len(rows) == len(all_rows(store)) - 1


def test_rows_without_owners_go(index: Path, sound: Path) -> None:
    run_sql(
        index,
        "INSERT INTO sentences VALUES (9999, 0, 0, 1, 1)",
        "INSERT INTO bands VALUES (7, 9999)",
        "INSERT INTO embeddings (key, vector) SELECT 'x', vector FROM embeddings LIMIT 1",
    )
    assert mend(index).complaints == ("2 rows belong to nothing", "1 vectors belong to no chunk")
    assert fingerprint(index) == fingerprint(sound)


def test_no_page_but_the_first_is_lost_and_said(index: Path) -> None:
    size = (index / FILE).stat().st_size
    change(index, zeroed(4096, size))
    mended = mend(index)
    assert mended.documents == 0
    assert mended.kept is not None
    with Store.open(index) as store:
        assert store.counts().documents == 0


@pytest.mark.parametrize("page", range(1, 20))
def test_a_page_that_is_gone_costs_no_other_document(index: Path, sound: Path, page: int) -> None:
    with closing(sqlite3.connect(index / FILE)) as db:
        where = "SELECT rootpage FROM sqlite_master WHERE name = 'documents'"
        (root,) = db.execute(where).fetchone()
    change(index, zeroed(4096 * page, 4096 * (page + 1)))
    mended = mend(index)
    assert mended.complaints
    assert examine(index) == ()
    with Store.open(index) as store, Store.open(sound) as other:
        true = {each.path: each for each in other.documents()}
        held = {each.path: each for each in store.documents()}
        states = store.states()
    assert held.items() <= true.items()
    for path in true.keys() - held.keys():
        file = "/mails" if path.startswith("/mails") else path
        assert states.get(file, FileState(0, 0, "")) == FileState(0, 0, "")
    # Below the page at which a table begins nothing can be found any more.
    assert len(held) > COUNT // 2 or page + 1 == root


def test_what_lies_in_the_log_alone_is_not_lost(tmp_path: Path) -> None:
    live, index = tmp_path / "live", tmp_path / "index"
    with Store.open(live, create=True) as store:
        put(store, "/a.txt", "A text.")
        shutil.copytree(live, index)
    change(index, zeroed(0, (index / FILE).stat().st_size))
    assert (index / f"{FILE}-wal").stat().st_size
    mend(index)
    with Store.open(index) as store:
        assert store.document("/a.txt").text == "A text."


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("CREATE TABLE photos (id)")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match="not an index of ragtool"):
        mend(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before


def test_an_index_of_another_version_is_left_alone(index: Path) -> None:
    run_sql(index, "ALTER TABLE chunks DROP COLUMN checksum", "PRAGMA user_version = 2")
    before = (index / FILE).read_bytes()
    with pytest.raises(StoreError, match="version 2"):
        mend(index)
    assert (index / FILE).read_bytes() == before


def test_a_repair_waits_for_those_who_read(index: Path) -> None:
    with Store.open(index) as reader:
        with pytest.raises(StoreError, match="Another ragtool is using"):
            mend(index, wait=0.2)
        assert reader.counts().documents == COUNT + 2
    assert mend(index).complaints == ()


# Somebody else opens the index while it is exchanged: before the first read, and again after.
_RACE = """
import sys, threading, time
from pathlib import Path
from ragtool.store import Store, mend
folder = Path(sys.argv[1])
thread = threading.Thread(target=lambda: mend(folder, wait=10))
thread.start()
seen = 0
while thread.is_alive() or not seen:
    try:
        with Store.open(folder, wait=5) as store:
            seen = store.counts().documents
            store.touch("/0.txt", state=next(iter(store.states().values())))
    except Exception as error:
        assert "damaged" in str(error) or "writing" in str(error), error
    time.sleep(0.001)
thread.join()
with Store.open(folder) as store:
    print(store.counts().documents, len(store.documents()))
"""


def test_who_opens_the_index_meanwhile_gets_the_old_or_the_new(index: Path) -> None:
    damage, _ = LOSING["a letter of a text"]
    damage(index)
    done = subprocess.run(
        [sys.executable, "-c", _RACE, str(index)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[0] in (str(COUNT + 1), str(COUNT + 2))
    assert examine(index) == () or mend(index).complaints


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("mounting a small disk needs root on Linux")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=900k", "none", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this container may not mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_repair_without_room_leaves_what_was_there(small_disk: Path, sound: Path) -> None:
    index = small_disk / "index"
    shutil.copytree(sound, index)
    damage, _ = LOSING["a letter of a text"]
    damage(index)
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    filler.write_bytes(bytes(max(0, free - 60_000)))
    with pytest.raises(StoreError, match="is full"):
        mend(index)
    assert [path.name for path in index.iterdir() if path.name != FILE] == []
    with Store.open(index) as store:
        assert store.document("/8.txt").text
    filler.unlink()
    assert mend(index).lost == ("/7.txt",)


# The command


def articles(folder: Path) -> Path:
    folder.mkdir()
    for name in ("ferry", "bridge", "harbour"):
        text = f"The {name}\n\nAna Ruiz denied that the {name} would close on Monday.\n"
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_doctor_names_the_damage_and_mends_it(ragtool: Ragtool, tmp_path: Path) -> None:
    folder, index = articles(tmp_path / "articles"), tmp_path / "index"
    assert ragtool("index", folder).returncode == 0
    change(index, replaced(b"denied that the bridge", b"stated that the bridge"))
    asked = ragtool("search", "bridge")
    assert (asked.returncode, asked.stdout) == (1, "")
    assert "damaged" in asked.stderr
    assert "ragtool doctor --repair" in asked.stderr
    (index / "vectors.faiss").write_bytes(b"damaged")
    looked = ragtool("doctor")
    assert looked.returncode == 1
    assert looked.stdout.count("Run: ragtool doctor --repair") == 2
    done = ragtool("doctor", "--repair", "--json")
    assert done.returncode == 1  # a text is lost, and the damaged file is kept
    told = json.loads(done.stdout)
    assert [each["part"] for each in told["repairs"]] == ["content", "lost", "kept", "vectors"]
    assert str(folder / "bridge.txt") in told["repairs"][1]["message"]
    assert not told["ok"]
    again = ragtool("index", folder)
    assert again.stdout.startswith("0 added, 1 updated, 2 unchanged")
    last = ragtool("doctor", "--repair")
    assert (last.returncode, last.stderr) == (0, "")
    assert last.stdout.startswith("mended left over")
    assert sorted(path.name for path in index.iterdir()) == [FILE, "vectors.faiss", "vectors.json"]
    found = ragtool("search", "bridge", "-k", "1")
    assert "Ana Ruiz denied that the bridge" in found.stdout


def test_two_runs_at_once_make_one_index(ragtool: Ragtool, models: Path, tmp_path: Path) -> None:
    folder = articles(tmp_path / "articles")
    command = [sys.executable, "-m", "ragtool", "--index", str(tmp_path / "index")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "RAGTOOL_MODELS": str(models)}
    runs = [
        subprocess.Popen(
            [*command, "index", str(folder), "--quiet"],
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(2)
    ]
    for run in runs:
        _, said = run.communicate(timeout=300)
        assert (run.returncode, said) == (0, "") or "Another ragtool is writing" in said
    alone = ragtool("index", folder, environ={"RAGTOOL_INDEX": str(tmp_path / "alone")})
    assert alone.returncode == 0
    assert ragtool("index", folder).stdout.startswith("0 added, 0 updated, 3 unchanged")
    assert fingerprint(tmp_path / "index") == fingerprint(tmp_path / "alone")


# Damage by chance


def test_no_damage_gives_a_wrong_text_or_a_traceback(tmp_path: Path) -> None:
    """A hundred of the cases of scripts/fuzz_index.py; a thousand are in docs/security.md."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "fuzz_index.py"), "-n", "100", "--seed", "2"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    *_, total = (line for line in done.stdout.splitlines() if line.startswith("| all |"))
    cases, *fates = (int(cell) for cell in total.split("|")[2:-1])
    assert cases == sum(fates) == 100
    assert fates[-1] == 0
    assert min(fates[0], fates[2]) > 10
