"""The exported embedder against sentence-transformers, and the contract that the fake keeps too."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fakes import FakeEmbedder
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ragtool.embedding import OnnxEmbedder
from ragtool.errors import ModelError
from ragtool.models import DEFAULT_EMBEDDER, find, locate
from ragtool.pipeline import remembering
from ragtool.pipeline.remembering import RememberingEmbedder
from ragtool.protocols import Embedder, Vectors

TEXTS = (
    "The minister denied on Tuesday that any records had been destroyed.",
    "Who said so?",
    "",
    " \n\t ",
    "a",
    "Le préfet a démenti. Представитель отказался от комментариев. 記者会見で否定した。",
    "“Nobody,” she said, “was told.”",
    "e\u0301 and é, \u200bzero width, \ufeffBOM, \x00 NUL, \U0001f5de newspaper",
    " ".join(f"Witness {n} told the inquiry of a payment of {n * 7} euros." for n in range(200)),
    "word" * 3000,
)


@pytest.fixture
def folder(models: Path) -> Path:
    return locate(find(DEFAULT_EMBEDDER), models).path


@pytest.fixture(params=["fake", "real"])
def any_embedder(request: pytest.FixtureRequest) -> Embedder:
    """The same cases on both: what holds for one holds for the other."""
    if request.param == "fake":
        return FakeEmbedder()
    real: OnnxEmbedder = request.getfixturevalue("embedder")
    return real


def agree(one: Vectors, other: Vectors, *, within: float = 1e-5) -> bool:
    return bool(np.abs(one - other).max() <= within)


# The contract


def test_shape_and_type(any_embedder: Embedder) -> None:
    vectors = any_embedder.embed(TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), any_embedder.dimensions)
    assert any_embedder.embed([]).shape == (0, any_embedder.dimensions)
    assert any_embedder.fingerprint.strip()


def test_rows_have_length_one(any_embedder: Embedder) -> None:
    lengths = np.linalg.norm(any_embedder.embed(TEXTS), axis=1)
    assert np.abs(lengths - 1).max() < 1e-5


def test_the_order_is_kept_whatever_the_batches(any_embedder: Embedder) -> None:
    texts = [text for text in TEXTS for _ in range(3)][::-1]
    apart = np.concatenate([any_embedder.embed([text]) for text in texts])
    assert agree(any_embedder.embed(texts), apart)


def test_the_same_texts_give_the_same_bytes(any_embedder: Embedder) -> None:
    assert any_embedder.embed(TEXTS).tobytes() == any_embedder.embed(TEXTS).tobytes()


def test_a_long_text_is_cut(any_embedder: Embedder) -> None:
    long = "The council met again. " * 2000
    longer, other = long + "Nobody came.", "Nobody came. " + long
    first, second, third = any_embedder.embed([long, longer, other])
    assert agree(first, second)
    assert not agree(first, third)


def test_lone_surrogates_are_no_error(any_embedder: Embedder) -> None:
    vectors = any_embedder.embed(["half a pair \ud83d here", "\udfff"])
    assert np.isfinite(vectors).all()


def test_what_shares_words_is_nearer(any_embedder: Embedder) -> None:
    question, near, far = any_embedder.embed(
        ["who closed the harbour", "the mayor closed the harbour", "opera tickets sell out"]
    )
    assert question @ near > question @ far + 0.1


@pytest.mark.parametrize("batch", [1, 8, 100])
def test_batches_are_told(embedder: OnnxEmbedder, batch: int) -> None:
    told: list[int] = []
    embedder.embed(["one two three"] * batch, told.append)
    assert told == sorted(told)
    assert told[-1] == batch


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(max_size=80), min_size=1, max_size=12), data=st.data())
def test_a_text_has_its_vector_whoever_stands_beside_it(
    embedder: OnnxEmbedder, texts: list[str], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    vectors = embedder.embed(texts)
    assert agree(embedder.embed([texts[i] for i in order]), vectors[list(order)], within=2e-5)


# The oracle

_REFERENCE = """
import json, sys
import numpy as np
from sentence_transformers import SentenceTransformer
folder, texts, target = sys.argv[1], json.loads(sys.stdin.read()), sys.argv[2]
model = SentenceTransformer(folder, device="cpu", local_files_only=True)
np.save(target, model.encode(texts, normalize_embeddings=True, convert_to_numpy=True))
"""


@pytest.mark.slow
def test_it_agrees_with_sentence_transformers(
    embedder: OnnxEmbedder, folder: Path, tmp_path: Path
) -> None:
    """In a process of its own: torch stays out of the one that the other tests run in."""
    target = tmp_path / "reference.npy"
    subprocess.run(
        [sys.executable, "-c", _REFERENCE, str(folder), str(target)],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"},
        input=json.dumps(TEXTS),
        encoding="utf-8",
        capture_output=True,
        check=True,
    )
    assert agree(embedder.embed(TEXTS), np.load(target), within=1e-4)
    assert "torch" not in sys.modules


# What is missing or damaged


def copied(folder: Path, target: Path) -> Path:
    """The embedder's folder, all but the weights, which only an export reads."""
    shutil.copytree(folder, target, ignore=shutil.ignore_patterns("*.safetensors"))
    return target


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1000])


