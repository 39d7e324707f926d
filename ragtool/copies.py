"""Documents that are the same article twice: equal, or nearly, by MinHash.

A signature estimates how much two texts share of their runs of five words
(Broder, "On the resemblance and containment of documents", 1997). It is cut
into bands, and two texts that are alike agree on a band nearly always, so that
copies are found without comparing every pair (locality-sensitive hashing).
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b

from ragtool.words import words

# Two texts that share this much of their runs of words are one article: another
# outlet's title, a byline or a note below it leaves more, a second article on
# the same event less.
ALIKE = 0.8
_RUN = 5
# At a share of 0.8, 20 bands of 6 miss one pair in 400.
_BANDS, _ROWS = 20, 6
_SEED = 1


def signature(text: str) -> bytes:
    """The text's MinHash: 120 numbers of 32 bits, little-endian; b"" for less than a run."""
    import numpy as np
    from rensa import RMinHash

    runs = sorted(_runs(text))
    if not runs:
        return b""
    sketch = RMinHash(num_perm=_BANDS * _ROWS, seed=_SEED)
    sketch.update(runs)
    return np.array(sketch.digest(), dtype="<u4").tobytes()


def bands(signature: bytes) -> Iterator[int]:
    """The hashes of a signature's bands, 63 bits each; none for an empty signature."""
    size = 4 * _ROWS
    for number, at in enumerate(range(0, len(signature), size)):
        band = blake2b(signature[at : at + size], digest_size=8, salt=bytes([number]))
        yield int.from_bytes(band.digest(), "big") >> 1


def likeness(one: bytes, other: bytes) -> float:
    """The share of their runs of words that two texts have in common, estimated, in [0, 1]."""
    import numpy as np

    if not one or len(one) != len(other):
        return 0.0
    return float(np.mean(np.frombuffer(one, "<u4") == np.frombuffer(other, "<u4")))


def overlap(one: str, other: str) -> float:
    """The share of the shorter text's runs of words that the other has too, in [0, 1]."""
    ours, theirs = sorted((_runs(one), _runs(other)), key=len)
    if not ours:
        return float(words(one) == words(other))
    return len(ours & theirs) / len(ours)


def _runs(text: str) -> set[str]:
    found = words(text)
    return {" ".join(found[at : at + _RUN]) for at in range(len(found) - _RUN + 1)}
