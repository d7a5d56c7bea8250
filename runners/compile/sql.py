"""Pieces of SQL: names, literals, and the codes of a domain."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from specs.lang.domain import SPLIT, WHOLE, Cell, Domain
from specs.lang.types import Column

TYPES = {
    "integer": "bigint",
    "number": "double",
    "boolean": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "string": "varchar",
}


def name(text: str) -> str:
    """A quoted identifier."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal; braces are spelled out, so that dbt sees no template in a value."""
    quoted = "'" + text.replace("'", "''") + "'"
    return quoted.replace("{", "' || chr(123) || '").replace("}", "' || chr(125) || '")


def number(value: float) -> str:
    """A number as SQL reads it back exactly: with an exponent, as a decimal point alone would make a DECIMAL of it."""
    if float(value).is_integer() and abs(value) <= 2**53:
        return str(int(value))
    text = repr(float(value))
    return text if "e" in text else f"{text}e0"


def condition(sql: str) -> str:
    """An expression of a spec, for a dbt model. Raises ValueError if dbt could take part of it for a template."""
    if "{" in sql or "}" in sql:
        raise ValueError("an expression with braces")
    return sql


def cast(column: Column) -> str:
    """The column in its type; NULL where a value cannot be, or is not finite."""
    sql = f"try_cast({name(column.name)} as {TYPES[column.type]})"
    finite = column.type in {"string", "boolean", "integer"}  # or what it is cast to has no other values
    return sql if finite else f"case when isfinite({sql}) then {sql} end"


def key(column: str, kind: str) -> str:
    """A key column in its type. A number with a fraction is no whole key: rounded, it would be that of another row."""
    sql = f"try_cast({name(column)} as {kind})"
    if kind != TYPES["integer"]:
        return sql
    number = f"try_cast({name(column)} as double)"
    return f"case when {number} = floor({number}) then {sql} end"


def clamped(sql: str, low: str, high: str) -> str:
    """The value or the bound that it lies beyond; NULL stays NULL (as it does not in `least` and `greatest`)."""
    return f"case when {sql} < {low} then {low} when {sql} > {high} then {high} else {sql} end"


def as_number(column: Column, sql: str) -> str:
    """The column in the units of its bins: days or seconds since 1970-01-01 for times."""
    if column.type == "date":
        return f"date_diff('day', date '1970-01-01', {sql})"
    if column.type == "timestamp":
        return f"cast(floor(epoch({sql})) as bigint)"
    return sql


def from_number(column: Column, value: float) -> str:
    """A bound of the column's range as a literal of the column's type."""
    if column.type == "date":
        return f"(date '1970-01-01' + {int(value)})"
    if column.type == "timestamp":
        return f"(timestamp '1970-01-01' + to_seconds({int(value)}))"
    return number(value)


def category(labels: Sequence[str], sql: str) -> str:
    """The position of a string among `labels`."""
    lines = " ".join(f"when {literal(label)} then {code}" for code, label in enumerate(labels))
    return f"case {sql} {lines} end"


def bins(domain: Domain, whole: bool, sql: str, by: str | None) -> str:
    """The code of a number that is not NULL. `by` is the column, as SQL, that decides which bins."""
    if domain.by is None:
        return _cells(domain.cells[0], whole, sql)
    parts = " ".join(f"when {code} then {_cells(cells, whole, sql)}" for code, cells in enumerate(domain.cells))
    return f"case {by} {parts} end"


def _cells(cells: tuple[Cell, ...], whole: bool, sql: str) -> str:
    if len(cells) == 1:
        return "0"
    if whole and all(cell.low + 1 == cell.high == after.low for cell, after in pairwise((*cells, Cell(cells[-1].high, 0, 0)))):
        first, last = number(cells[0].low), number(cells[-1].low)
        return f"{clamped(sql, first, last)} - {first}"  # a bin for each number
    steps = []
    for code, cell in enumerate(cells[:-1]):
        single = cell.low == cell.high and not whole
        steps.append(f"when {sql} {'<=' if single else '<'} {number(cell.high)} then {code}")
    return f"case {' '.join(steps)} else {len(cells) - 1} end"


def fine(domain: Domain, whole: bool, sql: str, code: str, by: str | None) -> str:
    """The fine code of a number that is not NULL, given its code."""
    if all(cell.parts == 1 for cells in domain.cells for cell in cells):
        return f"{code} * {SPLIT}"
    low, high, parts = (_pick(domain, field, code, by) for field in ("low", "high", "parts"))
    if whole:
        part = f"({sql} - {low}) * {parts} // ({high} - {low})"
    else:
        width = f"(case when {high} > {low} then {high} - {low} else 1 end)"
        part = f"cast(floor(({sql} - {low}) * {parts} / {width}) as bigint)"
    return f"{code} * {SPLIT} + greatest(0, least({part}, {parts} - 1))"


def _pick(domain: Domain, field: str, code: str, by: str | None) -> str:
    """The bound (or number of parts) of the bin `code`, from a list of all bins."""
    kind = (
        "double" if field != "parts" and any(not float(getattr(c, field)).is_integer() for b in domain.cells for c in b) else ""
    )
    lists = ["[" + ", ".join(number(getattr(c, field)) for c in cells) + "]" for cells in domain.cells]
    cast = "::double[]" if kind else "::bigint[]"
    if domain.by is None:
        return f"list_extract({lists[0]}{cast}, {code} + 1)"
    picked = " ".join(f"when {i} then {found}{cast}" for i, found in enumerate(lists))
    return f"list_extract(case {by} {picked} end, {code} + 1)"


def joined(groups: Sequence[int], code: str) -> str:
    """A code's group."""
    if list(groups) == list(range(len(groups))):
        return code
    return f"list_extract([{', '.join(map(str, groups))}], {code} + 1)"


def smallest(size: int) -> str:
    """The type of codes below `size`, and of any such code plus one: lists count from one."""
    return "utinyint" if size < 1 << 8 else "smallint" if size < 1 << 15 else "integer"


def is_whole(column: Column) -> bool:
    """Whether values are whole numbers of their unit."""
    return column.type in WHOLE
