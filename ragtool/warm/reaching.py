"""The warm process found, or started where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from ragtool import models
from ragtool.config import Settings
from ragtool.pipeline.machine import available_memory
from ragtool.warm import identity
from ragtool.warm.place import Place, locked
from ragtool.warm.talking import Absent, Line, call

# Seconds that a process may take until it can be called; the models come later.
START_SECONDS = 60.0
_PAUSE = 0.03
# How much of the model's memory must be available before a process may keep it.
_ROOM = 2


def reach(place: Place, settings: Settings) -> Line:
    """A line to the warm process, which is started where there is none.

    Commands that come at the same moment start one together. Raises Absent
    where it doesn't come up or would not find the memory, and Lost.
    """
    until = time.monotonic() + START_SECONDS
    try:
        while time.monotonic() < until:
            with suppress(Absent):
                return call(place)
            with locked(place.starting) as mine:
                if mine:
                    return _started(place, settings, until)
            time.sleep(_PAUSE)
    except OSError as error:
        raise Absent("It can't be started.") from error
    raise Absent("It does not come up.")


def _started(place: Place, settings: Settings, until: float) -> Line:
    with suppress(Absent):
        return call(place)  # another command may have started it since
    if not has_room(settings):
        raise Absent("There is too little memory to keep a model.")
    process = _start(settings, place.folder)
    while time.monotonic() < until and process.poll() is None:
        with suppress(Absent):
            return call(place)
        time.sleep(_PAUSE)
    raise Absent("It does not come up.")


def has_room(settings: Settings) -> bool:
    """Whether the memory that is available is twice what the model takes, or not known."""
    available = available_memory()
    return available is None or available >= _ROOM * _memory(settings)


def _memory(settings: Settings) -> int:
    """Bytes that the generator of the settings takes, about."""
    for model in models.catalogue():
        if model.name == settings.generator:
            return model.memory or model.bytes
    return Path(settings.generator).stat().st_size


def _start(settings: Settings, folder: Path) -> subprocess.Popen[bytes]:
    """The process, apart from the command: its terminal, its streams, its folder, its end."""
    return subprocess.Popen(
        [sys.executable, "-m", "ragtool.warm.server", identity.code(), str(settings.warm_minutes)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        close_fds=True,
        cwd=folder,
        env=_environment(),
        start_new_session=True,
        creationflags=_apart(),
    )


def _apart() -> int:
    """Windows' word for a process without our console, so without its Ctrl-C; 0 elsewhere."""
    if sys.platform == "win32":
        return subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    return 0


def _environment() -> dict[str, str]:
    """Ours, with the folder of this package first: the process runs the same code."""
    given = os.environ.get("PYTHONPATH", "")
    others = [str(Path(each).absolute()) for each in given.split(os.pathsep) if each]
    path = [str(identity.PACKAGE.parent), *others]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
