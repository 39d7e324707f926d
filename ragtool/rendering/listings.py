"""What an index holds, what was done to it and what is wrong, as text for people.

Whatever comes from outside is made harmless on the way.
"""

from __future__ import annotations

from collections.abc import Sequence

from ragtool.records import Document
from ragtool.rendering.harmless import harmless
from ragtool.rendering.look import Look, bold, dotted, joined, path_text, size_text
from ragtool.reports import (
    Change,
    Checked,
    Failure,
    Finding,
    IndexReport,
    IndexStatus,
    Repair,
    Tuning,
)


def report_text(report: IndexReport) -> str:
    """What an index run did, in one line."""
    counts = ", ".join(f"{report.counts.get(change, 0)} {change.value}" for change in Change)
    return f"{counts}; {report.chunks} chunks in the index; {report.seconds:.1f} s"


def failure_text(failure: Failure, look: Look) -> str:
    """A file that could not be read or was skipped, and why."""
    what = "skipped" if failure.skipped else "not read"
    return f"{what}: {path_text(failure.path, look)}: {harmless(failure.reason)}"


def failures_text(failures: Sequence[Failure], look: Look) -> str:
    """A line for each: first what should have been read, then what was skipped."""
    ordered = sorted(failures, key=lambda failure: failure.skipped)
    return "\n".join(failure_text(failure, look) for failure in ordered)


def documents_text(documents: Sequence[Document], look: Look) -> str:
    """A line for each document: path, title, date, source, language."""
    return "\n".join(
        dotted(
            *(path_text(document.path, look), document.title, document.date, document.source),
            document.language,
        )
        for document in documents
    )


def status_text(status: IndexStatus, failures: Sequence[Failure], look: Look) -> str:
    """What the index holds, a line for each fact, and the files it could not read."""
    facts = (
        ("index", path_text(status.folder, look)),
        ("documents", str(status.documents)),
        ("chunks", str(status.chunks)),
        ("not read", str(status.failures)),
        ("size", size_text(status.bytes)),
        ("updated", harmless(status.updated or "never")),
        ("fingerprint", status.fingerprint),
        ("embedder", harmless(status.embedder)),
        ("generator", harmless(status.generator)),
    )
    lines = "\n".join(f"{name:<12}{value}" for name, value in facts)
    unread = [failure for failure in failures if not failure.skipped]
    return joined(lines, failures_text(unread, look))


def findings_text(
    findings: Sequence[Finding], look: Look, *, repairs: Sequence[Repair] = ()
) -> str:
    """A line for each thing that was mended, then one for each check; under what is
    wrong, the command that mends it."""
    width = max((len(finding.check) for finding in findings), default=0)
    mended = "\n".join(f"mended {each.part:<{width}}  {harmless(each.message)}" for each in repairs)
    return joined(mended, "\n".join(_finding(finding, look, width=width) for finding in findings))


def tuning_text(tuning: Tuning) -> str:
    """A line for each setting, the best one marked, and what it was measured with."""
    lines = [
        f"{trial.reads:12.1f} {trial.writes:12.1f} {trial.seconds:9.1f} s"
        f"  {'*' if trial == tuning.best else ' '} {trial.kernels.described(trial.threads)}"
        for trial in tuning.trials
    ]
    head = "reads tokens/s     writes  an answer    with"
    return "\n".join([harmless(f"{tuning.model} on {tuning.machine}"), head, *lines])


def verification_text(checked: Sequence[Checked], look: Look) -> str:
    """A line for each quote: whether it holds, and what was found."""
    return "\n".join(_checked(each, look) for each in checked) or "nothing is quoted"


def _checked(checked: Checked, look: Look) -> str:
    verdict = "ok     " if checked.ok else "changed"
    line = f"{verdict}  {harmless(checked.name)}  {path_text(checked.path, look)}: {checked.found}"
    return line if checked.ok else bold(line, look)


def _finding(finding: Finding, look: Look, *, width: int) -> str:
    verdict = "ok   " if finding.ok else "wrong"
    line = f"{verdict}  {finding.check:<{width}}  {harmless(finding.message)}"
    remedy = "" if finding.ok or not finding.remedy else f"\n       {harmless(finding.remedy)}"
    return (line if finding.ok else bold(line, look)) + remedy
