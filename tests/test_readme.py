"""The documentation against the program: commands, links, and the words that it quotes."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup
from typer.main import get_command

from ragtool.cli import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = sorted(
    [*ROOT.glob("*.md"), ROOT / "models" / "README.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.as_posix(),
)
SCRIPTS = ("scripts/demo.py", "scripts/check.py")
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def fenced_lines(text: str) -> Iterator[str]:
    """The lines of fenced blocks, without their prompt."""
    for block in _FENCED.findall(text):
        yield from (line.strip().removeprefix("$ ") for line in block.split("\n"))


def command_lines(text: str) -> Iterator[tuple[str, bool]]:
    """Command lines with whether they are whole: prose may only name a command."""
    inline = re.findall(r"`([^`\n]+)`", _FENCED.sub("", text))
    for lines, whole in ((fenced_lines(text), True), (inline, False)):
        yield from ((line, whole) for line in lines if line.startswith("ragtool "))


def parse(words: list[str], *, whole: bool = True) -> None:
    """Parses as the program would, and runs nothing. Raises what typer raises.

    whole: False lets a command without any arguments pass as its name.
    """
    command: Any = get_command(app)  # typer's click has no public names
    name: str | None = "ragtool"
    while words or (whole and not isinstance(command, TyperGroup)):
        try:
            context = command.make_context(name, list(words))
        except typer.Exit:  # --help, --version
            return
        if not isinstance(command, TyperGroup):
            return
        words = [*context._protected_args, *context.args]
        if words:
            name, command, words = command.resolve_command(context, words)


COMMANDS = sorted(
    {(name_of(page), *found) for page in PAGES for found in command_lines(text_of(page))}
)


def test_the_command_lines_were_found() -> None:
    pages = {page for page, _, _ in COMMANDS}
    assert {"README.md", "docs/cli.md", "models/README.md"} <= pages
    assert len(COMMANDS) > 20


@pytest.mark.parametrize(("page", "line", "whole"), COMMANDS, ids=str)
def test_every_command_line_is_one(page: str, line: str, whole: bool) -> None:
    parse(shlex.split(line, comments=True)[1:], whole=whole)


@pytest.mark.parametrize(
    "line",
    ["nonsense", "ask --nonsense x", "ask -k many x", "search", "models nonsense", "documents x"],
    ids=str,
)
def test_what_is_no_command_line_does_not_parse(line: str) -> None:
    with pytest.raises(Exception, match=r"(?i)no such|missing|valid integer"):
        parse(shlex.split(line))


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_two_commands_are_there(script: str) -> None:
    assert (ROOT / script).is_file()
    for page in ("README.md", "CONTRIBUTING.md"):
        lines = [line.split("#")[0].strip() for line in fenced_lines(text_of(ROOT / page))]
        assert f"python3 {script}" in lines, page


def test_continuous_integration_runs_the_test_command() -> None:
    commands = [
        line
        for line in text_of(ROOT / ".ci" / "run").splitlines()
        if line and not line.startswith(("#", "set ", "cd "))
    ]
    assert commands[-1] == "exec python3 scripts/check.py"
    # The rest brings programs of the system.
    assert not any("python" in line or "test" in line.split() for line in commands[:-1])


def test_every_script_that_is_named_exists() -> None:
    named = {
        found
        for page in PAGES
        for found in re.findall(r"\b(?:scripts|tests)/[\w/]+\.py\b", text_of(page))
    }
    assert set(SCRIPTS) <= named
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are shown on the web."""
    headings = re.findall(r"^#+ (.+)$", _FENCED.sub("", text_of(page)), re.MULTILINE)
    plain = (re.sub(r"[^\w\s-]", "", heading.lower()).strip() for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


LINKS = sorted(
    {
        (name_of(page), link)
        for page in PAGES
        for link in _LINK.findall(_FENCED.sub("", text_of(page)))
        if "://" not in link and not link.startswith("mailto:")
    }
)


@pytest.mark.parametrize(("page", "link"), LINKS, ids=str)
def test_a_relative_link_leads_somewhere(page: str, link: str) -> None:
    path, _, anchor = link.partition("#")
    target = (ROOT / page).parent / path if path else ROOT / page
    assert target.exists()
    assert target.resolve().is_relative_to(ROOT.resolve())
    if anchor:
        assert anchor in anchors(target)


def test_the_decisions_are_all_listed_and_numbered() -> None:
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.iterdir())
    assert [name[:5] for name in names] == [f"{n:04}-" for n in range(1, len(names) + 1)]
    for name in names:
        assert f"](decisions/{name})" in text_of(ROOT / "docs" / "architecture.md")
        text = text_of(folder / name)
        assert text.startswith(f"# {int(name[:4])}. ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == [
            "Context",
            "Decision",
            "Consequences",
        ]


def test_the_quotes_of_the_session_stand_in_the_seeds() -> None:
    """Quotes begin at a line's start with a number and end at a line's end."""
    blocks = "\n".join(_FENCED.findall(text_of(README)))
    quotes = re.findall(r'^\[\d\] "(.+?)"$', blocks, re.MULTILINE | re.DOTALL)
    seeds = " ".join(
        " ".join(text_of(path).split()) for path in sorted((ROOT / "seeds").glob("*.txt"))
    )
    assert quotes
    assert [quote for quote in quotes if " ".join(quote.split()) not in seeds] == []
