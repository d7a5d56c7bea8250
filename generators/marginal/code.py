"""Tables as the code columns of `structure`: the same variables that a hospital's coded models hold.

Used on synthetic tables only (to learn from a simulation, to report); hospitals compute theirs in SQL.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from generators.frame import Frame, Tables, length
from generators.marginal.encode import encode
from generators.marginal.implied import count_column
from generators.marginal.neighbours import Ints, Rows, ancestor_rows, neighbours, to_come
from generators.marginal.plan import Plan, Variable
from generators.marginal.structure import structure
from generators.marginal.timed import times
from specs.lang.domain import domain
from specs.lang.types import Study, Table


@dataclass(frozen=True)
class Codes:
    """`values[v]` (rows,) are the codes of variable `v`, -1 where it does not apply; `patient` (rows,) is the root row.

    `parent` (rows,) tells the rows of one parent from others, `row` (rows,) puts them in order.
    """

    values: dict[str, Ints]
    patient: Ints
    parent: Ints
    row: Ints


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
        rows = neighbours(table, tables[table.name], values, up)
        values |= times(study, table, tables, rows, parents)
        coded[table.name] = Codes(values, coded[table.parent.table].patient[up], up, rows.rank)
        _join(study, plan, coded, rows, parents)
    return coded


def _own(table: Table, frame: Frame) -> dict[str, Ints]:
    """Codes of the table's own columns; those that are binned by another column come after it."""
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
    """Codes of the numbers of children, by child table."""
    values: dict[str, Ints] = {}
    for child in study.children(table.name):
        number = np.bincount(parents[child.name], minlength=rows)
        column = count_column(child)
        values[column.name], values[f"{column.name}__fine"] = encode(domain(column), number, np.zeros(rows, bool))
    return values


def _join(study: Study, plan: Plan, coded: dict[str, Codes], rows: Rows, parents: Mapping[str, Ints]) -> None:
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


def _rest(table: Table, rows: Rows) -> Ints:
    """Codes of the number of rows of the same parent from each row on."""
    return encode(domain(count_column(table)), to_come(rows), np.zeros(len(rows.rank), bool))[0]


def _grouped(variable: Variable, codes: Ints) -> Ints:
    return np.asarray(np.array(variable.groups)[codes])


def _last(variable: Variable, values: dict[str, Ints], rows: Rows) -> Ints:
    kind = values[variable.by]
    order = np.lexsort((rows.rank, kind, rows.parent))
    same = (rows.parent[order][1:] == rows.parent[order][:-1]) & (kind[order][1:] == kind[order][:-1])
    found = np.full(len(order), variable.size - 1)
    found[order[1:]] = np.where(same, values[variable.source][order[:-1]], variable.size - 1)
    return found
