"""Columns that a spec implies without naming them: numbers of children, distances in time, and where time starts and ends."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

from generators.marginal.plan import Variable
from specs.lang.domain import WHOLE, equal_bins, geometric_bins
from specs.lang.types import Column, Study, Table


def count_column(child: Table) -> Column:
    """The number of children as a column: whole numbers up to the contribution bound."""
    most = child.parent.max_children if child.parent else 0
    return Column(f"{child.name}__count", "integer", range=(0, most), bins=geometric_bins(most, True))


def gap_column(table: Table) -> Column:
    """A distance in time as a column in units of `order_by`: zero and more."""
    order = table.columns[str(table.order_by)]
    low, high = order.range or (0.0, 0.0)
    return Column(
        f"{order.name}__gap", _distance_type(order), range=(0, high - low), bins=geometric_bins(high - low, order.type in WHOLE)
    )


def stride_column(table: Table) -> Column:
    """The gap as a multiple of the pace: the time left, shared out evenly over the rows to come.

    So counted, gaps fill the time left whatever the budget: without any signal rows spread evenly up to the bound.
    """
    most = table.parent.max_children if table.parent else 1
    return Column(f"{table.order_by}__gap", "number", range=(0, most), bins=geometric_bins(most, False))


def start_column(study: Study, table: Table) -> Column:
    """The first row's place: `order_by` itself, or its distance from the parent's."""
    order = table.columns[str(table.order_by)]
    if starts_at_parent(study, table):
        return replace(gap_column(table), name=f"{order.name}__start")
    low, high = order.range or (0.0, 0.0)
    count = max(24, len(order.bins.edges[0]) - 1 if order.bins else 0)
    return replace(order, name=f"{order.name}__start", nullable=False, bins=equal_bins(low, high, count, order.type in WHOLE))


def column_of(study: Study, table: Table, variable: Variable) -> Column:
    """The column that a variable of `table` itself is a code of: one that the spec names, or one that it implies."""
    if variable.kind in ("count", "rest"):
        return count_column(study.tables[variable.column])
    if variable.kind == "gap":
        return stride_column(table)
    if variable.kind in ("left", "pace"):
        return gap_column(table)
    if variable.kind == "start":
        return start_column(study, table)
    return table.columns[variable.column]


def starts_at_parent(study: Study, table: Table) -> bool:
    """Whether time within the parent is counted from the parent's own time."""
    parent = study.tables[table.parent.table] if table.parent else None
    if parent is None or parent.order_by is None or table.order_by is None:
        return False
    return parent.columns[parent.order_by].type == table.columns[table.order_by].type


def bound_of(study: Study, table: Table) -> tuple[str, str] | None:
    """(ancestor table, column) such that a constraint says `table.order_by <= ancestor.column`, if there is one."""
    if table.order_by is None:
        return None
    for constraint in study.constraints:
        for name in constraint.tables:
            for column in study.tables[name].columns if name != table.name else ():
                if constraint.sql.replace(" ", "") == f"{table.name}.{table.order_by}<={name}.{column}":
                    return name, column
    return None


def _distance_type(order: Column) -> Literal["integer", "number"]:
    return "integer" if order.type in WHOLE else "number"


def marks(table: Table) -> tuple[float, ...]:
    """Times that many rows share (the day a study begins): those for which bins of `order_by` have an edge twice."""
    bins = table.columns[table.order_by].bins if table.order_by else None
    return tuple(a for edges in bins.edges for a, b in pairwise(edges) if a == b) if bins else ()
