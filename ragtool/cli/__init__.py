"""The command line: the rim where records become text and errors become exit codes."""

from ragtool.cli.app import app, main

__all__ = ["app", "main"]
