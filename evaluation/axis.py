"""What the codes of a query's columns mean: titles, labels and places on a true axis, from the study alone."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from generators.marginal.implied import column_of, marks
from generators.marginal.plan import Plan, Variable
from specs.lang.domain import SPLIT, WHOLE, Cell, Domain, domain
from specs.lang.types import Column, Scalar, Study, Table

NULL = "(missing)"
NONE = "(none before)"
MOVED = ("first row", "same time", "later")
EPOCH = datetime.datetime(1970, 1, 1)

Span = tuple[float, float]
"""Low and high end on the column's own axis; whole numbers n fill [n, n + 1)."""


@dataclass(frozen=True)
class Axis:
    """The codes of one column of a query.

    `spans[v][c]` is where code `c` lies when the column `by` has its `v`-th value (without `by`: one entry); None where the
    code is no interval: a category, NULL, or nothing. `possible[v][c]` says whether a row can have the code at all.
    `labels` are for people; with `by` they differ by value, see `label`.
    """

    name: str
    title: str
    column: Column | None
    labels: tuple[str, ...]
    spans: tuple[tuple[Span | None, ...], ...]
    possible: tuple[tuple[bool, ...], ...]
    by: str | None = None
    null: int | None = None

    @property
    def size(self) -> int:
        """Number of codes."""
        return len(self.labels)

    @property
    def ordered(self) -> bool:
        """Whether codes are intervals of numbers or times."""
        return any(s is not None for spans in self.spans for s in spans)

    @property
    def scalar(self) -> Scalar:
        """What the axis counts in."""
        return self.column.type if self.column else "string"

    def label(self, code: int, value: int = 0) -> str:
        """The label of a code when `by` has its `value`-th value."""
        span = self.spans[min(value, len(self.spans) - 1)][code]
        return span_text(*span, self.scalar) if span and self.by else self.labels[code]


def axes(study: Study, plans: Mapping[str, Plan], table: str, columns: tuple[str, ...]) -> tuple[Axis, ...]:
    """The axes of a query of `table`. Raises KeyError for a column that the table's plan does not have."""
    return tuple(axis(study, plans, table, c) for c in columns)


def axis(study: Study, plans: Mapping[str, Plan], table: str, name: str) -> Axis:
    """One code column."""
    fine = name.endswith("__fine")
    variable = plans[table].variables[name.removesuffix("__fine")]
    if variable.kind == "moved":
        return Axis(name, "time of row", None, MOVED, ((None,) * 3,), ((True,) * 3,))
    if variable.kind == "mark":
        times = marks(study.tables[table])
        size = len(times) + 1
        return Axis(name, "time of its own", None, ("other", *map(str, times)), ((None,) * size,), ((True,) * size,))
    if variable.kind in ("previous", "last"):
        return _with_none(axis(study, plans, table, variable.source), variable)
    if variable.kind == "parent":
        above = axis(study, plans, variable.table, variable.source)
        return replace(_joined(above, variable), name=name, title=f"{variable.table}.{above.title}")
    column = _column(study, study.tables[table], variable)
    found = _plain(name, title(variable), column, domain(column), fine)
    if variable.kind == "gap":  # multiples of an even gap, in steps of a constant factor: two figures say it
        found = replace(found, labels=tuple(_brief(s) for s in found.spans[0]))
    return _joined(found, variable) if variable.groups else found


def title(variable: Variable) -> str:
    """What a person calls a code column of the row itself."""
    words = {
        "count": f"number of {variable.column} rows",
        "start": f"first {variable.column}",
        "gap": f"{variable.column}: gap",
        "left": f"{variable.column}: time left",
        "pace": f"{variable.column}: even gap",
        "rest": f"{variable.column} rows to come",
    }
    return words.get(variable.kind, variable.column)


def _column(study: Study, table: Table, variable: Variable) -> Column:
    """The column that the axis counts in; times and places in time are in the unit of the column they come from."""
    column = column_of(study, table, variable)
    timed = variable.kind in ("start", "left", "pace")
    return replace(column, unit=table.columns[variable.column].unit) if timed else column


