"""What ragtool stands on: told wholly, from the locks, and under licences that fit."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

import sbom

PACKAGES = sbom.locked()
WRITTEN = sbom.written_licences()
BOM: dict[str, Any] = sbom.document(PACKAGES, WRITTEN)


def lock_lines() -> list[str]:
    """The requirements of the locks, read in another way than the script's."""
    lines = [line for lock in sbom.LOCKS for line in lock.read_text("utf-8").split("\n")]
    return [line.rstrip("\\ ") for line in lines if line and not line.startswith((" ", "#"))]


def test_every_line_of_the_locks_is_told() -> None:
    wanted = {(one.name, str(one.specifier)) for one in map(Requirement, lock_lines())}
    assert {(package.name, f"=={package.version}") for package in PACKAGES} == wanted
    assert len(BOM["components"]) == len(PACKAGES) == len(lock_lines())


def test_every_hash_of_the_locks_is_told() -> None:
    locks = "".join(lock.read_text("utf-8") for lock in sbom.LOCKS)
    told = [
        one["content"]
        for component in BOM["components"]
        for reference in component["externalReferences"]
        for one in reference["hashes"]
    ]
    assert len(told) == locks.count("--hash=sha256:")
    assert all(f"sha256:{digest}" in locks for digest in told)
    assert all(package.hashes for package in PACKAGES)


def test_the_document_is_cyclonedx() -> None:
    assert (BOM["bomFormat"], BOM["specVersion"]) == ("CycloneDX", "1.6")
    references = [component["bom-ref"] for component in BOM["components"]]
    assert len(set(references)) == len(references)
    for component in BOM["components"]:
        assert component["purl"] == f"pkg:pypi/{component['name']}@{component['version']}"
        (licence,) = component["licenses"]
        assert set(licence) in ({"expression"}, {"license"})


def test_the_page_is_up_to_date() -> None:
    """Run: python scripts/sbom.py --licences"""
    text = sbom.PAGE.read_text(encoding="utf-8")
    assert sbom.page(PACKAGES, sbom.stated(PACKAGES)) == text


def test_every_dependency_has_a_licence() -> None:
    assert set(WRITTEN) == {package.name for package in PACKAGES}
    assert all(WRITTEN.values())


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_no_licence_reaches_beyond_its_own_files(name: str) -> None:
    assert problem(name, WRITTEN[name]) == ""


def problem(name: str, licence: str) -> str:
    """What is wrong with a licence; one of its alternatives has to fit."""
    choices = licence.split(" OR ")
    if all(sbom.STRONG.search(choice) for choice in choices):
        return f"{licence} reaches beyond its own files"
    if any(map(sbom.WEAK.search, choices)) and name not in sbom.EXCEPTIONS:
        return f"{licence} needs a reason among the exceptions"
    return ""


@pytest.mark.parametrize(
    ("licence", "fits"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-2.0-only", True),
        ("GPL-3.0-or-later", False),
        ("MIT AND AGPL-3.0-only", False),
        ("GNU AGPLv3", False),
        ("GNU General Public License v3", False),
        ("GNU Lesser General Public License v3", False),
        ("BSD License", True),
        ("LGPL-3.0-only", False),
        ("MPL-2.0", False),
        ("CC-BY-NC-4.0", False),
    ],
)
def test_what_fits(licence: str, fits: bool) -> None:
    """A licence of its files' own fits where a reason is given."""
    assert (problem("new", licence) == "") is fits


def test_every_exception_is_needed() -> None:
    assert {name for name in WRITTEN if sbom.WEAK.search(WRITTEN[name])} == set(sbom.EXCEPTIONS)


def test_the_script_prints_the_document() -> None:
    script = ROOT / "scripts" / "sbom.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, encoding="utf-8", check=True
    )
    told = json.loads(done.stdout)
    assert told == BOM
    installed = {one["name"]: one["value"] for one in component(told, "numpy")["properties"]}
    assert installed["ragtool:installed"] in ("yes", f"no, but {version('numpy')}")


def component(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in document["components"] if one["name"] == name)
    return found


def version(name: str) -> str:
    return importlib.metadata.version(name)


def test_an_unknown_argument_is_refused() -> None:
    script = Path(ROOT, "scripts", "sbom.py")
    done = subprocess.run(
        [sys.executable, str(script), "--nothing"], capture_output=True, check=False
    )
    assert done.returncode == 2


@pytest.mark.parametrize(
    "lock", sorted((ROOT / "requirements").glob("*.txt")), ids=lambda p: p.name
)
def test_every_lock_pins_and_hashes_what_it_names(lock: Path) -> None:
    """The tools for building and testing too, which are not part of what is delivered."""
    entries = re.split(r"\n(?=[^\s#])", lock.read_text(encoding="utf-8"))
    named = [entry for entry in entries if entry and not entry.startswith("#")]
    assert named
    for entry in named:
        wanted = Requirement(entry.split("\\")[0].split("--hash")[0].strip())
        (pin,) = wanted.specifier
        assert (pin.operator, pin.version.count("*")) == ("==", 0), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
        assert wanted.url is None
