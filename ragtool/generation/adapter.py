"""A LoRA adapter: small changes of a model's weights, for some of what it reads.

The passages are read without it, the question behind them with it, as an "activated"
LoRA is used (Greenewald et al. 2025, arXiv 2504.12397): what the model remembers of
the passages then serves both ways of reading.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ragtool.errors import ModelError


class Adapter:
    """An adapter of one model in one context, not applied at first; without a file, none.

    Raises ModelError when the file is no adapter of the model. The model frees it.
    """

    def __init__(self, api: Any, model: Any, context: Any, file: Path | None) -> None:
        self._api, self._context = api, context
        self._adapter = None
        if file is not None:
            self._adapter = api.llama_adapter_lora_init(model, str(file).encode("utf-8"))
            if not self._adapter:
                raise ModelError(
                    f"{file} is no adapter of the language model.", hint="Run: ragtool doctor"
                )

    @contextmanager
    def applied(self) -> Iterator[None]:
        """What is read until the end is read with the adapter."""
        if self._adapter is None:
            yield
            return
        kind = self._api.llama_adapter_lora_p_ctypes
        self._api.llama_set_adapters_lora(
            self._context, (kind * 1)(self._adapter), 1, (ctypes.c_float * 1)(1.0)
        )
        try:
            yield
        finally:
            self._api.llama_set_adapters_lora(self._context, None, 0, None)
