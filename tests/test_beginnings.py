"""The memory of fixed beginnings: kept, refused when damaged, and of no effect on the words."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from conftest import SMALL

from ragtool.generation import LlamaGenerator
from ragtool.generation.beginnings import Beginnings
from ragtool.models import find, locate
from ragtool.records import Draft, Prompt
from ragtool.reports import Kernels

TOKENS, STATE = (5, 1, 4), bytes(range(256)) * 4


def flip_last(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


def flip_first(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def remove(path: Path) -> None:
    path.unlink()


HARMS = (flip_last, flip_first, cut, empty, remove)


def test_what_is_kept_is_there(tmp_path: Path) -> None:
    kept = Beginnings(tmp_path / "new", key="a")
    assert kept.get(TOKENS) is None
    kept.keep(TOKENS, STATE)
    assert kept.get(TOKENS) == STATE
    assert Beginnings(tmp_path / "new", key="a").get(TOKENS) == STATE


@pytest.mark.parametrize(
    ("key", "tokens"),
    [("b", TOKENS), ("a", TOKENS[:2]), ("a", (*TOKENS, 0)), ("a 5", (*TOKENS[1:], 5))],
)
def test_of_another_key_or_other_tokens_nothing_is_there(
    key: str, tokens: Sequence[int], tmp_path: Path
) -> None:
    Beginnings(tmp_path, key="a").keep(TOKENS, STATE)
    assert Beginnings(tmp_path, key=key).get(tokens) is None


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_what_is_damaged_is_not_there(harm: Callable[[Path], None], tmp_path: Path) -> None:
    kept = Beginnings(tmp_path, key="a")
    kept.keep(TOKENS, STATE)
    (file,) = tmp_path.iterdir()
    harm(file)
    assert kept.get(TOKENS) is None
    kept.keep(TOKENS, STATE)
    assert kept.get(TOKENS) == STATE


def test_a_file_under_another_name_is_refused(tmp_path: Path) -> None:
    kept = Beginnings(tmp_path, key="a")
    kept.keep(TOKENS, STATE)
    (first,) = tmp_path.iterdir()
    kept.keep((9,), STATE[:50])
    (second,) = set(tmp_path.iterdir()) - {first}
    first.replace(second)
    assert kept.get((9,)) is None


def test_the_oldest_are_deleted(tmp_path: Path) -> None:
    kept = Beginnings(tmp_path, key="a")
    for number in range(20):
        kept.keep((number,), STATE)
        newest = max(tmp_path.iterdir(), key=lambda path: path.stat().st_mtime_ns)
        os.utime(newest, (number, number))
    assert len(list(tmp_path.iterdir())) <= 17
    assert kept.get((0,)) is None
    assert kept.get((19,)) == STATE


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_files_are_the_users_own(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    Beginnings(folder, key="a").keep(TOKENS, STATE)
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)


def test_nothing_is_kept_where_nothing_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    for folder in (None, tmp_path / "file"):
        kept = Beginnings(folder, key="a")
        kept.keep(TOKENS, STATE)
        assert kept.get(TOKENS) is None


# With a model

PROMPT = Prompt(
    "You answer questions.", ("The mill closed in May. Ana Ruiz said so.\n", "Who said it?")
)


# The head and two parts.
CALLS = 3


class Bench:
    """A generator by itself in a process's place: loaded, asked, closed."""

    def __init__(self, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._found = locate(find(SMALL), models)
        self.read: list[int] = []
        decode = LlamaGenerator._decode

        def watched(
            generator: LlamaGenerator, tokens: Sequence[int], *, each: bool = False
        ) -> None:
            self.read.append(len(tokens))
            decode(generator, tokens, each=each)

        monkeypatch.setattr(LlamaGenerator, "_decode", watched)

    def ask(
        self,
        beginnings: Path | None,
        *,
        kernels: Kernels = Kernels(),  # noqa: B008  # frozen
    ) -> tuple[Draft, float]:
        """A draft and log-odds; `read` is then what the model read for the first prompt."""
        found = self._found
        with closing(
            LlamaGenerator(
                found.path,
                name=found.name,
                sha256=found.sha256,
                threads=1,
                context_tokens=512,
                kernels=kernels,
                beginnings=beginnings,
            )
        ) as generator:
            self.read.clear()
            odds = generator.opinion(PROMPT, yes=("Ana",), no=("Bo",)).odds
            first = list(self.read)
            draft = generator.generate(PROMPT, max_tokens=12)
            self.read = first
            return draft, odds


@pytest.fixture
def bench(models: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(models, monkeypatch)


def test_the_words_are_the_same_to_the_byte(bench: Bench, tmp_path: Path) -> None:
    without = bench.ask(None)
    whole = list(bench.read)
    assert len(whole) == CALLS
    assert bench.ask(tmp_path) == without
    assert bench.read == whole
    assert bench.ask(tmp_path) == without
    assert bench.read == whole[1:], "the head was read although it is remembered"


@pytest.mark.parametrize("harm", HARMS, ids=lambda harm: harm.__name__)
def test_a_harmed_file_changes_nothing(
    harm: Callable[[Path], None], bench: Bench, tmp_path: Path
) -> None:
    without = bench.ask(tmp_path)
    (file,) = tmp_path.iterdir()
    intact = file.read_bytes()
    harm(file)
    assert bench.ask(tmp_path) == without
    assert len(bench.read) == CALLS
    assert file.read_bytes() == intact


def test_a_state_that_llama_refuses_is_read_anew(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = bench.ask(None)
    monkeypatch.setattr(Beginnings, "get", lambda *_: b"no state of any model")
    assert bench.ask(tmp_path) == without
    assert len(bench.read) == CALLS


def test_other_kernels_have_a_memory_of_their_own(bench: Bench, tmp_path: Path) -> None:
    bench.ask(tmp_path)
    bench.ask(tmp_path, kernels=Kernels(batch=256))
    assert len(list(tmp_path.iterdir())) == 2