def flip(path: Path) -> None:
    """Bytes in the middle changed; size and time of change as before."""
    status = path.stat()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 64] = bytes(byte ^ 0xFF for byte in content[middle : middle + 64])
    path.write_bytes(content)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1_000_000_000))


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def junk(path: Path) -> None:
    path.write_text('{"dimensions": ', encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "harm"),
    [
        ("onnx/unpadded.onnx", remove),
        ("onnx/unpadded.onnx", empty),
        ("onnx/unpadded.onnx", cut_short),
        ("onnx/unpadded.onnx", flip),
        ("onnx/unpadded.json", remove),
        ("onnx/unpadded.json", empty),
        ("onnx/unpadded.json", junk),
        ("tokenizer.json", remove),
        ("tokenizer.json", cut_short),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_harmed_export_is_a_model_error(
    name: str, harm: Callable[[Path], None], folder: Path, tmp_path: Path
) -> None:
    model = copied(folder, tmp_path / "model")
    harm(model / name)
    with pytest.raises(ModelError) as raised:
        OnnxEmbedder(model, threads=1)
    assert "ragtool models pull" in raised.value.hint


@pytest.mark.parametrize("card", ["[]", "null", "{}", '{"stamp": 1, "sha256": 2}'])
def test_a_card_that_is_none_is_a_model_error(card: str, folder: Path, tmp_path: Path) -> None:
    model = copied(folder, tmp_path / "model")
    (model / "onnx" / "unpadded.json").write_text(card, encoding="utf-8")
    with pytest.raises(ModelError):
        OnnxEmbedder(model, threads=1)


def test_a_copied_export_is_hashed_and_taken(folder: Path, tmp_path: Path) -> None:
    model = copied(folder, tmp_path / "model")
    os.utime(model / "onnx" / "unpadded.onnx")
    assert OnnxEmbedder(model, threads=1).dimensions == 384


def test_the_same_texts_are_not_embedded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeEmbedder()
    one = RememberingEmbedder(fake)
    texts = ["the minister", "the mayor"]
    first = one.embed(texts)
    assert np.array_equal(first, FakeEmbedder().embed(texts))
    assert np.array_equal(one.embed(tuple(texts)), first)
    assert fake.texts == texts
    assert np.array_equal(one.embed(texts[::-1]), first[::-1])
    assert fake.texts == [*texts, *texts[::-1]]
    monkeypatch.setattr(remembering, "CALLS", 2)
    fake.texts.clear()
    for text in ("a", "b", "a", "c", "a", "b"):
        one.embed([text])
    assert fake.texts == ["a", "b", "c", "b"]
    monkeypatch.setattr(remembering, "TEXTS", 1)
    for _ in range(2):
        one.embed(texts)
    assert fake.texts == ["a", "b", "c", "b", *texts, *texts]
