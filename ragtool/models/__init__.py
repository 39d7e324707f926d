"""The pinned models: which there are, how they get here, and that they are intact.

`catalogue` and `find` say what there is; `pull` brings a model and checks it;
`located` gives the path of a model that was checked and no other; `verify`
hashes it anew; `listing` says what is on the disk. Loading a model is left to
`embedding` and `generation`.

Only `ragtool.models.hub` opens a socket.
"""

from __future__ import annotations

from ragtool.models.catalogue import (
    DEFAULT_EMBEDDER,
    DEFAULT_GENERATOR,
    Model,
    ModelFile,
    Part,
    catalogue,
    find,
)
from ragtool.models.hub import HUB
from ragtool.models.progress import Report
from ragtool.models.pulling import pull
from ragtool.models.verifying import Listing, Located, listing, locate, located, of_sha256, verify

__all__ = [
    "DEFAULT_EMBEDDER",
    "DEFAULT_GENERATOR",
    "HUB",
    "Listing",
    "Located",
    "Model",
    "ModelFile",
    "Part",
    "Report",
    "catalogue",
    "find",
    "listing",
    "locate",
    "located",
    "of_sha256",
    "pull",
    "verify",
]
