"""Sets .venv up from the locks, step by step, and only what is not there yet.

A step is finished when its stamp in .venv holds the digest of what it was made
from, so an interrupted set-up goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import machine
import torch_build
from machine import GB
from running import Board, ProgramFailed, Stopped, environment, run_logged

ROOT = Path(__file__).resolve().parent.parent
COMPILED = "llama-cpp-python"
EXPORT_LOCK = "ragtool/export-requirements.txt"

# A fresh set-up is followed by the download of the models.
_MODELS_ROOM = 2 * GB
# How many lines of a failed program are shown.
_TAIL = 15


@dataclass(frozen=True, slots=True)
class Environment:
    """The virtual environment of a project folder."""

    root: Path

    @property
    def folder(self) -> Path:
        """The folder .venv."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        windows = sys.platform == "win32"
        return self.folder / ("Scripts/python.exe" if windows else "bin/python")

    @property
    def site(self) -> Path:
        """Its site-packages; the folder itself where there is none yet."""
        places = [self.folder / "Lib" / "site-packages"]
        places += sorted(self.folder.glob("lib/python3.*/site-packages"))
        return next((place for place in reversed(places) if place.is_dir()), self.folder)

    @property
    def log(self) -> Path:
        """Where the set-up's programs write."""
        return self.folder / "setup.log"

    @property
    def stamps(self) -> Path:
        """The file that says which steps are finished."""
        return self.folder / "setup.json"

    def works(self) -> bool:
        """Whether its interpreter starts, is new enough and has pip."""
        code = "import sys, pip._internal; sys.exit(sys.version_info < (3, 10))"
        try:
            done = subprocess.run(
                [str(self.python), "-c", code], capture_output=True, env=environment(), check=False
            )
        except OSError:
            return False
        return done.returncode == 0

    def finished(self) -> dict[str, str]:
        """The digests of the finished steps, by title."""
        try:
            stamps = json.loads(self.stamps.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return stamps if isinstance(stamps, dict) else {}


@dataclass(frozen=True, slots=True)
class Step:
    """One part of the set-up.

    inputs: the files that it is made from. room: bytes that it may need on
    the disk while it runs. act: what it does.
    """

    title: str
    inputs: tuple[str, ...]
    room: int
    act: Callable[[Step, Environment, Board], None]


def steps(*, dev: bool) -> tuple[Step, ...]:
    """The set-up in its order; dev adds the tools of the checks."""
    lock = "requirements/{}.txt".format
    tools = Step("tools of the checks", (lock("dev"),), GB // 4, _install_locked)
    return (
        Step(".venv", (), GB // 20, _create),
        Step("pip and build tools", (lock("build"),), GB // 20, _install_locked),
        Step("libraries", (lock("run"),), GB // 2, _install_locked),
        Step(f"{COMPILED}, compiled here", (lock("compiled"),), GB, _install_compiled),
        Step("export of the embedder", (EXPORT_LOCK,), GB // 2, _install_locked),
        Step("torch, CPU build", ("scripts/torch_build.py",), 3 * GB // 2, _install_torch),
        *((tools,) if dev else ()),
        Step("ragtool itself", ("pyproject.toml", "ragtool/__init__.py"), 0, _install_project),
    )


def prepare(root: Path, board: Board, *, dev: bool) -> Environment:
    """Set up what is missing of the environment of `root`.

    Takes one step of the board for each of `steps`. Raises Stopped when
    something is missing that can't be set up.
    """
    env = Environment(root)
    todo = steps(dev=dev)
    pending = unfinished(todo, env) if env.works() else todo
    _check_machine(env, pending)
    for step in todo:
        if step in pending:
            _take(step, env, board)
        else:
            board.skip(step.title)
    return env


def unfinished(todo: Iterable[Step], env: Environment) -> tuple[Step, ...]:
    """The steps that were never finished, or whose files have changed since."""
    finished = env.finished()
    return tuple(step for step in todo if finished.get(step.title) != _digest(step, env.root))


def stamp(step: Step, env: Environment) -> None:
    """Mark a step as finished."""
    stamps = {**env.finished(), step.title: _digest(step, env.root)}
    aside = env.stamps.with_suffix(".new")
    aside.write_text(json.dumps(stamps, indent=1), encoding="utf-8")
    aside.replace(env.stamps)


def _take(step: Step, env: Environment, board: Board) -> None:
    """Carry a step out and stamp it."""
    board.begin(step.title)
    try:
        step.act(step, env, board)
    except ProgramFailed as failure:
        raise Stopped(_sentence(step, env, str(failure))) from failure
    except OSError as error:
        raise Stopped(machine.sentence(str(error)) or f"{step.title}: {error}.") from error
    stamp(step, env)
    board.end()


def _sentence(step: Step, env: Environment, output: str) -> str:
    """Why a step failed, from what its program printed."""
    known = machine.sentence(output)
    if known:
        return f"{known} (The log is {env.log}.)"
    tail = "\n".join(f"    {line}" for line in output.splitlines()[-_TAIL:])
    return f"{step.title}: the installation failed.\n{tail}\nThe whole log is {env.log}."


def _digest(step: Step, root: Path) -> str:
    """What a step is made from: its files, and where the project stands."""
    digest = hashlib.sha256(f"{root}\0".encode())
    for name in step.inputs:
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _check_machine(env: Environment, pending: Sequence[Step]) -> None:
    """Raise Stopped when the pending steps can't succeed on this machine."""
    acts = {step.act for step in pending}
    if _install_compiled in acts and not (machine.has_compiler() or _was_compiled(env)):
        raise Stopped(machine.no_compiler(sys.platform))
    places = [(env.root, step.room) for step in pending]
    if _create in acts:
        models = os.environ.get("RAGTOOL_MODELS")
        places.append((Path(models).absolute() if models else Path.home(), _MODELS_ROOM))
    machine.require_room(places)


def _was_compiled(env: Environment) -> bool:
    """Whether the compiled library is installed, or lies ready in pip's cache."""
    name = COMPILED.replace("-", "_")
    lock = (env.root / "requirements" / "compiled.txt").read_text(encoding="utf-8")
    wanted = f"{name}-{re.findall(r'==([^ ]+)', lock)[0]}"
    if any(env.site.glob(f"{wanted}.dist-info")):
        return True
    command = [sys.executable, "-m", "pip", "cache", "list", name]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    return f"{wanted}-".encode() in done.stdout


def _create(_: Step, env: Environment, board: Board) -> None:
    """Make the virtual environment anew."""
    if env.folder.exists():
        shutil.rmtree(env.folder)
    env.folder.mkdir()
    try:
        run_logged([sys.executable, "-m", "venv", str(env.folder)], log=env.log, tick=board.tick)
    except ProgramFailed as failure:
        if "ensurepip" not in str(failure):
            raise
        raise Stopped(
            "Python's venv module is incomplete: install it with `sudo apt install python3-venv` "
            "(Debian, Ubuntu), and run this again."
        ) from failure


def _install_locked(step: Step, env: Environment, board: Board) -> None:
    forget_half_installed(env.site)
    _pip(env, board, ["--require-hashes", "--no-deps", *_requirements(step, env)])


def _install_compiled(step: Step, env: Environment, board: Board) -> None:
    """Compile for this machine's processor; pip keeps the result in its cache."""
    forget_half_installed(env.site)
    # Verbose, so that the log tells how far the compiler is.
    wanted = ["--verbose", "--require-hashes", "--no-deps", *_requirements(step, env)]
    _pip(env, board, wanted, extra=without_amx())
    if _uses_amx(env):  # pip had one in its cache that was compiled without us
        anew = ["--force-reinstall", "--no-cache-dir", *wanted]
        _pip(env, board, anew, extra=without_amx())


def without_amx() -> dict[str, str]:
    """What keeps llama.cpp off AMX, which some compilers make crash (docs/decisions/0008)."""
    if sys.platform == "win32" or platform.machine().lower() not in {"x86_64", "amd64"}:
        return {}
    return {
        name: f"{os.environ.get(name, '')} -U__AMX_INT8__".strip()
        for name in ("CFLAGS", "CXXFLAGS")
    }


def _uses_amx(env: Environment) -> bool:
    """Whether the llama.cpp that is installed was compiled for AMX."""
    code = "import llama_cpp; print(llama_cpp.llama_print_system_info().decode())"
    command = [str(env.python), "-c", code]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False)
    return b"AMX_INT8 = 1" in done.stdout


def _install_torch(_: Step, env: Environment, board: Board) -> None:
    forget_half_installed(env.site)
    torch_build.install(
        lambda arguments: _pip(env, board, arguments), site=env.site, python=env.python
    )


def _install_project(_: Step, env: Environment, board: Board) -> None:
    _pip(env, board, ["--no-deps", "--no-build-isolation", "--editable", str(env.root)])


def _requirements(step: Step, env: Environment) -> list[str]:
    return [part for name in step.inputs for part in ("--requirement", str(env.root / name))]


def _pip(
    env: Environment,
    board: Board,
    arguments: Sequence[str],
    *,
    extra: Mapping[str, str] | None = None,
) -> None:
    command = [str(env.python), "-m", "pip", "install", "--no-input", "--progress-bar=off"]
    run_logged([*command, *arguments], log=env.log, tick=board.tick, extra=extra)


def forget_half_installed(site: Path) -> None:
    """Forget packages whose installation was interrupted, so that pip installs them again."""
    for record in site.glob("*.dist-info"):
        if not (record / "INSTALLER").exists():
            shutil.rmtree(record)
