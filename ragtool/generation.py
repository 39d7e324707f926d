"""Prompts to text and to log-odds, with a GGUF model on llama.cpp.

The only module that imports llama_cpp. It uses the low-level API: decoding is
greedy, so no sampler is needed, and the model's memory of a prompt's earlier
parts is kept for the next prompt that begins with the same parts.
"""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragtool.errors import ModelError, SetupError
from ragtool.records import Draft, Prompt

# How many tokens llama.cpp takes in one call.
BATCH = 512
# How often a thread of GNU OpenMP looks again before it sleeps. By default it
# looks for milliseconds, and where another program wants the same core, two
# threads then wait for each other: 0.9 tokens/s instead of 12 were measured.
SPINS = "10000"
# A chat template is rendered around these and then cut there, so that the
# contents are tokenised as plain text: "<|im_end|>" in a document stays text.
_SYSTEM, _USER = "\x02system\x02", "\x02user\x02"


class LlamaGenerator:
    """One GGUF model, loaded.

    path: the file, verified by the caller. threads: for prompt and reply.
    Raises ModelError when the file can't be loaded.
    """

    def __init__(
        self, path: Path, *, name: str, sha256: str, threads: int, context_tokens: int = 4096
    ) -> None:
        # Read once, when the library is loaded; the user's own choice stands.
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        import llama_cpp

        self._api: Any = llama_cpp
        self._name = name
        self._sha256 = sha256
        _silence(llama_cpp)
        self._model = _load(llama_cpp, path)
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        self._context_tokens = min(context_tokens, trained) if trained > 0 else context_tokens
        self._context = _context(llama_cpp, self._model, self._context_tokens, threads, path)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._vocab_size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._frame = _chat_frame(llama_cpp, self._model, self._vocab)
        self._kept: list[tuple[int, ...]] = []

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    @property
    def sha256(self) -> str:
        """Of the file, as the caller verified it."""
        return self._sha256

    @property
    def context_tokens(self) -> int:
        """See `Generator`."""
        return self._context_tokens

    def close(self) -> None:
        """Gives the memory back; the generator can't be used afterwards."""
        self._api.llama_free(self._context)
        self._api.llama_model_free(self._model)

    def count_tokens(self, text: str) -> int:
        """How many tokens the text takes as part of a prompt."""
        return len(self._tokens(text))

    def generate(
        self, prompt: Prompt, *, max_tokens: int, on_text: Callable[[str], None] | None = None
    ) -> Draft:
        """The reply, greedily decoded. See `Generator`."""
        prompt_tokens = self._read(prompt, room=max_tokens)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pieces: list[str] = []
        written = 0
        finished = False
        for token in self._continue(max_tokens):
            if token is None:
                finished = True
                break
            written += 1
            pieces.append(decoder.decode(self._piece(token)))
            if on_text is not None and pieces[-1]:
                on_text(pieces[-1])
        return Draft("".join(pieces).strip(), prompt_tokens, written, finished)

    def log_odds(self, prompt: Prompt, *, yes: Sequence[str], no: Sequence[str]) -> float:
        """How much likelier the reply begins with yes than with no. See `Generator`."""
        self._read(prompt, room=1)
        logits = self._logits().astype(np.float64)
        return self._log_mass(logits, yes) - self._log_mass(logits, no)

    def _log_mass(self, logits: NDArray[np.float64], words: Sequence[str]) -> float:
        first = sorted({self._tokens(word)[0] for word in words})
        return float(np.logaddexp.reduce(logits[first]))

    def _continue(self, max_tokens: int) -> Iterator[int | None]:
        """Tokens as they are decided; None when the model ends its turn."""
        for _ in range(max_tokens):
            token = int(self._logits().argmax())
            if self._api.llama_vocab_is_eog(self._vocab, token):
                yield None
                return
            yield token
            self._decode((token,))

    def _read(self, prompt: Prompt, *, room: int) -> int:
        """Evaluates the prompt, as far as the model doesn't remember it; its tokens.

        A part is evaluated in calls of its own, so that a part gives the same
        numbers whether what stands before it was remembered or read again.
        """
        parts = self._prompt_tokens(prompt)
        total = sum(map(len, parts))
        if total + room > self._context_tokens:
            raise ModelError(
                f"The prompt has {total} tokens, and {self.name} takes"
                f" {self._context_tokens} with its reply.",
                hint="Ask with a smaller -k.",
            )
        same = _shared(self._kept, parts)
        same = min(same, len(parts) - 1)  # the last part is read for its logits
        kept = sum(map(len, parts[:same]))
        self._api.llama_memory_seq_rm(self._memory, 0, kept, -1)
        self._kept = parts[:same]
        for part in parts[same:]:
            self._decode(part)
            self._kept.append(part)
        return total

    def _prompt_tokens(self, prompt: Prompt) -> list[tuple[int, ...]]:
        before, between, after = self._frame
        head = before + self._tokens(prompt.system) + between
        parts = [self._tokens(part) for part in prompt.parts if part]
        parts[-1] = parts[-1] + after
        return [tuple(head), *map(tuple, parts)]

    def _decode(self, tokens: Sequence[int]) -> None:
        for at in range(0, len(tokens), BATCH):
            block = tokens[at : at + BATCH]
            array = (self._api.llama_token * len(block))(*block)
            batch = self._api.llama_batch_get_one(array, len(block))
            status = self._api.llama_decode(self._context, batch)
            if status != 0:
                self._api.llama_memory_clear(self._memory, True)
                self._kept = []
                raise ModelError(f"{self.name} stopped while reading (llama.cpp code {status}).")

    def _logits(self) -> NDArray[np.float32]:
        """Of the last token read; a view that the next call overwrites."""
        pointer = self._api.llama_get_logits_ith(self._context, -1)
        view: NDArray[np.float32] = np.ctypeslib.as_array(pointer, shape=(self._vocab_size,))
        return view

    def _tokens(self, text: str) -> list[int]:
        return _tokenize(self._api, self._vocab, text, special=False)

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self._api.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(size, 0)]


