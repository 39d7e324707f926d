from __future__ import annotations

import ast
import io
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import axe
import bench_summaries
import machine
import running
import setup_env
import torch_build
from thresholds import THRESHOLDS, tally

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ("demo", "check", "setup_env", "running", "machine", "torch_build", "axe", "play_chat")
LOCKS = [
    ROOT / name
    for step in setup_env.steps(dev=True)
    for name in step.inputs
    if name.endswith(".txt")
]
# Modules whose package has another name.
PACKAGES = {"faiss": "faiss-cpu", "llama_cpp": "llama-cpp-python"}


def requirements(path: Path) -> list[tuple[Requirement, int]]:
    """A lock's requirements, each with the number of its hashes."""
    text = re.sub(r"^#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = text.replace("\\\n", " ").splitlines()
    return [
        (Requirement(entry.split("--hash")[0].strip()), entry.count("--hash=sha256:"))
        for entry in entries
    ]


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


def declared() -> dict[str, list[Requirement]]:
    """The requirements of pyproject.toml, by the list that they stand in."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    lists = {
        "run": project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
        **project["dependency-groups"],
    }
    return {name: [Requirement(text) for text in texts] for name, texts in lists.items()}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_pins_every_requirement_with_hashes_and_names_no_place(path: Path) -> None:
    found = requirements(path)
    assert found
    for requirement, hashes in found:
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert hashes >= 1, requirement
    assert not re.search(r"://|index|find-links|/home|/root|/tmp", path.read_text(encoding="utf-8"))


def test_locks_agree_and_leave_torch_and_cuda_out() -> None:
    pinned: dict[tuple[str, str], str] = {}
    for path in LOCKS:
        for requirement, _ in requirements(path):
            assert not torch_build.is_heavy(requirement.name)
            key = (requirement.name, str(requirement.marker))
            assert pinned.setdefault(key, str(requirement.specifier)) == str(requirement.specifier)


@pytest.mark.parametrize("group", ["run", "export", "dev", "build"])
def test_every_declared_requirement_is_locked_within_its_range(group: str) -> None:
    locked = [requirement for path in LOCKS for requirement, _ in requirements(path)]
    for wanted in declared()[group]:
        pins = [pin for pin in locked if pin.name.lower() == wanted.name.lower()]
        if wanted.name == "torch":
            versions = [torch_build.TORCH]
        else:
            versions = [next(iter(pin.specifier)).version for pin in pins]
        assert versions, wanted
        assert all(version in wanted.specifier for version in versions)


def test_what_the_package_imports_is_declared_and_nothing_else() -> None:
    standard = {*sys.stdlib_module_names, "ragtool", "tomli", "tomllib"}
    modules = {name for path in (ROOT / "ragtool").rglob("*.py") for name in imported(path)}
    used = {PACKAGES.get(name, name.replace("_", "-")) for name in modules - standard}
    needed = {requirement.name for requirement in declared()["run"]} - {"tomli"}
    extra = {requirement.name for requirement in declared()["export"]}
    assert needed <= used
    assert used <= needed | extra


def test_the_package_and_the_scripts_name_the_same_torch() -> None:
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "ragtool").rglob("*.py")]
    named = {found for text in sources for found in re.findall(r"torch==([\d.]+\d)", text)}
    assert named == {torch_build.TORCH}


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_use_the_standard_library_alone(name: str) -> None:
    assert imported(ROOT / "scripts" / f"{name}.py") <= {*sys.stdlib_module_names, *SCRIPTS}


@pytest.mark.parametrize(
    ("name", "heavy"),
    [
        ("torch", True),
        ("triton", True),
        ("pytorch-triton", True),
        ("nvidia-cublas", True),
        ("cuda-toolkit", True),
        ("onnx", False),
        ("sentence-transformers", False),
        ("torchmetrics", False),
    ],
)
def test_is_heavy(name: str, heavy: bool) -> None:
    assert torch_build.is_heavy(name) is heavy


class FakePip:
    """Stands for `pip install` and a registry whose torch has the given requirements."""

    def __init__(self, *requires: str) -> None:
        self.asked: list[list[str]] = []
        self._requires = requires

    def __call__(self, arguments: Sequence[str]) -> None:
        self.asked.append(list(arguments))
        if "--report" in arguments:
            item = {"metadata": {"name": "torch", "requires_dist": list(self._requires)}}
            report = Path(arguments[arguments.index("--report") + 1])
            report.write_text(json.dumps({"install": [item]}), encoding="utf-8")


def install_torch(pip: FakePip, site: Path) -> None:
    torch_build.install(pip, site=site, python=Path(sys.executable))


def test_torch_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / f"torch-{torch_build.TORCH}+cpu.dist-info").mkdir()
    pip = FakePip()
    install_torch(pip, tmp_path)
    assert pip.asked == []


only_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux has wheels with CUDA by default"
)


@only_linux
def test_torch_comes_from_the_registry_when_it_is_a_cpu_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build, "CPU_INDEX", "http://127.0.0.1:9")
    pip = FakePip("sympy", "triton>=3 ; sys_platform == 'win32'", "nvidia-x ; extra == 'all'")
    install_torch(pip, tmp_path)
    assert pip.asked[-1] == [f"torch=={torch_build.TORCH}", "--no-deps"]


@only_linux
def test_torch_with_cuda_is_refused_before_it_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch_build, "CPU_INDEX", "http://127.0.0.1:9")
    pip = FakePip("sympy", "nvidia-cublas==13 ; platform_system == 'Linux'", "triton==3")
    with pytest.raises(running.Stopped, match="2 CUDA packages"):
        install_torch(pip, tmp_path)
    assert all("--dry-run" in arguments for arguments in pip.asked)


@pytest.mark.parametrize(
    ("output", "meaning"),
    [
        pytest.param(
            "after connection broken by 'NewConnectionError(... Failed to establish a new "
            "connection: [Errno 111] Connection refused')': /pip/\n"
            "ERROR: Could not find a version that satisfies the requirement",
            machine.NO_NETWORK,
            id="refused",
        ),
        pytest.param(
            "[Errno -3] Temporary failure in name resolution", machine.NO_NETWORK, id="name"
        ),
        pytest.param(
            "ERROR: Could not find a version that satisfies the requirement pip==26.3 "
            "(from versions: none)",
            machine.NO_OFFER,
            id="none",
        ),
        pytest.param("ReadTimeoutError(...)", machine.NO_NETWORK, id="time-out"),
        pytest.param("OSError: [Errno 28] No space left on device", machine.NO_ROOM, id="full"),
        pytest.param(
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            machine.WRONG_HASH,
            id="hash",
        ),
        pytest.param(
            "CMake Error: No CMAKE_CXX_COMPILER could be found.",
            machine.no_compiler(sys.platform),
            id="no-compiler",
        ),
        pytest.param("error: expected ';' before '}' token", None, id="unknown"),
    ],
)
def test_sentence(output: str, meaning: str | None) -> None:
    assert machine.sentence(output) == meaning


@pytest.mark.parametrize(
    ("platform", "advice"),
    [
        ("linux", "apt install build-essential"),
        ("linux", "dnf install gcc-c++"),
        ("linux", "pacman -S base-devel"),
        ("darwin", "xcode-select --install"),
        ("win32", "Desktop development with C++"),
        ("freebsd14", "compiler is missing"),
    ],
)
def test_no_compiler_says_what_to_install(platform: str, advice: str) -> None:
    assert advice in machine.no_compiler(platform)


def test_require_room_adds_up_what_goes_to_one_disk(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    machine.require_room([(tmp_path / "not" / "yet", 1)])
    with pytest.raises(running.Stopped, match="too little room"):
        machine.require_room([(tmp_path, free * 2 // 3), (tmp_path / "models", free * 2 // 3)])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (37.4, "37 s"), (59.7, "1:00 min"), (245.0, "4:05 min")],
)
def test_clock(seconds: float, text: str) -> None:
    assert running.clock(seconds) == text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("", ""),
        ("Collecting a==1\nRequirement already satisfied: b\n", "2 packages so far"),
        ("Collecting a==1\nInstalling collected packages: a\n", "writing the packages"),
        ("  [1/193] Building C object\n  [12/193] Building CXX object\n", "12 of 193 compiled"),
        ("[  7%] Building C object\n", "7% compiled"),
    ],
)
def test_how_far(output: str, text: str) -> None:
    assert running.how_far(output) == text


def test_environment_keeps_the_build_native_and_pip_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("SOURCE_DATE_EPOCH", "PIP_TARGET", "PYTHONPATH"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PIP_INDEX_URL", "http://mirror.invalid")
    kept = running.environment({"HF_HUB_OFFLINE": "1"})
    assert not {"SOURCE_DATE_EPOCH", "PIP_TARGET", "PYTHONPATH"} & kept.keys()
    assert kept["PIP_INDEX_URL"] == "http://mirror.invalid"
    assert kept["HF_HUB_OFFLINE"] == "1"


def test_run_logged_keeps_the_output_and_raises_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    running.run_logged([sys.executable, "-c", "print('well')"], log=log, tick=lambda _: None)
    code = "import sys; print('no good'); sys.exit(2)"
    with pytest.raises(running.ProgramFailed, match=r"\Ano good\s*\Z"):
        running.run_logged([sys.executable, "-c", code], log=log, tick=lambda _: None)
    assert "well" in log.read_text(encoding="utf-8")


def test_board_numbers_the_steps_and_is_quiet_in_a_log() -> None:
    stream = io.StringIO()
    board = running.Board(3, stream=stream)
    board.begin("first")
    board.tick("much")
    board.end()
    board.skip("second")
    board.begin("third")
    board.end("FAILED with exit code 1")
    lines = stream.getvalue().splitlines()
    assert lines == [
        "[1/3] first ...",
        "[1/3] first: done, 0.0 s",
        "[2/3] second: there already",
        "[3/3] third ...",
        "[3/3] third: FAILED with exit code 1, 0.0 s",
    ]


def project_copy(root: Path) -> Path:
    """The files of a set-up in a folder of their own."""
    for name in ("requirements", "scripts"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "ragtool").mkdir()
    for name in ("pyproject.toml", "ragtool/__init__.py", "ragtool/export-requirements.txt"):
        shutil.copy(ROOT / name, root / name)
    return root


def test_a_finished_step_stays_finished_until_its_files_change(tmp_path: Path) -> None:
    env = setup_env.Environment(project_copy(tmp_path))
    env.folder.mkdir()
    todo = setup_env.steps(dev=True)
    assert setup_env.unfinished(todo, env) == todo
    for step in todo[:-1]:
        setup_env.stamp(step, env)
    assert setup_env.unfinished(todo, env) == todo[-1:]
    with (env.root / "requirements" / "run.txt").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    titles = [step.title for step in setup_env.unfinished(todo, env)]
    assert titles == ["libraries", "ragtool itself"]


def test_damaged_stamps_count_as_none(tmp_path: Path) -> None:
    env = setup_env.Environment(tmp_path)
    env.folder.mkdir()
    env.stamps.write_text('{".venv": "12', encoding="utf-8")
    assert env.finished() == {}
    assert not env.works()


def test_half_installed_packages_are_installed_again(tmp_path: Path) -> None:
    for name, whole in (("done-1.dist-info", True), ("half-1.dist-info", False)):
        (tmp_path / name).mkdir()
        if whole:
            (tmp_path / name / "INSTALLER").write_text("pip\n", encoding="utf-8")
    setup_env.forget_half_installed(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["done-1.dist-info"]


def run_demo(root: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull, **extra}
    return subprocess.run(
        [sys.executable, str(root / "scripts" / "demo.py")],
        capture_output=True,
        encoding="utf-8",
        env=environment,
        check=False,
    )


def test_demo_without_a_network_ends_in_a_sentence(tmp_path: Path) -> None:
    extra = {"PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_FIND_LINKS": "", "CC": "", "CXX": ""}
    done = run_demo(project_copy(tmp_path), **extra)
    if "C++ compiler is missing" in done.stderr:
        pytest.skip("this machine has no compiler, which is said first")
    assert done.returncode == 1
    assert done.stdout == ""
    assert "The package registry can't be reached" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="compilers aren't found by PATH there")
@pytest.mark.skipif(sys.platform == "darwin", reason="compilers aren't found by PATH there")
def test_demo_without_a_compiler_says_so_before_anything_is_made(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    root = project_copy(tmp_path)
    cache = {"PIP_CACHE_DIR": str(empty), "CC": "", "CXX": ""}
    done = run_demo(root, PATH=str(empty), **cache)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "apt install build-essential" in done.stderr.splitlines()[-1]
    assert not (root / ".venv").exists()


@pytest.mark.parametrize("script", ["demo", "check"])
def test_the_python_that_is_too_old_is_told_before_anything_else(script: str) -> None:
    tree = ast.parse((ROOT / "scripts" / f"{script}.py").read_text(encoding="utf-8"))
    first = [node for node in tree.body if not isinstance(node, ast.Expr)][:2]
    assert isinstance(first[0], ast.Import)
    assert isinstance(first[1], ast.If)
    assert "version_info" in ast.dump(first[1].test)


@pytest.mark.parametrize(
    ("processor", "platform", "expected"),
    [
        pytest.param("x86_64", "linux", "-O2 -U__AMX_INT8__", id="linux-x86"),
        pytest.param("AMD64", "linux", "-O2 -U__AMX_INT8__", id="another-spelling"),
        pytest.param("arm64", "darwin", None, id="mac"),
        pytest.param("AMD64", "win32", None, id="windows"),
    ],
)
def test_llama_is_compiled_without_amx(
    monkeypatch: pytest.MonkeyPatch, processor: str, platform: str, expected: str | None
) -> None:
    monkeypatch.setattr("platform.machine", lambda: processor)
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv("CFLAGS", "-O2")
    assert setup_env.without_amx().get("CFLAGS") == expected


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for npm is a shell script")
@pytest.mark.parametrize(
    ("npm", "told"),
    [
        (None, "skipped, there is no npm"),
        ("exit 1", "skipped, npm could not fetch it"),
        ("echo changed > axe-core.tgz", "skipped, what npm fetched is not the file that is pinned"),
    ],
    ids=["no npm", "no network", "another file"],
)
def test_axe_that_can_not_be_had_is_done_without(
    npm: str | None, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if npm is not None:
        (tmp_path / "npm").write_text(f"#!/bin/sh\n{npm}\n")
        (tmp_path / "npm").chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert axe.bring(tmp_path / "axe") == told
    assert not (tmp_path / "axe").exists()


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("the mill burned down", (1.0, 1.0, 1.0)),
        ("down burned mill the", (1.0, 0.0, 0.25)),
        ("a barn", (0.0, 0.0, 0.0)),
        ("the mill", (2 / 3, 0.5, 2 / 3)),
    ],
    ids=["same", "turned round", "other", "half"],
)
def test_rouge(text: str, scores: tuple[float, ...]) -> None:
    assert bench_summaries.rouge(text, "The mill burned down.") == pytest.approx(scores)


def test_what_a_threshold_trades_is_tallied() -> None:
    others = [(-float(at), False, False) for at in range(1, 11)]
    answerable = [(-0.5, True, True), (-1.5, True, False), (2.5, True, True), (-9.5, True, True)]
    told = dict(zip(THRESHOLDS, tally([*others, *answerable]).split("\n"), strict=True))
    assert told[-2.0].endswith("2 right, 1 wrong of 4 (50%, 25%); 8 of 10 others refused (80%)")
    assert told[-0.5].endswith("2 right, 0 wrong of 4 (50%, 0%); 10 of 10 others refused (100%)")
    assert told[2.0].endswith("1 right, 0 wrong of 4 (25%, 0%); 10 of 10 others refused (100%)")
