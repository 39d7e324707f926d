"""The turns of a chat around a prompt, as the model was trained on them."""

from __future__ import annotations

from typing import Any

from ragtool.errors import ModelError
from ragtool.generation.library import tokenize

# A chat template is rendered around these and then cut there, so that the
# contents are tokenised as plain text: "<|im_end|>" in a document stays text.
_SYSTEM, _USER = "\x02system\x02", "\x02user\x02"


def chat_frame(api: Any, model: Any, vocab: Any) -> tuple[list[int], list[int], list[int]]:
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
        tokenize(api, vocab, before, special=True),
        tokenize(api, vocab, between, special=True),
        tokenize(api, vocab, after, special=True),
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
