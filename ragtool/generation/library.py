"""llama.cpp itself: whether it is sound, a model loaded, a context, text to tokens."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

from ragtool.errors import ModelError, SetupError
from ragtool.generation.header import architecture
from ragtool.reports import Kernels


def silence(api: Any) -> None:
    """Keeps llama.cpp's log off our streams, without touching the streams themselves."""
    if not hasattr(silence, "callback"):
        callback = api.llama_log_callback(lambda level, text, data: None)
        silence.callback = callback  # type: ignore[attr-defined]  # must outlive every call
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


def repacking() -> tuple[bool, ...]:
    """Whether weights may be laid out anew: the default first, then the other way if there is one.

    Raises ImportError, OSError or RuntimeError where llama.cpp can't be loaded.
    """
    import llama_cpp

    if _has_amx(llama_cpp):
        return (False,)
    usual = _repacks(llama_cpp)
    return usual, not usual


def _repacks(api: Any) -> bool:
    """Whether llama.cpp shall lay out the weights anew, for kernels of their own.

    With AVX-512 the plain kernels read 1.4 times as fast and write 0.8 times
    (docs/experiments.md), and ragtool reads 20 times as much as it writes. With
    this off no product goes through AMX either, see llama_faults.
    """
    return b"AVX512 = 1" not in api.llama_print_system_info()


def load_model(api: Any, path: Path, kernels: Kernels) -> Any:
    """The model of a GGUF file. Raises ModelError when llama.cpp refuses it."""
    parameters = api.llama_model_default_params()
    parameters.n_gpu_layers = 0
    wanted = _repacks(api) if kernels.repacked is None else kernels.repacked
    parameters.use_extra_bufts = wanted and not _has_amx(api)
    model = api.llama_model_load_from_file(str(path).encode("utf-8"), parameters)
    if not model:
        kind = architecture(path)
        of_kind = "" if kind is None else f", a model of the architecture {kind!r},"
        raise ModelError(
            f"{path}{of_kind} can't be loaded: damaged, not a language model that this"
            " llama.cpp knows, or too large for memory.",
            hint="Run: ragtool doctor",
        )
    return model


def open_context(
    api: Any,
    model: Any,
    tokens: int,
    threads: int,
    path: Path,
    *,
    kernels: Kernels,
    stop: Any,
    watch: Any,
) -> Any:
    """Room for so many tokens of prompt and reply. Raises ModelError without memory for it.

    stop: llama.cpp's abort callback, asked between two steps of its work. watch: its
    callback for tensors, see `Watching`.
    """
    parameters = api.llama_context_default_params()
    parameters.n_ctx = tokens
    parameters.n_batch = parameters.n_ubatch = kernels.batch
    # Flash attention never makes the attention that is watched.
    parameters.flash_attn_type = api.LLAMA_FLASH_ATTN_TYPE_DISABLED
    parameters.n_threads = parameters.n_threads_batch = threads
    parameters.no_perf = True
    parameters.abort_callback = stop
    parameters.cb_eval = watch
    context = api.llama_init_from_model(model, parameters)
    if not context:
        raise ModelError(
            f"There is not enough memory for {path.name}.",
            hint="Close programs, or use a smaller model.",
        )
    return context


def tensor_functions(api: Any) -> Any:
    """The library of ggml that llama.cpp uses, with its functions for tensors."""
    from llama_cpp._ctypes_extensions import load_shared_library

    return load_shared_library("ggml-base", Path(api.__file__).parent / "lib")


def tokenize(api: Any, vocab: Any, text: str, *, special: bool) -> list[int]:
    """The text's tokens; special: whether the vocabulary's marks in it count as such."""
    data = text.encode("utf-8", "replace")
    room = len(data) + 8
    tokens = (api.llama_token * room)()
    count = api.llama_tokenize(vocab, data, len(data), tokens, room, False, special)
    return list(tokens[: max(count, 0)])
