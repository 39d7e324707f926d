"""Prompts to text and to log-odds, with a GGUF model on llama.cpp.

It uses the low-level API: decoding is greedy, so no sampler is needed, and the
model's memory of a prompt's earlier parts is kept for the next prompt that
begins with the same parts.
"""

from __future__ import annotations

import codecs
import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ragtool.errors import ModelError
from ragtool.generation.adapter import Adapter
from ragtool.generation.attention import Seen, Watching, covering
from ragtool.generation.beginnings import Beginnings
from ragtool.generation.calls import Calls
from ragtool.generation.frame import chat_frame
from ragtool.generation.library import load_model, open_context, silence, tokenize
from ragtool.generation.lookup import guess
from ragtool.generation.memory import Part, PutBy, shared, size
from ragtool.records import Draft, Look, Opinion, Prompt, Span
from ragtool.reports import Kernels

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# How often a thread of GNU OpenMP looks again before it sleeps. By default it
# looks for milliseconds, and where another program wants the same core, two
# threads then wait for each other: 0.9 tokens/s instead of 12 were measured.
SPINS = "10000"


class LlamaGenerator:
    """One GGUF model, loaded.

    path: the file, verified by the caller. threads: for prompt and reply.
    look: called often while the model works, see `Calls`. beginnings: a folder
    where the model's memory of system texts is kept for the next process, None
    for nowhere. adapter: a LoRA adapter for `look`. Raises ModelError when a file
    can't be loaded.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str,
        sha256: str,
        threads: int,
        context_tokens: int = 4096,
        look: Callable[[], None] | None = None,
        kernels: Kernels = Kernels(),  # noqa: B008  # it is frozen
        beginnings: Path | None = None,
        adapter: Path | None = None,
    ) -> None:
        # Read once, when the library is loaded; the user's own choice stands.
        os.environ.setdefault("GOMP_SPINCOUNT", SPINS)
        import llama_cpp

        self._api: Any = llama_cpp
        self._name = name
        self._sha256 = sha256
        silence(llama_cpp)
        self._model = load_model(llama_cpp, path, kernels)
        trained = int(llama_cpp.llama_model_n_ctx_train(self._model))
        self._context_tokens = min(context_tokens, trained) if trained > 0 else context_tokens
        self._calls = Calls(llama_cpp, look=look)
        self._watching = Watching(llama_cpp)
        self._context = open_context(
            llama_cpp,
            self._model,
            self._context_tokens,
            threads,
            path,
            kernels=kernels,
            stop=self._calls.stop,
            watch=self._watching.callback,
        )
        self._adapter = Adapter(llama_cpp, self._model, self._context, adapter)
        self._batch = kernels.batch
        build = f"{llama_cpp.__version__} {llama_cpp.llama_print_system_info()!r}"
        self._beginnings = Beginnings(
            beginnings, key=f"{sha256} {build} {kernels} {self._context_tokens}"
        )
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._vocab_size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self._frame = chat_frame(llama_cpp, self._model, self._vocab)
        self._kept: list[Part] = []
        self._put_by = PutBy(llama_cpp, self._context)

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
        self._calls.close()
        self._api.llama_free(self._context)
        self._api.llama_model_free(self._model)

    def count_tokens(self, text: str) -> int:
        """How many tokens the text takes as part of a prompt."""
        return len(self.tokens(text))

    def tokens(self, text: str) -> list[int]:
        """The text's tokens as part of a prompt."""
        return tokenize(self._api, self._vocab, text, special=False)

    def tokens_of(self, text: str, spans: Sequence[Span]) -> list[range]:
        """Which of the text's tokens have a part of each span, at least one."""
        ends = accumulate(len(self._piece(token)) for token in self.tokens(text))
        return covering(text, list(ends), spans)

    def parts(self, prompt: Prompt) -> list[Part]:
        """The prompt's tokens: of its head, with the system text, and of each part."""
        before, between, after = self._frame
        head = before + self.tokens(prompt.system) + between
        parts = [self.tokens(part) for part in prompt.parts if part]
        parts[-1] = parts[-1] + after
        return [tuple(head), *map(tuple, parts)]

    def generate(
        self, prompt: Prompt, *, max_tokens: int, on_text: Callable[[str], None] | None = None
    ) -> Draft:
        """The reply, greedily decoded. See `Generator`."""
        prompt_tokens = self._read(prompt, room=max_tokens)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pieces: list[str] = []
        written = 0
        finished = False
        for token in islice(self._continue(), max_tokens):
            if token is None:
                finished = True
                break
            written += 1
            pieces.append(decoder.decode(self._piece(token)))
            if on_text is not None and pieces[-1]:
                on_text(pieces[-1])
        return Draft("".join(pieces).strip(), prompt_tokens, written, finished)

    def opinion(self, prompt: Prompt, *, yes: Sequence[str], no: Sequence[str]) -> Opinion:
        """How much likelier the reply begins with yes than with no. See `Generator`."""
        self._read(prompt, room=1)
        return Opinion(self._odds(yes, no))

    def look(self, prompt: Prompt, *, at: Sequence[Span], asked: Span) -> Look:
        """Where the model looks, with its adapter if it has one. See `Generator`."""
        import numpy as np

        *before, _, _ = self.parts(prompt)
        rows = self.tokens_of(prompt.parts[-1], (asked,))[0]
        columns = self.tokens_of(prompt.parts[-2], at)
        first = size(before)
        seen = Seen(rows, [range(first + one.start, first + one.stop) for one in columns])
        self._read(prompt, room=0, seen=seen)
        if not seen.mass:  # a kind of model, or a llama.cpp, that tells nothing of it
            return Look(*(np.zeros((0, 0, 0), np.float32) for _ in range(3)))
        return Look(
            np.stack([seen.mass[layer] for layer in sorted(seen.mass)]) / np.float32(len(rows)),
            np.stack([seen.peak[layer] for layer in sorted(seen.peak)]),
            np.stack([np.concatenate(seen.states[layer]) for layer in sorted(seen.states)]),
        )

    def _odds(self, yes: Sequence[str], no: Sequence[str]) -> float:
        import numpy as np

        logits = self._logits().astype(np.float64)
        return self._log_mass(logits, yes) - self._log_mass(logits, no)

    def _log_mass(self, logits: NDArray[np.float64], words: Sequence[str]) -> float:
        import numpy as np

        first = sorted({self.tokens(word)[0] for word in words})
        return float(np.logaddexp.reduce(logits[first]))

    def _continue(self) -> Iterator[int | None]:
        """Tokens as they are decided; None, the last, when the model ends its turn."""
        tokens = [token for part in self._kept for token in part]
        decided = [self._likeliest(-1)]
        while True:
            for token in decided:
                if self._api.llama_vocab_is_eog(self._vocab, token):
                    yield None
                    return
                yield token
            tokens += decided
            decided = self._decide(tokens)

    def _decide(self, tokens: Sequence[int]) -> list[int]:
        """The next tokens, at least one; all of `tokens` but the last were read."""
        guessed = guess(tokens)
        if not guessed:
            self._decode(tokens[-1:])
            return [self._likeliest(-1)]
        self._decode((tokens[-1], *guessed), each=True)
        decided = [self._likeliest(at) for at in range(len(guessed) + 1)]
        right = shared(guessed, decided)
        self._api.llama_memory_seq_rm(self._memory, 0, len(tokens) + right, -1)
        return decided[: right + 1]

    def _likeliest(self, at: int) -> int:
        return int(self._logits(at).argmax())

    def _read(self, prompt: Prompt, *, room: int, seen: Seen | None = None) -> int:
        """Evaluates the prompt, as far as the model doesn't remember it; its tokens.

        A part is evaluated in calls of its own, so that a part gives the same
        numbers whether what stands before it was remembered or read again.
        seen: takes what is seen while the last part is read.
        """
        parts = self.parts(prompt)
        total = size(parts)
        if total + room > self._context_tokens:
            raise ModelError(
                f"The prompt has {total} tokens, and {self.name} takes"
                f" {self._context_tokens} with its reply.",
                hint="Ask a shorter question, or with a smaller -k.",
            )
        if not shared(self._kept, parts):
            self._turn_to(parts)
        same = shared(self._kept, parts)
        self._cut(parts[: min(same, len(parts) - 1)])  # the last part is read for its logits
        if not self._kept:
            self._begin(parts[0])
        for part in parts[len(self._kept) : -1]:
            self._decode(part)
            self._kept.append(part)
        if seen is None:
            self._decode(parts[-1])
            self._kept.append(parts[-1])
        else:
            with self._adapter.applied(), self._watching.taking(seen):
                self._decode(parts[-1])
            self._cut(self._kept)  # by the adapter it is read otherwise
        return total

    def _turn_to(self, parts: Sequence[Part]) -> None:
        """Puts by what is remembered, and takes up what was put by where the prompt begins so."""
        found = self._put_by.copy_for(parts)
        self._cut(self._kept[:-1])
        self._put_by.keep(self._kept)
        if found is not None and self._put_by.restore(found):
            self._kept = list(found.parts)

    def _cut(self, parts: Sequence[Part]) -> None:
        """Forgets all but these parts, with which what is remembered begins."""
        self._kept = []  # nothing, should this be interrupted
        self._api.llama_memory_seq_rm(self._memory, 0, size(parts), -1)
        self._kept = list(parts)

    def _begin(self, head: tuple[int, ...]) -> None:
        """Reads the head of a prompt, whose system text is the same time and again, or
        takes what the model remembered of it the last time, to the same bit."""
        state = self._beginnings.get(head)
        if state is None or not self._remember(state):
            self._decode(head)
            self._beginnings.keep(head, self._memory_of_all())
        self._kept = [head]

    def _remember(self, state: bytes) -> bool:
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        taken = self._api.llama_state_seq_set_data(self._context, buffer, len(state), 0)
        if not taken:
            self._forget()
        return bool(taken)

    def _memory_of_all(self) -> bytes:
        size = self._api.llama_state_seq_get_size(self._context, 0)
        buffer = (ctypes.c_uint8 * size)()
        self._api.llama_state_seq_get_data(self._context, buffer, size, 0)
        return bytes(buffer)

    def _decode(self, tokens: Sequence[int], *, each: bool = False) -> None:
        """Reads the tokens; for the logits of the last one, or of each (of one call's at most)."""
        for at in range(0, len(tokens), self._batch):
            block = tokens[at : at + self._batch]
            array = (self._api.llama_token * len(block))(*block)
            batch = self._api.llama_batch_get_one(array, len(block))
            wanted = (ctypes.c_int8 * len(block))(*([1] * len(block)))
            if each:
                batch.logits = ctypes.cast(wanted, ctypes.POINTER(ctypes.c_int8))
            self._watching.reads(len(block))
            try:
                status = self._calls.run(self._api.llama_decode, self._context, batch)
            except BaseException:
                self._forget()
                raise
            if status != 0:
                self._forget()
                raise ModelError(f"{self.name} stopped while reading (llama.cpp code {status}).")

    def _forget(self) -> None:
        self._api.llama_memory_clear(self._memory, True)
        self._kept = []

    def _logits(self, at: int = -1) -> NDArray[np.float32]:
        """Of one token of the last call, -1 for the last; a view that the next call overwrites."""
        import numpy as np

        pointer = self._api.llama_get_logits_ith(self._context, at)
        view: NDArray[np.float32] = np.ctypeslib.as_array(pointer, shape=(self._vocab_size,))
        return view

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(256)
        size = self._api.llama_token_to_piece(self._vocab, token, buffer, 256, 0, False)
        return buffer.raw[: max(size, 0)]
