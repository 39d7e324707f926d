"""How much of a page's article is found, beside trafilatura's plain call, in one run.

    python scripts/bench_readers.py FOLDER

FOLDER holds pages as html/*.html.gz and html-truth.json, which maps a page's
hash, its file name, to {"articleBody": ...}, as the article-extraction-benchmark
does. The measure is that benchmark's own: precision and recall of runs of four
words, each the mean over the pages, and their F1.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ragtool.readers.reading import read
from results import keep

_RUN = 4


def main(arguments: Sequence[str]) -> int:
    """Measure both, print and keep the figures. Returns the exit code."""
    if len(arguments) != 1:
        print(__doc__)
        return 2
    folder = Path(arguments[0])
    truth = json.loads((folder / "html-truth.json").read_text(encoding="utf-8"))
    pages = {path: _truth(truth, path) for path in sorted((folder / "html").glob("*.html.gz"))}
    figures = {
        name: _measured(text, pages) for name, text in (("ragtool", ours), ("trafilatura", plain))
    }
    for name, found in figures.items():
        print(
            f"{name:<12} precision {found['precision']:.3f}  recall {found['recall']:.3f}"
            f"  F1 {found['f1']:.3f}  {found['seconds']:.1f} s"
        )
    keep("bench_readers", {"pages": len(pages), **figures})
    return 0


def ours(path: Path) -> str:
    """The article as ragtool stores it, without the title line that it puts before it."""
    reading = read(path)
    assert reading is not None
    (document,) = reading.documents
    first, _, rest = document.text.partition("\n")
    return rest if first == document.title else document.text


def plain(path: Path) -> str:
    """The article as trafilatura's own `extract` gives it, at its defaults."""
    import trafilatura

    return trafilatura.extract(gzip.decompress(path.read_bytes())) or ""


def _truth(truth: Mapping[str, Mapping[str, str]], path: Path) -> str:
    key = path.name.removesuffix(".html.gz").removeprefix("html__")
    return truth[key]["articleBody"]


def _measured(text: Callable[[Path], str], pages: Mapping[Path, str]) -> dict[str, float]:
    begun = time.perf_counter()
    found = {path: text(path) for path in pages}
    seconds = time.perf_counter() - begun
    scores = [_score(found[path], expected) for path, expected in pages.items()]
    precision = sum(score for score, _ in scores) / len(scores)
    recall = sum(score for _, score in scores) / len(scores)
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": precision, "recall": recall, "f1": f1, "seconds": seconds}


def _score(found: str, expected: str) -> tuple[float, float]:
    """Precision and recall of one page; 1 where neither text has a run of words."""
    ours, gold = _runs(found), _runs(expected)
    both = sum((ours & gold).values())
    if not ours and not gold:
        return 1.0, 1.0
    return both / max(1, sum(ours.values())), both / max(1, sum(gold.values()))


def _runs(text: str) -> Counter[tuple[str, ...]]:
    words = re.findall(r"\w+", text)
    last = max(0, len(words) - _RUN) + 1 if words else 0
    return Counter(tuple(words[at : at + _RUN]) for at in range(last))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
