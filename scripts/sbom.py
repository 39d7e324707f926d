"""Says what ragtool stands on: every package that runs with it, from the locks, offline.

    python scripts/sbom.py > sbom.json      a CycloneDX 1.6 document
    python scripts/sbom.py --licences       writes docs/licences.md anew

Licences are those that the installed packages state. Of a package that this
machine has no use for, such as one for Windows, the licence is taken over from
docs/licences.md; where it isn't there either, the script ends with its name.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from running import Stopped, ended_plainly
from setup_env import ROOT

LOCKS = (ROOT / "requirements" / "run.txt", ROOT / "requirements" / "compiled.txt")
PAGE = ROOT / "docs" / "licences.md"

# Licences that bind their own files, and why each package under one is fine beside Apache-2.0.
EXCEPTIONS = {
    "certifi": "MPL-2.0 binds its own files alone, and they are used as they are; it is never "
    "called by ragtool, and comes with huggingface-hub",
    "tld": "of three licences to choose from, MPL-1.1 is chosen: it binds its own files alone",
    "tqdm": "MPL-2.0 binds its own files alone, and they are used as they are; it comes with "
    "huggingface-hub",
}
WEAK = re.compile(r"\b(?:LGPL|MPL|EPL|CDDL|Lesser General|Mozilla|Eclipse)", re.IGNORECASE)
STRONG = re.compile(
    r"\b(?:A?GPL|SSPL|EUPL|OSL|BUSL|CC-BY-(?:NC|SA)|Affero|Proprietary)|(?<!Lesser )General Public",
    re.IGNORECASE,
)

# How packages without an SPDX expression say it.
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "ISC License": "ISC",
    "The BSD 2-Clause License": "BSD-2-Clause",
    "3-Clause BSD License": "BSD-3-Clause",
}
_EXPRESSION = re.compile(r"[A-Za-z0-9.+-]+(?: (?:AND|OR|WITH) [A-Za-z0-9.+-]+)*")
_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: ; ([^\\]*?))?[ \\]*$")
_ROW = re.compile(r"^\| ([^ |]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Locked:
    """A package as a lock pins it. hashes: SHA-256 of each file that may be installed."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]


def main(arguments: Sequence[str]) -> int:
    """Print the document, or write the page. Returns the exit code."""
    if set(arguments) - {"--licences"}:
        print(__doc__)
        return 2
    packages = locked()
    licences = stated(packages)
    if arguments:
        PAGE.write_text(page(packages, licences), encoding="utf-8", newline="\n")
        print(f"{PAGE.relative_to(ROOT)}: {len(licences)} packages")
    else:
        print(json.dumps(document(packages, licences), indent=2))
    return 0


def locked() -> list[Locked]:
    """Every package of the locks, a line of theirs each, in the order of the names.

    Versions of one package stay in the lock's order, that for the newest Python last.
    """
    found: list[Locked] = []
    for lock in LOCKS:
        for block in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8")):
            head, *rest = block.splitlines()
            if entry := _ENTRY.match(head):
                hashes = re.findall(r"sha256:([0-9a-f]{64})", "".join(rest))
                found.append(Locked(entry[1], entry[2], entry[3] or "", tuple(hashes)))
    return sorted(found, key=lambda package: package.name)


def stated(packages: Iterable[Locked]) -> dict[str, str]:
    """The licence of each package by its name. Raises Stopped where none is known."""
    written = written_licences()
    newest = {package.name: package for package in packages}
    found = {
        name: installed_licence(package) or written.get(name, "")
        for name, package in newest.items()
    }
    unknown = [name for name, licence in found.items() if not licence]
    if unknown:
        raise Stopped(f"No licence is known of {', '.join(unknown)}: install it and try again.")
    return found


def written_licences() -> dict[str, str]:
    """The licences that docs/licences.md holds, by the package's name."""
    if not PAGE.exists():
        return {}
    rows = _ROW.findall(PAGE.read_text(encoding="utf-8"))
    return {name: licence for name, _, licence in rows if name not in ("package", "---")}


