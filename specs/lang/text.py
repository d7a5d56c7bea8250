"""The bytes of a file as text that means what it shows."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from pathlib import Path

from specs.lang.problems import Problem, SpecError
from specs.lang.types import Place

MOST_BYTES = 256 * 1024
BOM = b"\xef\xbb\xbf"
LIKE = re.compile(r"""^[ {]*["']?(spec|sites|tables|privacy|cohort|from|rows)["']? *:""", re.MULTILINE)
"""A line as only specs and cohorts have it. Any other file may hold patients: nothing of it is shown."""
WANTED = {
    "a spec": "YAML with `spec`, `sites`, `tables` and `privacy` is expected; `wardloom init NAME` writes a small one",
    "a cohort": "YAML with `cohort`, `from` and `rows` is expected: see docs/cohorts.md",
}


def load(path: Path, what: str = "a spec") -> str:
    """The file's text. Raises SpecError when it cannot be read, is too long, not plain UTF-8 or not like `what`."""
    try:
        raw = _bytes(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "not a path"
        raise _error(path, 1, 1, f"the file cannot be read: {why}") from None
    if raw[8:12] == b"DUCK":
        raise _error(path, 1, 1, f"this is a DuckDB database, not {what}", WANTED[what])
    if len(raw) > MOST_BYTES:
        raise _error(path, 1, 1, f"the file is longer than {MOST_BYTES // 1024} KiB")
    if raw.startswith(BOM):
        raise _error(path, 1, 1, "the file starts with a byte order mark", "save it as UTF-8 without BOM")
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise _error(path, 1, 1, "the file is UTF-16", "save it as UTF-8")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8")
        raise _error(path, *position(before), "this is not UTF-8", "save the file as UTF-8") from None
    _check(path, text, what)
    return text


def foreign(file: str, what: str) -> SpecError:
    """The error for a file that is something else."""
    return SpecError([Problem(Place(file, 1, 1), f"this is not {what}", "", WANTED[what], shown=False)])


def position(before: str) -> tuple[int, int]:
    """Line and column (1-based) of what follows the text `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def forbidden(char: str) -> str:
    """Why a character may not be in a spec; empty when it may."""
    if char == "\t":
        return "a tab: use spaces"
    if char in "\n\r":
        return ""
    kind = unicodedata.category(char)
    if kind == "Cc" or kind in {"Zl", "Zp", "Cs"}:
        return f"a control character (U+{ord(char):04X})"
    if kind == "Cf":
        return f"an invisible character (U+{ord(char):04X})"
    return ""


def _bytes(path: Path) -> bytes:
    """At most one byte more than is allowed; never waits on a pipe."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(number, "rb", closefd=True) as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise _error(path, 1, 1, "this is not a regular file")
        return file.read(MOST_BYTES + 1)


def _check(path: Path, text: str, what: str) -> None:
    if text.isascii() and text.replace("\n", "").replace("\r", "").isprintable():
        return
    for place, char in enumerate(text):
        if not char.isprintable() and (why := forbidden(char)):
            if not LIKE.search(text):
                raise foreign(str(path), what)
            raise _error(path, *position(text[:place]), why, shown="\0" not in text)


def _error(path: Path, line: int, column: int, message: str, hint: str = "", shown: bool = False) -> SpecError:
    return SpecError([Problem(Place(str(path), line, column), message, "", hint, shown)])