def _plain(name: str, called: str, column: Column, dom: Domain, fine: bool) -> Axis:
    null = [NULL] if dom.nullable else []
    if not dom.ordered:
        size = dom.size
        return Axis(name, called, column, (*dom.labels, *null), ((None,) * size,), ((True,) * size,), None, _null(dom, size))
    codes = [_codes(cells, dom.values, column.type, fine) for cells in dom.cells]
    spans = tuple((*found, *(None for _ in null)) for found in codes)
    possible = tuple((*(s is not None for s in found), *(True for _ in null)) for found in codes)
    return Axis(name, called, column, _labels(dom, codes, column.type, null), spans, possible, dom.by, _null(dom, len(spans[0])))


def _labels(dom: Domain, codes: list[list[Span | None]], scalar: Scalar, null: list[str]) -> tuple[str, ...]:
    if dom.by:
        return (*(f"bin {i + 1}" for i in range(len(codes[0]))), *null)
    return (*(span_text(*s, scalar) if s else "" for s in codes[0]), *null)


def _null(dom: Domain, size: int) -> int | None:
    return size - 1 if dom.nullable else None


def _codes(cells: tuple[Cell, ...], values: int, scalar: Scalar, fine: bool) -> list[Span | None]:
    """Where each code lies; whole numbers of a part are counted, so that a part's width is how many it holds."""
    found: list[Span | None] = []
    for cell in cells:
        parts = cell.parts if fine else 1
        edges = [cell.low + (cell.high - cell.low) * p / parts for p in range(parts)] + [cell.high]
        if scalar in WHOLE:
            edges = [float(math.ceil(e)) for e in edges]
        found += list(pairwise(edges))
        found += [None] * (SPLIT - parts if fine else 0)
    return found + [None] * (values * (SPLIT if fine else 1) - len(found))


def _joined(whole: Axis, variable: Variable) -> Axis:
    """Codes joined into groups: a group spans its members."""
    size, null = variable.size, None if whole.null is None else variable.groups[whole.null]
    members = [[c for c, g in enumerate(variable.groups) if g == group] for group in range(size)]
    spans = tuple(tuple(_hull([of[c] for c in group]) for group in members) for of in whole.spans)
    possible = tuple(tuple(any(of[c] for c in group) for group in members) for of in whole.possible)
    labels = tuple(_group_label(whole, group, spans[0][i]) for i, group in enumerate(members))
    return replace(whole, name=variable.name, labels=labels, spans=spans, possible=possible, null=null)


def _brief(span: Span | None) -> str:
    return "" if span is None else f"{span[0]:.2g}" if span[0] == span[1] else f"{span[0]:.2g} to {span[1]:.2g}"


def _hull(spans: list[Span | None]) -> Span | None:
    found = [s for s in spans if s is not None]
    return (found[0][0], found[-1][1]) if found else None


def _group_label(whole: Axis, members: list[int], span: Span | None) -> str:
    if not members:
        return ""
    if len(members) == 1 or whole.by:
        return whole.labels[members[0]]
    return span_text(*span, whole.scalar) if span else f"{whole.labels[members[0]]} to {whole.labels[members[-1]]}"


def _with_none(source: Axis, variable: Variable) -> Axis:
    """The same column of an earlier row, and a code for there being none."""
    extra = variable.size - source.size
    spans = tuple((*s, *(None,) * extra) for s in source.spans)
    possible = tuple((*p, *(False,) * (extra - 1), True) for p in source.possible)
    word = "previous" if variable.kind == "previous" else "last"
    labels = (*source.labels, *("",) * (extra - 1), NONE)
    return replace(source, name=variable.name, title=f"{word} {source.title}", labels=labels, spans=spans, possible=possible)


def span_text(low: float, high: float, scalar: Scalar) -> str:
    """An interval in words: the single value, the first and last whole number, or both ends."""
    if scalar in WHOLE:
        return point_text(low, scalar) if high - low <= 1 else f"{point_text(low, scalar)} to {point_text(high - 1, scalar)}"
    return point_text(low, scalar) if low == high else f"{point_text(low, scalar)} to {point_text(high, scalar)}"


def point_text(value: float, scalar: Scalar) -> str:
    """A place on the axis in words."""
    try:
        if scalar == "date":
            return (EPOCH + datetime.timedelta(days=value)).date().isoformat()
        if scalar == "timestamp":
            return (EPOCH + datetime.timedelta(seconds=value)).isoformat(sep=" ", timespec="minutes")
    except OverflowError:
        pass
    return f"{value:.5g}" if abs(value) < 1e5 else f"{value:.8g}"
