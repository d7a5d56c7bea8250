"""Columns of a public reference table: their values are in its CSV file, so they have a type and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specs.lang.bounds import bound
from specs.lang.document import Path
from specs.lang.notes import Notes
from specs.lang.problems import quoted
from specs.lang.seeds import SeedError, Seeds
from specs.lang.types import Column

ALLOWED = ("about", "type", "unit", "nullable")


def listed(notes: Notes, path: Path, said: Mapping[str, Any], file: str, seeds: Seeds) -> Column:
    """The column at `path` of a reference table; notes what cannot be said of it, and cells that are not of its type."""
    for key in said:
        if key not in ALLOWED:
            notes.say((*path, key), f"`{key}` cannot be used here", "a reference table's values are those of its CSV file", True)
    found = Column(
        str(path[-1]),
        said.get("type", "string"),
        bool(said.get("nullable", False)),
        unit=said.get("unit"),
        about=said.get("about", ""),
    )
    try:
        cells = seeds.cells(file, found.name)
    except SeedError as error:
        notes.say(path, str(error), "", True)
        return found
    for row, cell in enumerate(cells, 2):
        if why := _wrong(cell, found):
            notes.say(path, f"{quoted(file)}, row {row}: {why}", "", True)
            break
    return found


def _wrong(cell: str, column: Column) -> str:
    """Why the cell cannot be in the column; empty when it can."""
    if not cell:
        return "" if column.nullable else "an empty cell, and the column is not nullable"
    if column.type == "string":
        return ""
    if column.type == "boolean":
        return "" if cell in ("true", "false") else "true or false is expected"
    try:
        bound(_number(cell) if column.type in ("integer", "number") else cell, column.type)
    except ValueError as error:
        return str(error)
    return ""


def _number(cell: str) -> float | str:
    try:
        return float(cell)
    except ValueError:
        return cell
