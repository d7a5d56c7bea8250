"""From an error of DuckDB, dbt or the operating system to a code. Its text may quote a patient's value, so none of it is kept."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterable

from runners.site.trouble import Trouble

PATTERNS = (
    ("locked", re.compile(r"could not set lock|conflicting lock|being used by another process|file is already open", re.I)),
    ("disk", re.compile(r"no space left|out of disk|disk full|could not write|max_temp_directory_size", re.I)),
    ("memory", re.compile(r"out of memory|failed to allocate|could not allocate", re.I)),
    ("corrupt", re.compile(r"not a valid duckdb|corrupt|serializ|version number|wal file|checksum|could not read enough", re.I)),
    ("permission", re.compile(r"permission denied", re.I)),
    ("cast", re.compile(r"conversion error|could not convert|invalid input error|out of range error", re.I)),
    ("table", re.compile(r"table with name .* does not exist", re.I)),
    ("column", re.compile(r"referenced column|does not have a column|column .* not found", re.I)),
    ("database", re.compile(r"cannot open (file|database)|does not exist in.*read-only", re.I)),
)
COLUMN = re.compile(r"(?:source|to) column \"?([\w]+(?:\.[\w]+)?)\"?|column \"([\w. ]+)\"|named \"?([\w]+)\"?", re.I)


def of_duckdb(error: Exception, otherwise: str) -> Trouble:
    """The trouble behind a DuckDB error."""
    return of_text(str(error), otherwise)


def of_text(text: str, otherwise: str, known: Iterable[str] = (), table: str = "") -> Trouble:
    """The first code whose pattern is in `text`; of its words only column names that are `known` already."""
    code = next((c for c, pattern in PATTERNS if pattern.search(text)), otherwise)
    names = set(known)
    for match in COLUMN.finditer(text):
        word = next(g for g in match.groups() if g).split(".")[-1]
        if word in names:
            return Trouble(code, table=table, column=word)
    return Trouble(code, table=table)


def of_os(error: OSError) -> Trouble:
    """The trouble behind an error of the operating system."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Trouble("disk")
    return Trouble("permission" if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS) else "database")
