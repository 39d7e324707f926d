"""A sentence's way through every format: indexed, found, shown in its place, to the letter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from conftest import Ragtool

from fuzz_readers import SAMPLES
from ragtool.store import Store

SENTENCE = "Mayor Ana Ruiz said the harbour would stay closed until June."
PARAGRAPHS = (
    "The council met on Monday. It was the third time this year that the harbour stood on its"
    " list, and the hall was full to the last seat before the doors were shut.",
    f"The storm had broken the outer wall in two places. {SENTENCE} “Nobody asked us”, the"
    " fishermen’s union wrote.",
    "The next meeting is on 12 July 2024. Until then the boats land in the old port.",
)
# Where the sentence stands: the part of the file, the page, and the paragraph, the
# title and each line of a head counted.
PLACES = {
    "a.txt": ("", None, 5),
    "a.md": ("", None, 8),
    "a.html": ("", None, 3),
    "a.mhtml": ("", None, 3),
    "a.pdf": ("", 2, 2),
    "a.docx": ("", None, 3),
    "a.odt": ("", None, 3),
    "a.rtf": ("", None, 2),
    "a.epub": ("", None, 2),
    "a.eml": ("", None, 7),
    "a.mbox": ("0002 Harbour closed.eml", None, 6),
    "a.csv": ("row 3", None, 2),
    "a.jsonl": ("line 2", None, 2),
    "a.zip": ("june/harbour.txt", None, 5),
    "a.html.gz": ("", None, 3),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a file of each format."""
    found = tmp_path_factory.mktemp("formats") / "files"
    found.mkdir()
    for name, made in SAMPLES.items():
        (found / name).write_bytes(made(PARAGRAPHS))
    return found


@pytest.fixture
def index(ragtool: Ragtool, folder: Path) -> Path:
    """The folder's index, made for the first test that asks for it."""
    found = folder.parent / "index"
    if not found.exists():
        done = ragtool("--index", found, "index", folder, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["failures"] == []
    return found


def test_every_format_has_its_place() -> None:
    assert PLACES.keys() == SAMPLES.keys()


@pytest.mark.parametrize("name", SAMPLES)
def test_round_trip(ragtool: Ragtool, index: Path, folder: Path, name: str) -> None:
    part, page, paragraph = PLACES[name]
    path = str(folder / name / part)

    given = ("--index", index, "search", SENTENCE, "--path", f"*{name}*", "--json")
    hits = json.loads(ragtool(*given).stdout)["hits"]
    (hit,) = (each for each in hits if SENTENCE in each["text"])
    assert hit["document"]["path"] == path

    start = hit["span"][0] + hit["text"].index(SENTENCE)
    place = f"{hit['chunk_id']}:{start}-{start + len(SENTENCE)}"
    passage = json.loads(ragtool("--index", index, "show", place, "--json").stdout)
    assert passage["quote"] == SENTENCE
    assert (passage["page"], passage["paragraph"]) == (page, paragraph)

    with Store.open(index) as store:
        (document,) = (each for each in store.documents() if each.path == path)
    first, last = hit["span"]
    assert document.text[first:last] == hit["text"]
    assert document.text[start : start + len(SENTENCE)] == SENTENCE

    shown = " ".join(ragtool("--index", index, "show", place).stdout.split())
    assert f"»{SENTENCE}«" in shown
    assert f"paragraph {paragraph}" in shown
    assert (f"page {page}" in shown) is (page is not None)
