"""Who may import whom, and what an import or a command may load."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ragtool"
SMALL = "smollm2-135m-instruct-q4_1"

# From the top. A unit is a module beside ragtool/__init__.py, or a whole package.
LAYERS = (
    {"__main__", "cli"},
    {"warm"},
    {"pipeline", "rendering"},
    {
        "retrieval",
        "evidence",
        "prompt",
        "citations",
        "confidence",
        "conversation",
        "salience",
        "comparing",
    },
    {"attribution", "asked", "beside", "checking", "quoting", "shortening", "standing", "support"},
    {"store", "models"},
    {"readers", "chunking", "embedding", "vectors", "generation", "question_sets", "saved"},
    {
        "sentences",
        "paragraphs",
        "words",
        "amounts",
        "links",
        "scopes",
        "phrases",
        "senses",
        "mentions",
        "people",
        "coreference",
        "roles",
        "titles",
        "first_names",
        "cues",
        "scoring",
        "copies",
        "languages",
    },
    {"protocols", "results", "reports", "guard", "folders", "placing"},
    {"records", "errors"},
)
# config stands beside the layers: who reads it, and what it reads.
CONFIG_READERS = {"cli", "pipeline", "warm"}
CONFIG_READS = {"models", "errors"}
# Rendering sees nouns only.
RENDERING_READS = {"records", "results", "reports"}
# Within these layers the units are steps of one way down, not siblings.
STEPS = (LAYERS[0], LAYERS[4], LAYERS[7])
# A library, and the only modules that import it.
SOLE_IMPORTERS = {
    "faiss": {"ragtool.vectors.library"},
    "sentence_transformers": {"ragtool.embedding"},
    "torch": {"ragtool.embedding"},
    "onnxruntime": {"ragtool.embedding"},
    "tokenizers": {"ragtool.embedding"},
    "rensa": {"ragtool.copies"},
    "faker": {"ragtool.first_names"},
    "llama_cpp": {
        "ragtool.generation.frame",
        "ragtool.generation.library",
        "ragtool.generation.llama",
    },
    "socket": {"ragtool.models.hub"},
    "multiprocessing": {"ragtool.warm.talking"},
    "urllib.request": {"ragtool.models.hub"},
    "http": {"ragtool.models.hub"},
}
HEAVY = {
    *("faiss", "sentence_transformers", "transformers", "torch", "onnxruntime", "tokenizers"),
    *("llama_cpp", "trafilatura", "lxml", "platformdirs"),
}
LONGEST = 330


@dataclass(frozen=True)
class Import:
    """One import. at_once: it happens when the module is imported."""

    importer: str
    target: str
    line: int
    in_function: bool
    at_once: bool

    def __str__(self) -> str:
        return f"{self.importer} line {self.line} imports {self.target}"


class Imports(ast.NodeVisitor):
    """Collects the imports of one module, relative ones made absolute."""

    def __init__(self, name: str, *, is_package: bool) -> None:
        self.found: list[Import] = []
        self._name = name
        self._home = name if is_package else name.rpartition(".")[0]
        self._functions = 0
        self._typing = 0

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._functions += 1
        self.generic_visit(node)
        self._functions -= 1

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node: ast.If) -> None:
        only_types = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        self._typing += only_types
        self.generic_visit(node)
        self._typing -= only_types

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        above = self._home.split(".")[: -(node.level - 1) or None] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            whole = f"{base}.{alias.name}"
            self._add(whole if whole in MODULES else base, node.lineno)

    def _add(self, target: str, line: int) -> None:
        at_once = not self._functions and not self._typing
        self.found.append(Import(self._name, target, line, bool(self._functions), at_once))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def all_imports() -> Iterator[Import]:
    for name, path in MODULES.items():
        visitor = Imports(name, is_package=path.name == "__init__.py")
        visitor.visit(ast.parse(path.read_text(encoding="utf-8")))
        yield from visitor.found


IMPORTS = tuple(all_imports())
# ragtool/__init__.py itself loads nothing and holds the version: anyone may read it.
OWN = tuple(one for one in IMPORTS if one.target.startswith("ragtool."))


def unit(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def between_units() -> Iterator[Import]:
    return (one for one in OWN if unit(one.importer) != unit(one.target))


def layer(name: str) -> int:
    return next(number for number, units in enumerate(LAYERS) if name in units)


def is_allowed(importer: str, target: str) -> bool:
    if importer == "config":
        return target in CONFIG_READS
    if target == "config":
        return importer in CONFIG_READERS
    if importer == "rendering":
        return target in RENDERING_READS
    upper, lower = layer(importer), layer(target)
    return upper < lower or (upper == lower and LAYERS[upper] in STEPS)


def test_the_imports_were_found() -> None:
    assert Import("ragtool.__main__", "ragtool.cli", 3, False, True) in OWN
    assert any(one.target == "llama_cpp" and one.in_function for one in IMPORTS)
    assert len(OWN) > 100


def test_every_module_has_its_layer() -> None:
    units = {unit(name) for name in MODULES} - {""}
    assert units == {"config"}.union(*LAYERS)


def test_upper_layers_import_lower_ones_and_never_the_reverse() -> None:
    wrong = [
        str(one) for one in between_units() if not is_allowed(unit(one.importer), unit(one.target))
    ]
    assert wrong == []


def test_there_are_no_cycles() -> None:
    """Of modules, inside the packages too; a package and its modules are apart here."""
    graph: dict[str, set[str]] = {}
    for one in OWN:
        graph.setdefault(one.importer, set()).add(one.target)
    TopologicalSorter(graph).prepare()  # raises CycleError, naming the cycle


def test_no_own_module_is_imported_inside_a_function() -> None:
    assert [str(one) for one in OWN if one.in_function] == []


@pytest.mark.parametrize("library", SOLE_IMPORTERS)
def test_a_library_has_one_importer(library: str) -> None:
    importers = {
        one.importer
        for one in IMPORTS
        if one.target == library or one.target.startswith(f"{library}.")
    }
    assert importers <= SOLE_IMPORTERS[library]


def test_only_the_store_speaks_sqlite() -> None:
    importers = {one.importer for one in IMPORTS if one.target == "sqlite3"}
    # inspecting tells its version.
    assert {name for name in importers if unit(name) != "store"} <= {"ragtool.pipeline.inspecting"}


def test_heavy_libraries_are_loaded_late() -> None:
    early = [str(one) for one in IMPORTS if one.at_once and one.target.split(".")[0] in HEAVY]
    assert early == []


def test_every_module_fits_one_sitting() -> None:
    lines = {name: path.read_text(encoding="utf-8").count("\n") for name, path in MODULES.items()}
    assert {name: count for name, count in lines.items() if count > LONGEST} == {}


def run_python(script: str, *args: str, environ: dict[str, str] | None = None) -> str:
    """What a script in a process of its own prints last."""
    done = subprocess.run(
        [sys.executable, "-c", script, *args],
        # Without writing bytecode an import only reads.
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONDONTWRITEBYTECODE": "1",
            **(environ or {}),
        },
        stdout=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
        check=True,
    )
    return done.stdout.splitlines()[-1]


# Everything that isn't ours is loaded first: what happens then is not our doing.
_IMPORT_ALL = """
import importlib, json, os, sys, time
libraries, modules = json.loads(sys.argv[1])
for name in libraries:
    importlib.import_module(name)
