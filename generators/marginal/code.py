"""Tables as the code columns of `structure`: the same variables that a hospital's coded models hold.

Used on synthetic tables only (to learn from a simulation, to report); hospitals compute theirs in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Tables, length
from generators.marginal.encode import encode
from generators.marginal.implied import bound_of, count_column, gap_column, marks, start_column, starts_at_parent, stride_column
from generators.marginal.plan import Plan, Variable
from generators.marginal.structure import structure
from specs.lang.domain import domain
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Codes:
    """`values[v]` (rows,) are the codes of variable `v`, -1 where it does not apply; `patient` (rows,) is the root row.

    `parent` (rows,) tells the rows of one parent from others, `row` (rows,) puts them in order.
    """

    values: dict[str, Ints]
    patient: Ints
    parent: Ints
    row: Ints


@dataclass(frozen=True)
class _Rows:
    """Neighbours of each row of a child table: `parent` row, `previous` row of the same parent or -1."""

    parent: Ints
    previous: Ints
    rank: Ints


def code(study: Study, tables: Tables, parents: Mapping[str, Ints]) -> dict[str, Codes]:
    """All tables' code columns, rows in the order of the frames."""
    coded: dict[str, Codes] = {}
    for plan in structure(study):
        table = study.tables[plan.table]
        values = _own(table, tables[table.name])
        values |= _counts(study, table, length(tables[table.name]), parents)
        if table.parent is None:
            every = np.arange(length(tables[table.name]))
            coded[table.name] = Codes(values, every, every, every)
            continue
        up = parents[table.name]
        rows = _neighbours(table, tables[table.name], values, up)
        values |= _times(study, table, tables, values, rows, parents)
        coded[table.name] = Codes(values, coded[table.parent.table].patient[up], up, rows.rank)
        _join(study, plan, coded, rows, parents)
    return coded


def _own(table: Table, frame: Frame) -> dict[str, Ints]:
    values: dict[str, Ints] = {}
    measured = [c for c in table.columns.values() if c.measured]
    for column in sorted(measured, key=lambda c: bool(c.bins and c.bins.by)):
        series, dom = frame[column.name], domain(column)
        raw = series.values
        if column.references == table.name:
            raw = (raw == frame[table.key[0].name].values).astype(np.int64)
        by = values.get(dom.by) if dom.by else None
        values[column.name], fine = encode(dom, raw, series.null, by)
        if dom.ordered:
            values[f"{column.name}__fine"] = fine
    return values


def _counts(study: Study, table: Table, rows: int, parents: Mapping[str, Ints]) -> dict[str, Ints]:
    values: dict[str, Ints] = {}
    for child in study.children(table.name):
        number = np.bincount(parents[child.name], minlength=rows)
        column = count_column(child)
        values[column.name], values[f"{column.name}__fine"] = encode(domain(column), number, np.zeros(rows, bool))
    return values


def _neighbours(table: Table, frame: Frame, values: dict[str, Ints], parent: Ints) -> _Rows:
    """Rows of a parent in order: by `order_by`, then by the codes of the other columns in spec order."""
    ties = [values[c.name] for c in table.columns.values() if c.measured and c.name != table.order_by]
    keys = [*reversed(ties), *([frame[table.order_by].values] if table.order_by else []), parent]
    order = np.lexsort(keys)
    previous = np.full(len(parent), -1)
    same = parent[order][1:] == parent[order][:-1]
    previous[order[1:]] = np.where(same, order[:-1], -1)
    rank = np.empty(len(parent), np.int64)
    rank[order] = np.arange(len(parent))
    return _Rows(parent, previous, rank)


def _times(
    study: Study, table: Table, tables: Tables, values: dict[str, Ints], rows: _Rows, parents: Mapping[str, Ints]
) -> dict[str, Ints]:
    if table.order_by is None:
        return {}
    name = table.order_by
    at, first = tables[table.name][name].values, rows.previous < 0
    begin = _begin(study, table, tables, rows)
    gap = np.where(first, 0, at - at[rows.previous])
    never = np.zeros(len(at), bool)
    left = _left(study, table, tables, rows, parents)
    rest = _rows_on(rows)
    stride = np.where(gap == 0, 0.0, gap * rest / np.maximum(left, 1e-9))
    gap_code, gap_fine = encode(domain(stride_column(table)), stride, never)
    start_code, start_fine = encode(domain(start_column(study, table)), at - begin, never)
    found = {
        f"{name}__gap": np.where(first, -1, gap_code),
        f"{name}__gap__fine": np.where(first, -1, gap_fine),
        f"{name}__start": np.where(first, start_code, -1),
        f"{name}__start__fine": np.where(first, start_fine, -1),
        f"{name}__moved": np.where(first, 0, np.where(gap == 0, 1, 2)),
    }
    if special := marks(table):
        found[f"{name}__mark"] = np.select([at == time for time in special], range(1, len(special) + 1), 0)
    found[f"{name}__left"] = encode(domain(gap_column(table)), left, never)[0]
    each = left / rest
    found[f"{name}__pace"] = encode(domain(gap_column(table)), np.floor(each) if at.dtype.kind == "i" else each, never)[0]
    return found


