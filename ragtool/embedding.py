"""Texts to vectors, on ONNX Runtime, and the export that makes that possible.

The only module that imports sentence_transformers, torch, tokenizers and
onnxruntime. Run as `python -m ragtool.embedding FOLDER TARGET` it exports an
embedding model; everything else here does without torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragtool.errors import ModelError
from ragtool.folders import make_private
from ragtool.placing import place
from ragtool.protocols import Vectors

if TYPE_CHECKING:
    import onnxruntime
    import tokenizers

GRAPH = "unpadded.onnx"
CARD = "unpadded.json"
# Texts of one length are read together up to so many tokens: what a batch takes
# then stays in a core's cache, and the weights are still read for many tokens at once.
BATCH_TOKENS = 256
# The largest difference of any component that an export may show.
TOLERANCE = 1e-4

# What ONNX Runtime's one operator for several does more slowly than the several:
# addition and LayerNormalization six times, Gelu twice (docs/performance.md).
_SLOWER_FUSED = ["SkipLayerNormFusion", "BiasGeluFusion"]

_PROBES = (
    "The minister denied on Tuesday that any records had been destroyed.",
    "Who said so?",
    "",
    "Le préfet a démenti. Представитель отказался от комментариев. 記者会見で否定した。",
    " ".join(f"Paragraph {n} of a text longer than the model reads." for n in range(60)),
)


class OnnxEmbedder:
    """A sentence-transformers model, exported, on ONNX Runtime.

    folder: the model's own folder, with the export in `onnx/`. threads: how
    many cores to use, each for batches of its own. Raises ModelError when the
    export is missing or damaged. The graph itself is opened for the first text.
    """

    def __init__(self, folder: Path, *, threads: int) -> None:
        target = folder / "onnx"
        card = _read_card(target)
        self._fingerprint: str = card["fingerprint"]
        self._dimensions: int = card["dimensions"]
        self._tokenizer = _open_tokenizer(folder, card["max_tokens"])
        self._graph, self._threads = target / GRAPH, threads

    @cached_property
    def _session(self) -> onnxruntime.InferenceSession:
        return _open_session(self._graph)

    @property
    def fingerprint(self) -> str:
        """See `Embedder`."""
        return self._fingerprint

    @property
    def dimensions(self) -> int:
        """See `Embedder`."""
        return self._dimensions

    def embed(self, texts: Sequence[str], on_batch: Callable[[int], None] | None = None) -> Vectors:
        """Unit vectors, float32 (len(texts), dimensions), in the order of the texts.

        Texts of one length are read together, so hand over many at once.
        on_batch is told how many texts are done.
        """
        import numpy as np

        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        encodings = self._tokenizer.encode_batch([_encodable(text) for text in texts])
        tokens = [encoding.ids for encoding in encodings]
        done = 0
        # Batches side by side, a core each, lose less than one batch on all cores.
        with ThreadPoolExecutor(self._threads, thread_name_prefix="embedder") as cores:
            batches = _batches(tokens)
            found = cores.map(lambda rows: self._run([tokens[i] for i in rows]), batches)
            for rows, matrix in zip(batches, found, strict=True):
                vectors[rows] = matrix
                done += len(rows)
                if on_batch is not None:
                    on_batch(done)
        return vectors

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        """The vectors of texts of one length."""
        import numpy as np

        (output,) = self._session.run(None, {"input_ids": np.asarray(tokens, dtype=np.int64)})
        vectors: Vectors = np.asarray(output, dtype=np.float32)
        return vectors


def _batches(tokens: Sequence[Sequence[int]]) -> list[list[int]]:
    """Which texts are read together, by their places: those of one length.

    The longest first, so that the cores end at about the same time.
    """
    lengths: defaultdict[int, list[int]] = defaultdict(list)
    for at, each in enumerate(tokens):
        lengths[len(each)].append(at)
    return [
        places[at : at + size]
        for length, places in sorted(lengths.items(), reverse=True)
        for size in (max(1, BATCH_TOKENS // length),)
        for at in range(0, len(places), size)
    ]


def export(folder: Path, target: Path) -> None:
    """Writes the model in `folder` as an ONNX graph into `target`, and checks it.

    The graph takes the token ids of texts of one length, without padding and so
    without a mask, and gives unit vectors. They must agree with
    sentence-transformers' own to TOLERANCE in every component, or nothing is
    kept. Raises ModelError.
    """
    import numpy as np
    import torch
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    model.eval()
    make_private(target)
    aside = target / (GRAPH + ".part")
    with torch.no_grad():
        expected = model.encode(list(_PROBES), normalize_embeddings=True, convert_to_numpy=True)
        _write_graph(model, aside)
    card = {
        "dimensions": int(expected.shape[1]),
        "max_tokens": int(model.max_seq_length or 512),
        "sha256": _sha256(aside),
        "fingerprint": _fingerprint(folder),
    }
    place(aside, target / GRAPH)
    _write_card(target, card)
    difference = float(np.abs(OnnxEmbedder(folder, threads=1).embed(_PROBES) - expected).max())
    if difference > TOLERANCE:
        (target / CARD).unlink()
        raise ModelError(
            f"The ONNX export of {folder.name} differs from sentence-transformers"
            f" by {difference:.1e}, more than {TOLERANCE:.0e}.",
            hint="Nothing was kept; please report it with the versions of torch and onnx.",
        )
    _write_card(target, card | {"difference": difference})


def _write_graph(model: Any, path: Path) -> None:
    import torch

    class Pipeline(torch.nn.Module):
        """The whole of sentence-transformers' stack: encoder, pooling, normalising."""

        def __init__(self) -> None:
            super().__init__()
            self.stack = model

        def forward(self, input_ids: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": torch.ones_like(input_ids)}
            vectors = self.stack(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, p=2, dim=1)

    _fuse_attention(model)
    # Sizes that no dimension of the model has, so that the tracer can't confuse them.
    ids = torch.ones((3, 17), dtype=torch.int64)
    torch.onnx.export(
        Pipeline().eval(),
        (ids,),
        str(path),
        input_names=["input_ids"],
        output_names=["vectors"],
        dynamic_shapes=({0: torch.export.Dim("batch"), 1: torch.export.Dim("tokens")},),
        dynamo=True,
        external_data=False,
        verbose=False,
    )


def _fuse_attention(model: Any) -> None:
    """Has the encoder's attention exported as one operator of ONNX Runtime's own.

    Torch's attention becomes a dozen plain ones, which take a third of the time
    with masks for padding that is not there. The model itself can't run afterwards.
    """
    import torch
    from transformers import AttentionInterface, AttentionMaskInterface

    def attend(
        module: Any, query: Any, key: Any, value: Any, mask: None, *, scaling: float, **_: object
    ) -> tuple[Any, None]:
        batch, heads, tokens, size = query.shape  # those of key and value too
        together = (batch, tokens, heads * size)
        attended = torch.onnx.ops.symbolic(
            "com.microsoft::MultiHeadAttention",
            [each.transpose(1, 2).reshape(together) for each in (query, key, value)],
            {"num_heads": heads, "scale": scaling},
            dtype=query.dtype,
            shape=together,
            version=1,
        )
        return attended.view(batch, tokens, heads, size), None

    AttentionInterface.register("onnxruntime", attend)
    AttentionMaskInterface.register("onnxruntime", lambda *_, **__: None)
    model[0].auto_model.set_attn_implementation("onnxruntime")


def _fingerprint(folder: Path) -> str:
    """Of the weights and the tokenizer: the graph only says the same in other words."""
    parts = (_sha256(folder / "model.safetensors"), _sha256(folder / "tokenizer.json"))
    return hashlib.sha256("".join(parts).encode()).hexdigest()[:16]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _write_card(target: Path, card: dict[str, Any]) -> None:
    aside = target / (CARD + ".part")
    stamped = card | {"stamp": _stamp(target / GRAPH)}
    aside.write_text(json.dumps(stamped, indent=1) + "\n", encoding="utf-8")
    place(aside, target / CARD)


def _stamp(graph: Path) -> list[int]:
    """Size and time of change: while they stand, the hash need not be taken again."""
    status = graph.stat()
    return [status.st_size, status.st_mtime_ns]


def _read_card(target: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads((target / CARD).read_text(encoding="utf-8"))
        whole = card["stamp"] == _stamp(target / GRAPH) or card["sha256"] == _sha256(target / GRAPH)
    except (OSError, ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise ModelError(
            f"The embedding model in {target.parent} has no ONNX export.",
            hint="Run: ragtool models pull",
        )
    return card


def _open_tokenizer(folder: Path, max_tokens: int) -> tokenizers.Tokenizer:
    import tokenizers

    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:  # tokenizers raises bare Exception
        raise ModelError(
            f"{folder / 'tokenizer.json'} can't be read: {error}.", hint="Run: ragtool models pull"
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_length=max_tokens)
    return tokenizer


def _open_session(graph: Path) -> onnxruntime.InferenceSession:
    # Its builds report to their maker unless told not to, before they are loaded and,
    # on Windows, after. The command line says it too; this is for other programs.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    onnxruntime.disable_telemetry_events()
    options = onnxruntime.SessionOptions()
    # A call computes in the thread that makes it; several may at once.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            str(graph),
            options,
            providers=["CPUExecutionProvider"],
            disabled_optimizers=_SLOWER_FUSED,
        )
    except Exception as error:  # onnxruntime's exceptions share no base but Exception
        raise ModelError(
            f"{graph} can't be loaded: it is damaged.", hint="Run: ragtool models pull"
        ) from error


def _encodable(text: str) -> str:
    """The text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def main(arguments: Sequence[str]) -> int:
    """Exports arguments[0] into arguments[1]; 0 when it held, else 1 and a sentence."""
    folder, target = (Path(argument) for argument in arguments)
    try:
        export(folder, target)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except ImportError as error:
        sys.stderr.write(f"The export needs {error.name}: pip install 'ragtool[export]'\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