happened = []
CODE = (".py", ".pyc", ".so", ".pyd")
def hook(event, args):
    if event == "open" and not str(args[0]).endswith(CODE) and ".pyc." not in str(args[0]):
        happened.append(f"opens {args[0]}")
    elif event.startswith(("socket.", "subprocess.", "sqlite3.", "os.")) and event != "os.listdir":
        happened.append(event)
class Watched(dict):
    def _note(self, key, *rest):
        happened.append(f"reads the environment's {key}")
        return dict.get(self, key, *rest)
    __getitem__ = get = _note
    def __contains__(self, key):
        return self._note(key) is not None
    def items(self):
        happened.append("reads the environment")
        return dict.items(self)
def clock():
    happened.append("asks the time")
    return 0.0
sys.addaudithook(hook)
os.environ = Watched(os.environ)
time.time = time.monotonic = time.perf_counter = clock
for name in modules:
    importlib.import_module(name)
    happened, found = [], [f"{name} {what}" for what in happened]
    if found:
        break
print(json.dumps(found))
"""


def test_nothing_happens_at_import() -> None:
    libraries = sorted(
        {
            one.target
            for one in IMPORTS
            if one.at_once and not one.target.startswith("ragtool") and one.target != "tomli"
        }
    )
    modules = [name for name in MODULES if name != "ragtool.__main__"]
    assert json.loads(run_python(_IMPORT_ALL, json.dumps([libraries, modules]))) == []


_RUN_COMMAND = """
import sys
from ragtool.cli import main
try:
    main()
except SystemExit as ended:
    code = ended.code or 0
print()
print(code, *sorted({name.split(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    ("args", "loads"),
    [
        (["search", "rights violations"], "faiss"),
        (["ask", "who claimed no rights violations?", "--model", SMALL], "llama_cpp"),
    ],
    ids=["search", "ask"],
)
def test_no_torch_on_the_way_to_an_answer(
    args: list[str], loads: str, models: Path, seed_index: Path
) -> None:
    environ = {"RAGTOOL_MODELS": str(models), "RAGTOOL_INDEX": str(seed_index)}
    code, *loaded = run_python(_RUN_COMMAND, *args, environ=environ).split()
    assert code in ("0", "3")
    assert {"onnxruntime", loads} <= set(loaded)
    assert not {"torch", "transformers", "sentence_transformers"} & set(loaded)
