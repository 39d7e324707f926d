"""Summaries of many documents: length, citations, how much is the lead, and ROUGE.

    python scripts/bench_summaries.py PATH... [--references DIR] [--words N]
    python scripts/bench_summaries.py --long

A reference is a file of the same name in DIR; ROUGE-1, -2 and -L (F1, Lin 2004,
no stemming) are given for the summary and, as a baseline, for the document's
first three sentences. --long makes a document of 100,000 words with a fact in
its first, its middle and its last tenth, and asks for each by --about.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ragtool import config, pipeline
from ragtool.chunking import sentences
from ragtool.copies import overlap
from ragtool.records import Summary
from ragtool.words import words

LEAD = 3
LONG_WORDS = 100_000
FACTS = (
    ("the lighthouse keeper", "Lighthouse keeper Ada Morrow said that the lamp had failed twice."),
    ("the glass works", "The glass works of Tolm closed because sand had become too dear."),
    ("the ferry captain", "Ferry captain Jon Hale reported that 41 passengers had been seasick."),
)
_WHO = ("The council", "A committee of farmers", "The school board", "The rail company")
_DID = ("discussed", "postponed", "paid for", "inspected", "praised")
_WHAT = ("the orchard wall", "a new bus shelter", "the drains", "the spring market", "the old well")
_WHERE = ("in Arnwick", "at Bell Cross", "near Corrie", "outside Dunmore", "by Eskdale bridge")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("paths", type=Path, nargs="*", metavar="PATH")
    parser.add_argument("--references", type=Path, metavar="DIR")
    parser.add_argument("--words", type=int, default=100, metavar="N")
    parser.add_argument("--long", action="store_true", help="the document of 100,000 words")
    asked = parser.parse_args()
    if asked.long:
        ask_long()
    if asked.paths:
        measure(asked.paths, words_asked=asked.words, references=asked.references)


def measure(paths: Sequence[Path], *, words_asked: int, references: Path | None) -> None:
    """A line for each summary, and their means."""
    lengths, leads, ours, theirs = [], [], [], []
    began = time.monotonic()
    for summary in pipeline.summarize(paths, config.resolve({}), words=words_asked):
        document = summary.documents[0]
        text = " ".join(sentence.text for sentence in summary.sentences)
        lead = " ".join(one.span.of(document.text) for one in sentences(document.text)[:LEAD])
        cited = sum(bool(sentence.citations) for sentence in summary.sentences)
        lengths.append(len(text.split()))
        leads.append(overlap(text, lead))
        print(
            f"{Path(document.path).name:40} {lengths[-1]:4} words, {cited} of"
            f" {len(summary.sentences)} sentences cited, {leads[-1]:.2f} of the lead"
        )
        reference = references / Path(document.path).name if references else None
        if reference and reference.is_file():
            wanted = reference.read_text(encoding="utf-8")
            ours.append(rouge(text, wanted))
            theirs.append(rouge(lead, wanted))
    inside = sum(0.85 * words_asked <= one <= 1.15 * words_asked for one in lengths)
    print(
        f"{len(lengths)} summaries in {time.monotonic() - began:.0f} s, {inside} within 15 % of"
        f" {words_asked} words, mean {statistics.fmean(lengths):.0f} words,"
        f" {statistics.fmean(leads):.2f} of the lead's runs of five words"
    )
    for name, scores in (("summary", ours), ("lead", theirs)):
        if scores:
            means = [statistics.fmean(column) for column in zip(*scores, strict=True)]
            print(
                f"{name:8} ROUGE-1 {means[0]:.3f}, ROUGE-2 {means[1]:.3f}, ROUGE-L {means[2]:.3f}"
            )
    if not ours:
        print("no references, so no ROUGE")


def rouge(text: str, reference: str) -> tuple[float, float, float]:
    """ROUGE-1, -2 and -L as F1."""
    ours, wanted = words(text), words(reference)
    return (
        _f1(_shared(ours, wanted, 1), len(ours), len(wanted)),
        _f1(_shared(ours, wanted, 2), len(ours) - 1, len(wanted) - 1),
        _f1(_longest(ours, wanted), len(ours), len(wanted)),
    )


def _shared(ours: Sequence[str], wanted: Sequence[str], size: int) -> int:
    runs = [
        Counter(tuple(found[at : at + size]) for at in range(len(found) - size + 1))
        for found in (ours, wanted)
    ]
    return (runs[0] & runs[1]).total()


def _longest(ours: Sequence[str], wanted: Sequence[str]) -> int:
    """The length of the longest common subsequence."""
    row = [0] * (len(wanted) + 1)
    for word in ours:
        before, row = row, [0]
        for at, other in enumerate(wanted):
            row.append(before[at] + 1 if word == other else max(row[at], before[at + 1]))
    return row[-1]


def _f1(shared: int, ours: int, wanted: int) -> float:
    return 2 * shared / (ours + wanted) if ours + wanted > 0 else 0.0


def ask_long() -> None:
    """Summarise the long document as a whole, and about each of its facts."""
    settings = config.resolve({})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "long.txt"
        file.write_text(long_text(LONG_WORDS), encoding="utf-8")
        for topic, fact in ((None, None), *FACTS):
            began = time.monotonic()
            (summary,) = pipeline.summarize([file], settings, about=topic)
            found = fact is None or any(fact == one.text for one in summary.sentences)
            print(
                f"{topic or 'as a whole'}: {time.monotonic() - began:.1f} s,"
                f" {_length(summary)} words, {'found' if found else 'MISSING'}"
            )
    print(f"largest in memory: {_peak_mb()} MB")


def long_text(count: int) -> str:
    """About `count` words in paragraphs, all different, with FACTS at 5, 50 and 95 %."""
    lines = list(_paragraphs(count))
    for (_, fact), share in zip(FACTS, (0.05, 0.5, 0.95), strict=True):
        lines.insert(int(share * len(lines)), fact)
    return "A long year in the valley\n\n" + "\n\n".join(lines) + "\n"


def _paragraphs(count: int) -> Iterator[str]:
    written, number = 0, 0
    while written < count:
        told = []
        for _ in range(6):
            who, did = _WHO[number % 4], _DID[number // 4 % 5]
            what, where = _WHAT[number // 20 % 5], _WHERE[number // 100 % 5]
            told.append(f"{who} {did} {what} {where} in week {number % 52 + 1} of the year.")
            number += 7
        written += sum(len(one.split()) for one in told)
        yield " ".join(told)


def _length(summary: Summary) -> int:
    return sum(len(one.text.split()) for one in summary.sentences)


def _peak_mb() -> int | str:
    try:
        import resource
    except ImportError:  # Windows
        return "unknown"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1_000_000 if sys.platform == "darwin" else 1000)


if __name__ == "__main__":
    main()
