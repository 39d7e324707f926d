"""Sets ragtool up with the tools of its checks, and runs every check.

    python3 scripts/check.py           everything, with the real models
    python3 scripts/check.py --fast    without the tests marked slow

Needs Python 3.10 and nothing else. Goes on after a check that fails and ends
with the list of those that did.
"""

import sys

if sys.version_info < (3, 10):
    sys.exit("ragtool needs Python 3.10 or later; this is Python " + sys.version.split()[0] + ".")

from collections.abc import Iterable, Sequence

import axe
from running import Board, ended_plainly, environment, run_shown
from setup_env import ROOT, prepare, steps

PULLS = (
    ("ragtool", "models", "pull"),
    # Loads in a moment: for the tests of everything but the answers' quality.
    ("ragtool", "models", "pull", "smollm2-135m-instruct-q4_1"),
)
CHECKS = (
    ("pip", "check"),
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
    ("mypy",),
)
TESTS = ("pytest", "--allow-hosts=localhost,127.0.0.1,::1", "--allow-unix-socket")
FAST = ("-m", "not slow")
# The checks work with what the set-up has brought: a proxy that isn't there ends every
# attempt of theirs, and of their children, to reach more than this machine.
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9",
    "no_proxy": "localhost,127.0.0.1,::1",
}


def main(arguments: Sequence[str]) -> int:
    """Set up and check. Returns 0 when everything passed."""
    if set(arguments) - {"--fast"}:
        print(__doc__)
        return 2
    checks = (*CHECKS, (*TESTS, *FAST) if arguments else TESTS)
    board = Board(len(steps(dev=True)) + 1 + len(PULLS) + len(checks), stream=sys.stdout)
    env = prepare(ROOT, board, dev=True)
    board.begin(axe.PACKAGE)
    board.end(axe.bring(env.folder / "axe-core"))
    python = str(env.python)
    failed = _run(PULLS, python, board, environment())
    failed += _run(checks, python, board, environment(OFFLINE))
    print(f"failed: {'; '.join(failed)}" if failed else "every check passed", flush=True)
    return 1 if failed else 0


def _run(
    commands: Iterable[Sequence[str]], python: str, board: Board, env: dict[str, str]
) -> list[str]:
    """Run modules with their arguments, one after another. Returns those that failed."""
    failed = []
    for command in commands:
        title = " ".join(command)
        board.begin(title)
        board.hand_over()
        code = run_shown([python, "-m", *command], folder=ROOT, env=env)
        board.end("passed" if code == 0 else f"FAILED with exit code {code}")
        if code:
            failed.append(title)
    return failed


if __name__ == "__main__":
    sys.exit(ended_plainly(main, sys.argv[1:]))
