"""What the codes of a query's columns mean, in words: for the released sums."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from generators.marginal.implied import column_of, marks
from generators.marginal.plan import Plan
from specs.lang.domain import SPLIT, Cell, domain
from specs.lang.types import Column, Scalar, Study

NULL = "NULL"
NONE = "(none)"
EMPTY = "(empty)"
EPOCH = datetime.datetime(1970, 1, 1)


def labels(study: Study, plans: Mapping[str, Plan], table: str, column: str) -> list[str]:
    """One label per code of a code column. Raises KeyError for a column that no query has."""
    variable = plans[table].variables[column.removesuffix("__fine")]
    found = study.tables[table]
    if variable.kind == "moved":
        return ["first row", "same time", "later"]
    if variable.kind == "mark":
        return ["other", *map(str, marks(found))]
    if column.endswith("__fine"):
        return _fine(column_of(study, found, variable))
    if variable.kind in ("previous", "last"):
        return [*_padded(labels(study, plans, table, variable.source), variable.size - 1), NONE]
    if variable.kind == "parent":
        whole = labels(study, plans, variable.table, variable.source)
    else:
        whole = _codes(column_of(study, found, variable))
    return _padded(joined(whole, variable.groups) if variable.groups else whole, variable.size)


def _padded(found: list[str], size: int) -> list[str]:
    """Codes that nothing has."""
    return found + [EMPTY] * (size - len(found))


def joined(whole: list[str], groups: tuple[int, ...]) -> list[str]:
    """Labels of groups of codes: the first and the last of each."""
    members: dict[int, list[str]] = {}
    for label, group in zip(whole, groups, strict=False):
        members.setdefault(group, []).append(label)
    return [_span(members.get(g, [NONE])) for g in range(max(groups) + 1)]


def _span(members: list[str]) -> str:
    first, last = members[0], members[-1]
    if first == last:
        return first
    return f"{first.split(' to ')[0]} to {last.split(' to ')[-1]}"


def _codes(column: Column) -> list[str]:
    dom, kind = domain(column), column.type
    null = [NULL] if dom.nullable else []
    if not dom.ordered:
        return [*dom.labels, *null]
    if dom.by:  # bins differ by the other column: only their order is common
        return [f"bin {i + 1}" for i in range(dom.values)] + null
    return [_cell(c.low, c.high, c, kind) for c in dom.cells[0]] + null


def _fine(column: Column) -> list[str]:
    dom, kind = domain(column), column.type
    null = [NULL] if dom.nullable else []
    if dom.by:
        return [f"bin {i // SPLIT + 1}, part {i % SPLIT + 1}" for i in range(dom.values * SPLIT)] + null
    found = []
    for cell in dom.cells[0]:
        width = (cell.high - cell.low) / cell.parts
        for part in range(SPLIT):
            inside = part < cell.parts
            found.append(_cell(cell.low + part * width, cell.low + (part + 1) * width, cell, kind) if inside else EMPTY)
    return found + null


def _cell(low: float, high: float, cell: Cell, kind: Scalar) -> str:
    if cell.high <= cell.low:
        return text(low, kind)
    if kind in ("integer", "date", "timestamp"):
        first, last = -(-low // 1), -(-high // 1) - 1
        return text(first, kind) if last <= first else f"{text(first, kind)} to {text(last, kind)}"
    return f"{text(low, kind)} to {text(high, kind)}"


def text(value: float, kind: Scalar) -> str:
    """A value in units of `Column.range`, as people and specs write it; six digits of a number."""
    if kind == "date":
        return (EPOCH + datetime.timedelta(days=value)).date().isoformat()
    if kind == "timestamp":
        return (EPOCH + datetime.timedelta(seconds=value)).isoformat(sep=" ")
    return f"{value:.6g}"