def installed_licence(package: Locked) -> str | None:
    """What the package states, None when this version is not installed or states nothing.

    The expression, or the field's first line, or the classifiers (PEP 639 and before).
    """
    if _installed(package) != "yes":
        return None
    about = importlib.metadata.metadata(package.name)
    classifiers = [
        re.sub(r" \(.*\)$", "", line.rpartition(" :: ")[2])
        for line in about.get_all("Classifier") or ()
        if line.startswith("License ::")
    ]
    fields = [*(about.get_all("License-Expression") or ()), *(about.get_all("License") or ())]
    field = next(filter(None, fields), " OR ".join(classifiers))
    said = field.strip().splitlines()
    return _SPDX.get(said[0], said[0]) if said else None


def document(packages: Sequence[Locked], licences: dict[str, str]) -> dict[str, object]:
    """The CycloneDX document. The same locks and installation give the same one."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "ragtool",
                "name": "ragtool",
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [_component(package, licences[package.name]) for package in packages],
    }


def _component(package: Locked, licence: str) -> dict[str, object]:
    purl = f"pkg:pypi/{package.name}@{package.version}"
    facts = {"ragtool:installed": _installed(package), "ragtool:marker": package.marker}
    return {
        "type": "library",
        "bom-ref": purl,
        "name": package.name,
        "version": package.version,
        "purl": purl,
        "licenses": [_licence(licence)],
        # One hash for each file of the release: which is installed hangs on the platform.
        "externalReferences": [
            {
                "type": "distribution",
                "url": purl,
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in package.hashes],
            }
        ],
        "properties": [{"name": name, "value": value} for name, value in facts.items() if value],
    }


def _licence(text: str) -> dict[str, object]:
    """An expression where it is one, else a name."""
    plain = _EXPRESSION.fullmatch(text) and text != "BSD" and text != "BSD License"
    return {"expression": text} if plain else {"license": {"name": text}}


def _installed(package: Locked) -> str:
    try:
        version = importlib.metadata.version(package.name)
    except importlib.metadata.PackageNotFoundError:
        return "no"
    return "yes" if version == package.version else f"no, but {version}"


def page(packages: Sequence[Locked], licences: dict[str, str]) -> str:
    """docs/licences.md."""
    versions: dict[str, list[str]] = {}
    for package in packages:
        versions.setdefault(package.name, []).append(package.version)
    rows = [f"| {name} | {', '.join(versions[name])} | {licences[name]} |" for name in versions]
    reasons = [f"- {name}: {EXCEPTIONS[name]}." for name in EXCEPTIONS]
    return "\n".join([_BEFORE, *rows, _BETWEEN, *reasons, _AFTER])


_BEFORE = """\
# Licences

ragtool is Apache-2.0. Everything that runs with it, from requirements/run.txt and \
requirements/compiled.txt, with what each needs in turn, on every platform. Written by \
`python scripts/sbom.py --licences` from what the packages state; \
`python scripts/sbom.py` gives the same as CycloneDX 1.6, with the hashes of the locks. The \
models' licences stand in [models](../models/README.md).

| package | locked | licence, as stated |
| --- | --- | --- |"""
_BETWEEN = """
## Exceptions

None is under the GPL or AGPL. These bind their own files and no others:
"""
_AFTER = """
The Linux wheels of numpy and faiss-cpu carry GCC's runtime (libgfortran, libgomp, \
libquadmath), under the GPL-3.0 with the GCC Runtime Library Exception, which lets programs of \
any licence use it, and the LGPL-2.1. Nothing of it is changed.

## Tools of the checks

axe-core (MPL-2.0) is run in a browser by the tests of the pages. `scripts/check.py` has npm fetch \
it into .venv; it is used as it is and no part of ragtool, nor of the pages.

## Known weaknesses

No check for known weaknesses (pip-audit, OSV) is among the tests: it would need the network. \
Run one on the CycloneDX document, on another machine where that is better.
"""

if __name__ == "__main__":
    sys.exit(ended_plainly(main, sys.argv[1:]))
