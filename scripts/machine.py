"""What the set-up needs of the machine: a C++ compiler, room on the disk, a network.

Each check ends in a plain sentence that says what to do.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from running import Stopped

GB = 1_000_000_000

NO_COMPILER = {
    "linux": (
        "A C++ compiler is missing: install one with `sudo apt install build-essential` (Debian, "
        "Ubuntu), `sudo dnf install gcc-c++ make` (Fedora) or `sudo pacman -S base-devel` (Arch), "
        "and run this again."
    ),
    "darwin": "A C++ compiler is missing: install one with `xcode-select --install`, "
    "and run this again.",
    "win32": (
        "A C++ compiler is missing: install Visual Studio Build Tools with the workload "
        '"Desktop development with C++", and run this again.'
    ),
}
NO_NETWORK = (
    "The package registry can't be reached: connect this machine to the network "
    "(or set pip's proxy or index for it), and run this again; what is done is kept."
)
NO_OFFER = (
    "The package registry can't be reached, or it has nothing for this Python and platform: "
    "connect this machine to the network, or use a common Python from 3.10 on, and run this again."
)
NO_ROOM = "There is no room left on the disk: free some, and run this again; what is done is kept."
WRONG_HASH = (
    "A package that was delivered is not the one that the lock names: "
    "run this again, and don't trust the network or mirror in use if it stays so."
)

# What pip and the build tools print, old and new, and what it means. The first that fits counts.
_SIGNS = (
    (r"No space left on device|Errno 28\b|WinError 112|not enough space on the disk", NO_ROOM),
    (r"PACKAGES DO NOT MATCH THE HASHES", WRONG_HASH),
    (
        r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ReadTimeoutError|ProxyError"
        r"|Failed to establish a new connection|Connection (refused|reset|aborted)"
        r"|Temporary failure in name resolution|getaddrinfo failed|Network is unreachable"
        r"|Could not reach|Failed to connect to|timed out",
        NO_NETWORK,
    ),
    # Told not to try again, pip doesn't say why it found nothing.
    (r"\(from versions: none\)", NO_OFFER),
)
_NO_COMPILER_SIGNS = re.compile(
    r"No CMAKE_CXX?_COMPILER could be found|CMAKE_CXX?_COMPILER not set"
    r"|is not a full path and was not found|is not able to compile a simple test program"
    r"|could not find any instance of Visual Studio|Microsoft Visual C\+\+ .* is required",
    re.IGNORECASE,
)


def sentence(output: str) -> str | None:
    """What a failed installation's output means; None when it fits nothing known."""
    if _NO_COMPILER_SIGNS.search(output):
        return no_compiler(sys.platform)
    return next((meaning for sign, meaning in _SIGNS if re.search(sign, output)), None)


def no_compiler(platform: str) -> str:
    """What to install for a compiler on a platform of sys.platform's names."""
    return NO_COMPILER.get(platform, NO_COMPILER["linux"])


def has_compiler() -> bool:
    """Whether a C and a C++ compiler are there, as far as can be told without using them."""
    if sys.platform == "win32":
        return _has_visual_studio() or _finds_unix_compilers(os.environ)
    if sys.platform == "darwin" and not os.environ.get("CXX"):
        # /usr/bin/c++ is there even when the tools behind it aren't.
        return _succeeds("xcode-select", "-p")
    return _finds_unix_compilers(os.environ)


def _finds_unix_compilers(environ: Mapping[str, str]) -> bool:
    def found(variable: str, *usual: str) -> bool:
        chosen = environ.get(variable, "").split()
        return any(shutil.which(name) for name in (chosen[:1] or usual))

    return found("CC", "cc", "gcc", "clang") and found("CXX", "c++", "g++", "clang++")


def _has_visual_studio() -> bool:
    programs = os.environ.get("PROGRAMFILES(X86)", r"C:\Program Files (x86)")
    finder = Path(programs) / "Microsoft Visual Studio" / "Installer" / "vswhere.exe"
    if shutil.which("cl"):
        return True
    if not finder.exists():
        return False
    tools = ["-products", "*", "-requires", "Microsoft.VisualStudio.Component.VC.Tools.*"]
    done = subprocess.run(
        [str(finder), *tools, "-requiresAny", "-property", "installationPath"],
        capture_output=True,
        check=False,
    )
    return bool(done.stdout.strip())


def _succeeds(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def require_room(places: Iterable[tuple[Path, int]]) -> None:
    """Raise Stopped unless each disk has room for all that is to go there.

    places: folders, which needn't exist yet, with the bytes that go into them.
    """
    needed: dict[int, int] = {}
    folders: dict[int, Path] = {}
    for place, size in places:
        folder = _nearest(place)
        disk = folder.stat().st_dev
        folders.setdefault(disk, folder)
        needed[disk] = needed.get(disk, 0) + size
    for disk, size in needed.items():
        free = shutil.disk_usage(folders[disk]).free
        if free < size:
            raise Stopped(
                f"There is too little room on the disk of {folders[disk]}: {size / GB:.1f} GB are "
                f"needed and {free / GB:.1f} GB are free; free some, and run this again."
            )


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.exists())