def _shared(kept: Sequence[Sequence[int]], parts: Sequence[Sequence[int]]) -> int:
    """How many leading parts are the same in both."""
    for at, (old, new) in enumerate(zip(kept, parts, strict=False)):
        if old != new:
            return at
    return min(len(kept), len(parts))


def _silence(api: Any) -> None:
    """Keeps llama.cpp's log off our streams, without touching the streams themselves."""
    if not hasattr(_silence, "callback"):
        callback = api.llama_log_callback(lambda level, text, data: None)
        _silence.callback = callback  # type: ignore[attr-defined]  # must outlive every call
        api.llama_log_set(callback, ctypes.c_void_p(0))
        api.llama_backend_init()


def llama_faults() -> SetupError | None:
    """What is wrong with the llama.cpp that is installed, None if nothing.

    Compiled by some compilers for a processor with AMX, llama.cpp crashes in
    its first matrix product: the compiler drops the tile configuration
    (llama.cpp issue 20824 and pull request 26954).
    """
    try:
        import llama_cpp
    except (ImportError, OSError, RuntimeError) as error:
        return SetupError(f"can't be loaded: {error}", hint="pip install llama-cpp-python")
    if not _has_amx(llama_cpp):
        return None
    return SetupError(
        "was compiled for AMX, which may crash; it is kept from using it and reads more slowly",
        hint="CFLAGS=-U__AMX_INT8__ CXXFLAGS=-U__AMX_INT8__ pip install --force-reinstall"
        " --no-deps --no-cache-dir llama-cpp-python",
    )


def _has_amx(api: Any) -> bool:
    return b"AMX_INT8 = 1" in api.llama_print_system_info()


def _load(api: Any, path: Path) -> Any:
    parameters = api.llama_model_default_params()
    parameters.n_gpu_layers = 0
    # See llama_faults: with this off no product goes through AMX.
    parameters.use_extra_bufts = not _has_amx(api)
    model = api.llama_model_load_from_file(str(path).encode("utf-8"), parameters)
    if not model:
        raise ModelError(
            f"{path} can't be loaded: damaged, not a language model, or too large for memory.",
            hint="Run: ragtool doctor",
        )
    return model


def _context(api: Any, model: Any, tokens: int, threads: int, path: Path) -> Any:
    parameters = api.llama_context_default_params()
    parameters.n_ctx = tokens
    parameters.n_batch = parameters.n_ubatch = BATCH
    parameters.n_threads = parameters.n_threads_batch = threads
    parameters.no_perf = True
    context = api.llama_init_from_model(model, parameters)
    if not context:
        raise ModelError(
            f"There is not enough memory for {path.name}.",
            hint="Close programs, or use a smaller model.",
        )
    return context


def _chat_frame(api: Any, model: Any, vocab: Any) -> tuple[list[int], list[int], list[int]]:
    """The template's tokens before the system text, between it and the user's, and after."""
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    template = api.llama_model_chat_template(model, None)
    if not template:
        raise ModelError(
            "The model has no chat template: it was not made to follow instructions.",
            hint="Use an instruct model, for example: ragtool models list",
        )
    formatter = Jinja2ChatFormatter(
        template=template.decode("utf-8"), eos_token="", bos_token=_bos(api, vocab)
    )
    text = _render(formatter)
    before, rest = text.split(_SYSTEM)
    between, after = rest.split(_USER)
    return (
        _tokenize(api, vocab, before, special=True),
        _tokenize(api, vocab, between, special=True),
        _tokenize(api, vocab, after, special=True),
    )


def _render(formatter: Any) -> str:
    system = {"role": "system", "content": _SYSTEM}
    user = {"role": "user", "content": _USER}
    try:
        text: str = formatter(messages=[system, user]).prompt
    except Exception:  # a template may refuse system turns in any way it likes
        text = ""
    if _SYSTEM not in text:
        user = {"role": "user", "content": _SYSTEM + "\n\n" + _USER}
        text = formatter(messages=[user]).prompt
    return text


def _bos(api: Any, vocab: Any) -> str:
    token = api.llama_vocab_bos(vocab)
    if token < 0 or not api.llama_vocab_get_add_bos(vocab):
        return ""
    text: str = api.llama_vocab_get_text(vocab, token).decode("utf-8", "replace")
    return text


def _tokenize(api: Any, vocab: Any, text: str, *, special: bool) -> list[int]:
    data = text.encode("utf-8", "replace")
    room = len(data) + 8
    tokens = (api.llama_token * room)()
    count = api.llama_tokenize(vocab, data, len(data), tokens, room, False, special)
    return list(tokens[: max(count, 0)])
