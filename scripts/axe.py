"""Brings axe-core, with which the tests hold the pages of `--html` against the rules of WCAG.

npm fetches it from the registry that this machine is set up for. It is a tool
of the checks, under MPL-2.0, and no part of ragtool. Where it can't be had,
the tests that need it are skipped.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "axe-core@4.10.3"
# Of the packed file, as the registry hands it out.
SHA256 = "0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292"
_KEPT = ("package/axe.min.js", "package/LICENSE")
_SECONDS = 120


def bring(folder: Path) -> str:
    """Unpack axe-core to `folder`/package. Returns in a few words what came of it."""
    if all((folder / name).is_file() for name in _KEPT):
        return "there already"
    npm = shutil.which("npm")
    if npm is None:
        return "skipped, there is no npm"
    try:
        packed = _packed(npm)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"skipped, npm could not fetch it ({error})"
    if packed is None:
        return "skipped, npm could not fetch it"
    if hashlib.sha256(packed).hexdigest() != SHA256:
        return "skipped, what npm fetched is not the file that is pinned"
    _unpack(packed, folder)
    return "done"


def _packed(npm: str) -> bytes | None:
    """The packed file, None where npm gives none."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [npm, "pack", PACKAGE, "--silent", "--fetch-retries=1"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
        files = [*Path(folder).glob("*.tgz")]
        return files[0].read_bytes() if done.returncode == 0 and files else None


def _unpack(packed: bytes, folder: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed)) as held:
        for name in _KEPT:
            source = held.extractfile(name)
            assert source is not None, name  # the hash holds, so it is there
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(source.read())
