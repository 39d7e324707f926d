"""What the header of a GGUF file says of its model, read without llama.cpp.

The format is llama.cpp's, version 2 and later: magic, version, counts of
tensors and of entries, then the entries, each a name, a type and a value.
"""

from __future__ import annotations

import struct
from pathlib import Path

_ARCHITECTURE = b"general.architecture"
_MAGIC, _TEXT = b"GGUF", 8
# It is the first entry in files that were made by llama.cpp's own tools.
_BEGINNING = 4096


def architecture(path: Path) -> str | None:
    """The model's architecture as its first entry names it, such as "llama"; else None."""
    try:
        with path.open("rb") as file:
            beginning = file.read(_BEGINNING)
        magic, version, _, entries, length = struct.unpack_from("<4sIQQQ", beginning)
        at = struct.calcsize("<4sIQQQ")
        name = beginning[at : at + length]
        kind, size = struct.unpack_from("<IQ", beginning, at + length)
        value = beginning[at + length + 12 : at + length + 12 + size]
    except (OSError, OverflowError, struct.error):
        return None
    if magic != _MAGIC or version < 2 or not entries or name != _ARCHITECTURE or kind != _TEXT:
        return None
    known = value.decode("utf-8", "replace")
    return known if 0 < len(value) == size < 64 else None
