"""What the model remembers of a prompt's fixed beginning, kept for the next process.

Every prompt begins with one of a few system texts. Reading one takes a tenth
of a second or two, and taking up its memory from a file one thousandth. No
word of a document or a question stands in these files.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

from ragtool.folders import make_private

# A file has about half a megabyte; older ones are deleted.
_MOST = 16
_DIGEST = 32


class Beginnings:
    """States by tokens, in a folder of files.

    folder: None keeps them nowhere. key: all that a state depends on beside
    its tokens: model, library, settings. What is missing or damaged, or of
    another key, is not there; what can't be written is not kept.
    """

    def __init__(self, folder: Path | None, *, key: str) -> None:
        self._folder, self._key = folder, key

    def get(self, tokens: Sequence[int]) -> bytes | None:
        """The state after these tokens."""
        if self._folder is None:
            return None
        name = self._name(tokens)
        try:
            content = (self._folder / name).read_bytes()
        except OSError:
            return None
        state = content[_DIGEST:]
        return state if state and content[:_DIGEST] == _digest(name, state) else None

    def keep(self, tokens: Sequence[int], state: bytes) -> None:
        """Keeps the state, aside first, so that a reader sees all of it or nothing."""
        if self._folder is None:
            return
        name = self._name(tokens)
        aside = self._folder / (name + ".new")
        with contextlib.suppress(OSError):  # a home that can't be written, or a full disk
            make_private(self._folder)
            aside.unlink(missing_ok=True)
            aside.touch(mode=0o600)
            aside.write_bytes(_digest(name, state) + state)
            aside.replace(self._folder / name)
            self._prune(self._folder)

    def _prune(self, folder: Path) -> None:
        files = sorted(folder.glob("*.state"), key=lambda path: path.stat().st_mtime)
        for path in files[:-_MOST]:
            path.unlink()

    def _name(self, tokens: Sequence[int]) -> str:
        text = " ".join([self._key, *map(str, tokens)])
        return hashlib.sha256(text.encode()).hexdigest() + ".state"


def _digest(name: str, state: bytes) -> bytes:
    return hashlib.sha256(name.encode() + state).digest()