def _left(study: Study, table: Table, tables: Tables, rows: _Rows, parents: Mapping[str, Ints]) -> NDArray[np.float64]:
    """Time from the previous row (from the range's start) to the bound."""
    name = str(table.order_by)
    low, high = table.columns[name].range or (0.0, 0.0)
    at, bound = tables[table.name][name].values, bound_of(study, table)
    limit = np.full(len(at), high)
    if bound:
        series = tables[bound[0]][bound[1]].take(ancestor_rows(study, table, bound[0], parents))
        limit = np.where(series.null, high, series.values)
    return np.asarray(np.maximum(limit - np.where(rows.previous < 0, low, at[rows.previous]), 0))


def _begin(study: Study, table: Table, tables: Tables, rows: _Rows) -> NDArray[np.int64]:
    """What a first row's time is counted from."""
    if not starts_at_parent(study, table) or table.parent is None:
        return np.zeros(len(rows.parent), np.int64)
    parent = study.tables[table.parent.table]
    return np.asarray(tables[parent.name][str(parent.order_by)].values[rows.parent])


def ancestor_rows(study: Study, table: Table, ancestor: str, parents: Mapping[str, Ints]) -> Ints:
    """For each row of `table` the row of `ancestor` it belongs to."""
    rows, at = parents[table.name], table.parent
    while at and at.table != ancestor:
        rows, at = parents[at.table][rows], study.tables[at.table].parent
    return rows


def _join(study: Study, plan: Plan, coded: dict[str, Codes], rows: _Rows, parents: Mapping[str, Ints]) -> None:
    """Variables taken from other rows, and codes joined into groups."""
    table, values = study.tables[plan.table], coded[plan.table].values
    for variable in plan.variables.values():
        if variable.kind in ("own", "count") and variable.groups:
            values[variable.name] = _grouped(variable, values[variable.source or variable.column])
    for variable in plan.variables.values():
        if variable.kind == "parent":
            above = coded[variable.table].values[variable.source][ancestor_rows(study, table, variable.table, parents)]
            values[variable.name] = _grouped(variable, above)
        elif variable.kind == "previous":
            values[variable.name] = np.where(rows.previous < 0, variable.size - 1, values[variable.source][rows.previous])
        elif variable.kind == "last":
            values[variable.name] = _last(variable, values, rows)
        elif variable.kind == "rest":
            values[variable.name] = _grouped(variable, _rest(table, rows))
        elif variable.kind in ("left", "pace"):
            values[variable.name] = _grouped(variable, values[variable.name])


def _rest(table: Table, rows: _Rows) -> Ints:
    """Codes of the number of rows of the same parent from each row on."""
    return encode(domain(count_column(table)), _rows_on(rows), np.zeros(len(rows.rank), bool))[0]


def _rows_on(rows: _Rows) -> Ints:
    """Number of rows of the same parent from each row on, itself included."""
    last = np.zeros(int(rows.parent.max(initial=-1)) + 1, np.int64)
    np.maximum.at(last, rows.parent, rows.rank)
    return np.asarray(last[rows.parent] - rows.rank + 1)


def _grouped(variable: Variable, codes: Ints) -> Ints:
    return np.asarray(np.array(variable.groups)[codes])


def _last(variable: Variable, values: dict[str, Ints], rows: _Rows) -> Ints:
    kind = values[variable.by]
    order = np.lexsort((rows.rank, kind, rows.parent))
    same = (rows.parent[order][1:] == rows.parent[order][:-1]) & (kind[order][1:] == kind[order][:-1])
    found = np.full(len(order), variable.size - 1)
    found[order[1:]] = np.where(same, values[variable.source][order[:-1]], variable.size - 1)
    return found
