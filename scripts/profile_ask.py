"""Where the time of a question goes, cold and warm.

    python scripts/profile_ask.py INDEX QUESTION OTHER

In a process of its own it asks QUESTION of the index, with nothing loaded; then, with
what is loaded by then, OTHER and QUESTION once more. For each it prints a table of
the steps: when each began, in milliseconds since the process was started or the
question was asked, and how long it took. What stands indented is a part of the step
above it, or goes on beside it in another thread.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Steps:
    """Spans of time, in seconds of time.time(), as they end."""

    spans: list[tuple[float, float, str]] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Notes how long what stands inside takes."""
        begun = time.time()
        yield
        self.spans.append((begun, time.time(), name))

    def watch(
        self, owner: object, method: str, name: str, detail: Callable[..., str] | None = None
    ) -> None:
        """Notes every call of owner.method from now on; detail: of its arguments and result."""
        called = getattr(owner, method)

        @functools.wraps(called)
        def timed(*given: object, **named: object) -> object:
            begun = time.time()
            result = called(*given, **named)
            told = detail(result, *given) if detail else ""
            self.spans.append((begun, time.time(), f"{name}{told}"))
            return result

        setattr(owner, method, timed)

    def table(self, start: float) -> str:
        """The steps in the order of their beginnings, as Markdown; and none is left."""
        lines = ["| from | took | step |", "| ---: | ---: | --- |"]
        open_until: list[float] = []
        for begun, ended, name in sorted(self.spans, key=lambda span: (span[0], -span[1])):
            while open_until and begun >= open_until[-1]:
                open_until.pop()
            indent = "· " * len(open_until)
            open_until.append(ended)
            lines.append(
                f"| {1000 * (begun - start):.0f} | {1000 * (ended - begun):.0f} | {indent}{name} |"
            )
        self.spans.clear()
        return "\n".join(lines)


def main() -> None:
    """Start the process that is watched; or be it."""
    if len(sys.argv) == 4:
        command = [sys.executable, __file__, *sys.argv[1:], repr(time.time())]
        subprocess.run(command, check=True)
    elif len(sys.argv) == 5:
        index, question, other, started = sys.argv[1:]
        watched(Path(index), question, other, started=float(started))
    else:
        sys.exit(__doc__)


def watched(index: Path, question: str, other: str, *, started: float) -> None:
    """Ask and print the tables. started: when the process was, in seconds of time.time()."""
    steps = Steps()
    steps.spans.append((started, time.time(), "Python starts"))
    with steps.step("imports of the command line"):
        import ragtool.cli.app  # noqa: F401
    with steps.step("imports of what answers"):
        from ragtool import config, pipeline
        from ragtool.records import Filters

        settings = replace(config.resolve({}), index=index)
    _watch_all(steps)
    kept = pipeline.Kept()
    for name, asked in (("cold", question), ("warm", other), ("the same again", question)):
        start = started if name == "cold" else time.time()
        with steps.step("opened"):
            session = pipeline.Session(settings, kept=kept)
        with session, steps.step("answered"):
            answer = session.ask(asked, k=settings.k, filters=Filters())
        print(f"{name}: {asked} ({answer.status}, {time.time() - start:.2f} s)\n")
        print(steps.table(start) + "\n")
    kept.close()


def _watch_all(steps: Steps) -> None:
    from ragtool import evidence, models
    from ragtool.embedding import OnnxEmbedder
    from ragtool.generation import LlamaGenerator
    from ragtool.pipeline import loading
    from ragtool.records import Draft, Prompt
    from ragtool.store import Store

    def texts(_: object, __: object, given: list[str], *___: object) -> str:
        return f", {len(given)} texts"

    def written(draft: Draft, _: object, prompt: Prompt) -> str:
        what = "a word or two" if "a few words" in prompt.parts[-1] else "the draft"
        return f"{what}, {draft.completion_tokens} tokens written"

    def thought(_: object, __: object, prompt: Prompt) -> str:
        return "of the sentence" if "Sentence: " in prompt.parts[-1] else "of all that is read"

    steps.watch(models, "located", "models looked at")
    steps.watch(Store, "open", "index opened")
    steps.watch(loading, "load_embedder", "embedder opened")
    steps.watch(loading, "neighbours", "vectors opened")
    steps.watch(loading, "load_generator", "language model loaded")
    steps.watch(OnnxEmbedder, "embed", "embedded", texts)
    steps.watch(loading.Library, "retrieve", "retrieved")
    steps.watch(evidence, "rank", "sentences ranked")
    steps.watch(evidence, "select", "sentences chosen")
    steps.watch(LlamaGenerator, "opinion", "yes or no ", thought)
    steps.watch(LlamaGenerator, "look", "looked")
    steps.watch(LlamaGenerator, "generate", "", written)


if __name__ == "__main__":
    main()
