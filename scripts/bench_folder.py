"""A large folder: time and peak memory of indexing it, of nothing new, of one new file.

    python scripts/bench_folder.py [-n 10000] [--seed 1]

The articles are made of sentences with drawn names, places and numbers; each
run is the command itself in a process of its own. Memory is that of the
command and of the processes that read files for it, together.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from results import keep

NAMES = "Ana Ruiz;Jon Bell;Mara Voss;Idris Okoye;Lena Brandt;Tomas Hale;Yara Nasser".split(";")
PLACES = "Harbour Hill;Vellik;Marisk;Oster;the old town;the northern district".split(";")
CLAIMS = (
    "said that {count} people had lost their homes in {place}",
    "denied that the bridge at {place} had been closed for {count} days",
    "warned that {count} jobs would go when the plant in {place} shuts",
    "told the council that the flood in {place} cost {count} million crowns",
    "called for {count} more nurses at the hospital of {place}",
)


def main() -> None:
    """Run and print the three."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("-n", type=int, default=10_000, metavar="N", help="how many articles")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder, "files")
        write(files, asked.n, random.Random(asked.seed))
        index = Path(folder, "index")
        figures: dict[str, object] = {"articles": asked.n}
        for name in ("all new", "nothing new", "one changed"):
            if name == "one changed":
                with (files / "000" / "00000.txt").open("a", encoding="utf-8") as file:
                    file.write("\nLater the mayor resigned.\n")
            figures[name] = found = run(files, index)
            print(f"{name:<12} {found}")
    keep("bench_folder", figures)


def write(folder: Path, count: int, rng: random.Random) -> None:
    """So many articles of some 150 words, 100 a folder."""
    for number in range(count):
        path = folder / f"{number // 100:03}" / f"{number:05}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = " ".join(_sentence(rng) for _ in range(9))
        path.write_text(f"Report {number} from {rng.choice(PLACES)}\n\n{body}\n", encoding="utf-8")


def _sentence(rng: random.Random) -> str:
    claim = rng.choice(CLAIMS).format(count=rng.randint(2, 900), place=rng.choice(PLACES))
    return f"{rng.choice(NAMES)} {claim}, a day after case {rng.randint(1, 10**6)} was heard."


def run(files: Path, index: Path) -> dict[str, object]:
    """`ragtool index`: seconds, peak megabytes, and what it counted."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "ragtool", "--index", str(index), "index", str(files)]
    with subprocess.Popen([*command, "--json", "--quiet"], stdout=subprocess.PIPE) as running:
        peak = 0
        while running.poll() is None:
            peak = max(peak, megabytes(running.pid))
            time.sleep(0.02)
        assert running.stdout is not None
        told = json.loads(running.stdout.read())
    return {
        "seconds": round(time.perf_counter() - begun, 2),
        "peak MB": peak,
        "counts": {name: count for name, count in told["documents"].items() if count},
    }


def megabytes(parent: int) -> int:
    """Resident memory of a process and its children, where /proc tells; else 0."""
    total = 0
    for each in [parent, *_children(parent)]:
        try:
            fields = Path(f"/proc/{each}/statm").read_text(encoding="ascii").split()
        except (OSError, ValueError):
            continue
        total += int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
    return total >> 20


def _children(parent: int) -> list[int]:
    try:
        tasks = Path(f"/proc/{parent}/task").glob("*/children")
        return [int(child) for task in tasks for child in task.read_text("ascii").split()]
    except OSError:
        return []


if __name__ == "__main__":
    main()
