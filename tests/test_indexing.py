"""Files to an index, with the two seams faked: what becomes of each, and of its words."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import FakeEmbedder
from test_reading import scanned
from workbench import BRIDGE, HARBOUR, NONE, OPERA, Bench, done

from ragtool import pipeline
from ragtool.errors import StoreError, UsageError
from ragtool.records import Filters
from ragtool.reports import Progress

ROOT = Path(__file__).parent.parent
PAGE = (
    "<html><head><title>Bridge</title></head><body><article><h1>Bridge</h1>"
    "<p>Engineers told the council on Monday that the old bridge was safe again.</p>"
    "<p>Nobody at the meeting had doubted it, the mayor said afterwards.</p>"
    "</article></body></html>"
)


# What became of each file


def test_every_change_is_counted(bench: Bench) -> None:
    for name, text in (("same", HARBOUR), ("changed", OPERA), ("gone", BRIDGE)):
        bench.write(f"{name}.txt", text)
    first = bench.index()
    assert (done(first), first.failures) == ({"added": 3}, ())
    assert first.chunks == 3
    bench.write("changed.txt", OPERA + "\nNobody was hurt, the house said.\n")
    bench.write("new.md", "# Strike\n\nThe union announced a strike.\n")
    bench.write("broken.txt", b"\x00\x01\x02\xff" * 200)
    (bench.files / "gone.txt").unlink()
    second = bench.index()
    assert done(second) == {"added": 1, "updated": 1, "unchanged": 1, "removed": 1, "failed": 1}
    assert bench.names() == ["changed.txt", "new.md", "same.txt"]
    assert done(bench.index()) == {"unchanged": 3, "failed": 1}


def test_nothing_to_index_is_an_empty_index(bench: Bench) -> None:
    report = bench.index()
    assert (done(report), report.chunks) == ({}, 0)
    assert pipeline.documents(bench.settings) == ()
    assert_empty(bench)
    assert pipeline.status(bench.settings).updated is None


def assert_empty(bench: Bench) -> None:
    for ask in (bench.found, bench.ask):
        with pytest.raises(StoreError, match="is empty") as raised:
            ask("Who closed the harbour?")
        assert "ragtool index PATH" in raised.value.hint


def test_what_does_not_exist_is_a_usage_error(bench: Bench) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        bench.index(bench.files / "nothing.txt")


@pytest.mark.parametrize(
    ("name", "content", "mended"),
    [
        ("binary.txt", b"\x00\x01\x02\xff" * 200, BRIDGE),
        ("empty.txt", b"", BRIDGE),
        ("blank.md", b" \n\t\n", "# Bridge\n\nThe bridge is safe.\n"),
        ("page.html", b"<html><body></body></html>", PAGE),
    ],
    ids=["binary", "empty", "blank", "page without text"],
)
def test_a_file_that_can_not_be_read_is_told_and_the_rest_goes_on(
    bench: Bench, name: str, content: bytes, mended: str
) -> None:
    bench.write("a.txt", HARBOUR)
    bad = bench.write(name, content)
    bench.write("z.txt", OPERA)
    report = bench.index()
    assert done(report) == {"added": 2, "failed": 1}
    (failure,) = report.failures
    assert failure.path == str(bad)
    assert failure.reason.strip()
    assert "\n" not in failure.reason
    assert str(bad) not in failure.reason  # the path is told beside it
    assert pipeline.failures(bench.settings) == report.failures
    assert pipeline.status(bench.settings).failures == 1
    assert bench.names() == ["a.txt", "z.txt"]
    bench.write(name, mended)
    mending = bench.index()
    assert (done(mending), mending.failures) == ({"updated": 1, "unchanged": 2}, ())


def test_a_document_that_turns_unreadable_is_forgotten(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    bench.write("a.txt", b"\x00\x01\x02\xff" * 200)
    report = bench.index()
    assert (done(report), report.chunks) == ({"failed": 1}, 0)
    assert_empty(bench)
    bench.write("a.txt", HARBOUR)
    assert (done(bench.index()), bench.found("harbour")) == ({"updated": 1}, ["a.txt"])


def test_a_file_of_a_kind_that_nobody_reads_fails_when_it_is_named(bench: Bench) -> None:
    picture = bench.write("picture.png", b"\x89PNG")
    for _ in range(2):
        report = bench.index()
        assert done(report) == {"skipped": 1}
        assert [failure.skipped for failure in report.failures] == [True]
    (bench.files / "notes.js").write_text("var a = 1;", encoding="utf-8")
    report = bench.index(bench.files / "notes.js", picture)
    assert done(report) == {"failed": 1, "skipped": 1}
    reasons = [failure.reason for failure in report.failures]
    assert reasons == [
        "don't know how to read this kind of file.",
        "a picture: no text in it, try --ocr.",
    ]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_does_not_stop_the_run(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    os.mkfifo(bench.files / "pipe.txt")
    ended = subprocess.run(
        [sys.executable, "-m", "ragtool", "index", str(bench.files)],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "RAGTOOL_INDEX": str(bench.settings.index),
            "RAGTOOL_MODELS": str(bench.settings.models),
        },
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout[:8]) == (0, "1 added,")
    assert "pipe.txt: not a file." in ended.stderr


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="only a user's own rights can be taken"
)
def test_a_file_without_the_right_to_read_it_is_told(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("secret.txt", OPERA).chmod(0)
    report = bench.index()
    assert done(report) == {"added": 1, "failed": 1}


def test_a_file_that_goes_while_the_run_is_on_its_way(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    vanishing = bench.write("b.txt", OPERA)
    bench.write("c.txt", BRIDGE)
    report = bench.index(report=lambda _: vanishing.unlink(missing_ok=True))
    # Files are read ahead, so it may have been read before it went.
    assert done(report) in ({"added": 2, "failed": 1}, {"added": 3})
    assert bench.changes() == {"unchanged": 2, "removed": 1}
    assert pipeline.failures(bench.settings) == ()


# The same text, other names, other times


def test_two_files_with_one_text_are_both_citable_and_embedded_once(bench: Bench) -> None:
    bench.write("one.txt", HARBOUR)
    bench.write("sub/two.txt", HARBOUR)
    assert bench.changes() == {"added": 2}
    assert len(bench.embedder.texts) == 1
    (hit,) = pipeline.search("harbour", bench.settings, k=5, filters=NONE)
    assert [Path(path).name for path in hit.copies] == ["two.txt"]
    assert bench.found("harbour", filters=Filters(path="*two.txt")) == ["two.txt"]
    (bench.files / "one.txt").unlink()
    assert (bench.changes(), bench.found("harbour")) == (
        {"unchanged": 1, "removed": 1},
        ["two.txt"],
    )
    assert bench.embedder.texts[1:] == ["harbour"] * 3  # the queries


def test_a_renamed_file_is_not_embedded_again(bench: Bench) -> None:
    old = bench.write("old.txt", HARBOUR)
    bench.index()
    before = list(bench.embedder.texts)
    old.rename(bench.files / "new.txt")
    assert bench.changes() == {"added": 1, "removed": 1}
    assert bench.embedder.texts == before
    assert bench.found("harbour") == ["new.txt"]


def test_a_changed_file_loses_its_old_words(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("b.txt", OPERA)
    bench.index()
    bench.write("a.txt", HARBOUR.replace("harbour", "airport"))
    assert bench.changes() == {"updated": 1, "unchanged": 1}
    (hit,) = pipeline.search("airport", bench.settings, k=1, filters=NONE)
    assert "airport would stay closed" in hit.chunk.text
    assert not any("harbour" in one.text for one in pipeline.documents(bench.settings))


def test_the_same_bytes_at_another_time_are_unchanged(bench: Bench) -> None:
    path = bench.write("a.txt", HARBOUR)
    bench.index()
    before = bench.fingerprint
    os.utime(path, ns=(0, 1_000_000_000))
    assert (bench.changes(), bench.fingerprint) == ({"unchanged": 1}, before)
    path.unlink()
    bench.write("a.txt", HARBOUR)
    assert (bench.changes(), bench.fingerprint) == ({"unchanged": 1}, before)


# Folders


def test_a_folder_that_is_gone_is_forgotten(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.write("sub/b.txt", OPERA)
    bench.write("sub/deeper/c.txt", BRIDGE)
    bench.index()
    shutil.rmtree(bench.files / "sub")
    assert bench.changes(bench.files / "sub") == {"removed": 2}
    assert bench.names() == ["a.txt"]


def test_what_was_not_named_is_left_alone(bench: Bench) -> None:
    bench.write("one/a.txt", HARBOUR)
    bench.write("two/b.txt", OPERA)
    bench.index()
    (bench.files / "one" / "a.txt").unlink()
    assert bench.changes(bench.files / "two") == {"unchanged": 1}
    assert len(bench.names()) == 2
    bench.write("two-more/c.txt", BRIDGE)  # no folder within "two"
    assert bench.changes(bench.files / "two") == {"unchanged": 1}


def test_hidden_files_and_folders_are_left_out(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    hidden = bench.write(".hidden.txt", OPERA)
    bench.write(".git/b.txt", OPERA)
    bench.write("sub/.cache/c.txt", OPERA)
    assert bench.changes() == {"added": 1}
    assert bench.names() == ["a.txt"]
    assert bench.changes(hidden) == {"added": 1}  # named, it is meant


def test_overlapping_paths_are_taken_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    path = bench.write("sub/a.txt", HARBOUR)
    monkeypatch.chdir(bench.files)
    paths = (bench.files, path, path.parent, Path("sub"), Path("sub/../sub/a.txt"))
    assert bench.changes(*paths) == {"added": 1}
    assert bench.changes(Path()) == {"unchanged": 1}


def test_the_order_of_indexing_is_of_no_account(bench: Bench) -> None:
    for name, text in (("a", HARBOUR), ("b", OPERA), ("c", BRIDGE)):
        bench.write(f"{name}.txt", text)
    bench.index()
    at_once = bench.fingerprint, bench.found("the council and the harbour")
    bench.settings = replace(bench.settings, index=bench.settings.index.with_name("other"))
    for name in "cab":
        bench.index(bench.files / f"{name}.txt")
    assert (bench.fingerprint, bench.found("the council and the harbour")) == at_once


def test_removing_forgets_files_and_folders(bench: Bench) -> None:
    path = bench.write("a.txt", HARBOUR)
    bench.write("sub/b.txt", OPERA)
    bench.write("sub/c.txt", BRIDGE)
    bench.index()
    assert pipeline.remove([bench.files / "nothing"], bench.settings) == 0
    assert pipeline.remove([bench.files / "sub"], bench.settings) == 2
    assert (bench.names(), bench.found("orchestra")) == (["a.txt"], ["a.txt"])
    assert pipeline.remove([path, path], bench.settings) == 1
    assert_empty(bench)
    assert bench.changes() == {"added": 3}


def test_progress_reaches_the_end_of_each_step(bench: Bench) -> None:
    for number in range(5):
        bench.write(f"{number}.txt", f"{HARBOUR}\nReport {number}.\n")
    told: list[Progress] = []
    bench.index(report=told.append)
    steps = dict.fromkeys(one.step for one in told)
    assert len(steps) == 2
    for step in steps:
        done_so_far = [one.done for one in told if one.step == step]
        assert done_so_far == sorted(done_so_far)
        assert done_so_far[-1] == 5
        assert {one.total for one in told if one.step == step} == {5}


# The embedder


def test_another_embedder_embeds_everything_anew(bench: Bench) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    before = bench.fingerprint
    bench.embedder = FakeEmbedder(dimensions=8)
    assert bench.changes() == {"unchanged": 1}
    assert len(bench.embedder.texts) == 1
    assert bench.fingerprint != before
    assert bench.found("harbour") == ["a.txt"]


class Renamed(FakeEmbedder):
    """An embedder of the same size and another make."""

    @property
    def fingerprint(self) -> str:
        return "another"


@pytest.mark.parametrize("other", [FakeEmbedder(dimensions=8), Renamed()], ids=["size", "make"])
def test_vectors_of_two_embedders_are_not_mixed(bench: Bench, other: FakeEmbedder) -> None:
    bench.write("a.txt", HARBOUR)
    bench.index()
    bench.embedder = other
    with pytest.raises(StoreError, match="another embedding model") as raised:
        bench.found("harbour")
    assert "ragtool index" in raised.value.hint


# Files with documents inside, and languages


def test_documents_inside_a_file(bench: Bench) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("press/harbour.txt", HARBOUR)
        archive.writestr("../opera.md", OPERA)
        archive.writestr("empty.txt", "")
        archive.writestr("film.mp4", b"\0\0\0\x20ftyp")
    path = bench.write("press.zip", packed.getvalue())
    report = bench.index()
    assert done(report) == {"added": 1}
    assert bench.names() == ["press.zip/opera.md", "press.zip/press/harbour.txt"]
    reasons = {Path(each.path).name: each.skipped for each in report.failures}
    assert reasons == {"empty.txt": False, "film.mp4": True}
    assert {each.sha256 for each in pipeline.documents(bench.settings)} == {
        hashlib.sha256(packed.getvalue()).hexdigest()
    }
    assert bench.found("harbour")[0] == "harbour.txt"
    assert bench.changes() == {"unchanged": 1}
    assert pipeline.remove([path], bench.settings) == 1
    assert bench.names() == []


def test_languages_are_told_and_filter(bench: Bench) -> None:
    texts = {
        "en": "The committee said on Monday that the bridge would open again in spring.",
        "de": "Die Brücke über den Fluss wird im Frühjahr geöffnet, sagte der Bürgermeister.",
        "ru": "Комиссия сообщила в понедельник, что мост откроют весной и никто не пострадал.",
    }
    for code, text in texts.items():
        bench.write(f"{code}.txt", text)
    bench.write("short.txt", "Bridge 12")
    bench.index()
    told = {Path(d.path).stem: d.language for d in pipeline.documents(bench.settings)}
    assert told == {"en": "en", "de": "de", "ru": "ru", "short": None}
    for code in texts:
        assert bench.found("bridge spring", filters=Filters(language=code)) == [f"{code}.txt"]


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="Tesseract is not installed")
def test_pictures_inside_a_file_are_read_when_asked_later(bench: Bench) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("harbour.txt", HARBOUR)
        archive.writestr("scan.png", scanned())
    bench.write("press.zip", packed.getvalue())
    assert bench.changes() == {"added": 1}
    assert bench.names() == ["press.zip/harbour.txt"]
    report = pipeline.index([bench.files], bench.settings, report=lambda _: None, ocr=True)
    assert done(report) == {"updated": 1}
    assert bench.names() == ["press.zip/harbour.txt", "press.zip/scan.png"]
    assert report.failures == ()
    assert bench.changes() == {"unchanged": 1}
