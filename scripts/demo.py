"""Sets ragtool up, indexes seeds/ and answers a question.

    python3 scripts/demo.py                 the question of the demo
    python3 scripts/demo.py "QUESTION" ...  yours instead

Needs Python 3.10 and nothing else; what is set up already is left as it is.
"""

import sys

if sys.version_info < (3, 10):
    sys.exit("ragtool needs Python 3.10 or later; this is Python " + sys.version.split()[0] + ".")

import shutil
from collections.abc import Sequence

from running import Board, ended_plainly, environment, run_shown
from setup_env import ROOT, prepare, steps

INDEX = ".ragtool-demo"
QUESTION = "who claimed no rights violations?"


def main(arguments: Sequence[str]) -> int:
    """Run the demo. Returns 0, or the code of the first command that ended otherwise."""
    # Made anew each time, in a second: one of an earlier version could not be read.
    shutil.rmtree(ROOT / INDEX, ignore_errors=True)
    commands: list[tuple[str, ...]] = [("models", "pull"), ("index", "seeds", "--index", INDEX)]
    commands += [("ask", question, "--index", INDEX) for question in arguments or [QUESTION]]
    # The answers alone go to stdout.
    board = Board(len(steps(dev=False)) + len(commands), stream=sys.stderr)
    python = str(prepare(ROOT, board, dev=False).python)
    worst = 0
    for command in commands:
        board.begin(" ".join(("ragtool", *command)))
        board.hand_over()
        code = run_shown([python, "-m", "ragtool", *command], folder=ROOT, env=environment())
        board.end("done" if code == 0 else f"exit code {code}")
        if code and command[0] != "ask":
            return code
        worst = worst or code
    return worst


if __name__ == "__main__":
    sys.exit(ended_plainly(main, sys.argv[1:]))
