"""Every error that ragtool raises on purpose.

RagtoolError                 exit code 1
├── UsageError               exit code 2: the command line or a setting is wrong
├── ReadError                a file can't be read as a document
│   ├── SkipError            it is of a kind that holds no text for ragtool
│   └── NoTextError          there may be text in it, but as a picture
├── StoreError               the index is missing, damaged, or of another version
├── ModelError               a model is missing, damaged, or can't be loaded
└── SetupError               something that ragtool needs is not installed

A library's own exceptions become one of these where the library is imported;
these become text and exit codes in one place, the command line.
"""

from __future__ import annotations


class RagtoolError(Exception):
    """Something the user can act on.

    message: what went wrong, naming the file. hint: the next thing to do,
    best a command.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()


class UsageError(RagtoolError):
    """The command line or a setting is wrong."""

    exit_code = 2


class ReadError(RagtoolError):
    """A file can't be read as a document; the others still can."""


class SkipError(ReadError):
    """A file is of a kind that holds no text for ragtool, such as a film."""


class NoTextError(ReadError):
    """A file's text, if there is any, is a picture."""


class StoreError(RagtoolError):
    """The index is missing, damaged, full, or written by another version."""


class ModelError(RagtoolError):
    """A model is missing, damaged, or can't be loaded."""


class SetupError(RagtoolError):
    """Something that ragtool needs is not installed."""
