"""The variables of a table: those that are learned, and what they may be told of the parent and of earlier rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from generators.marginal.implied import bound_of, count_column, gap_column
from generators.marginal.plan import Plan, Variable
from specs.lang.domain import Domain, domain, groups
from specs.lang.types import Column, Study, Table

COARSE = 6
"""Groups of an ordered context."""
FINER = 12
"""Groups of an ordered context that bounds or paces a row: time left, time so far."""


def learned(study: Study, table: Table) -> list[tuple[Variable, Domain]]:
    """Own columns in spec order (those binned by another column after it), then numbers of children."""
    columns = [c for c in table.columns.values() if c.measured and c.name != (table.order_by if table.parent else None)]
    own = [_own(c) for c in sorted(columns, key=lambda c: bool(c.bins and c.bins.by))]
    return own + [_count(t) for t in study.children(table.name)]


def kind_of_row(own: list[tuple[Variable, Domain]]) -> Variable | None:
    """What kind of row this is (the test, the diagnosis): the column others are binned by, else the first categorical one."""
    by = [d.by for _, d in own if d.by]
    named = [v for v, d in own if v.kind == "own" and ((v.column in by) if by else not d.ordered) and v.size <= 400]
    return named[0] if named else None


def parents(study: Study, table: Table, plans: dict[str, Plan]) -> Iterator[Variable]:
    """Contexts from the parent (and from ancestors above it): their own columns and counts, joined into few groups."""
    for ancestor in study.ancestors(table.name):
        for step in plans[ancestor.name].steps:
            if step.variable.kind in ("own", "count"):
                bounds = bound_of(study, table) == (ancestor.name, step.variable.column)
                joined = groups(step.domain, FINER if bounds else COARSE)
                name, source = f"{ancestor.name}__{step.variable.name}", step.variable.name
                yield Variable(name, "parent", max(joined) + 1, step.variable.column, source, ancestor.name, groups=joined)


def previous(variable: Variable) -> Variable:
    """The same of the previous row, or that there is none."""
    return Variable(f"{variable.name}__prev", "previous", variable.size + 1, variable.column, source=variable.name)


def moved(table: Table) -> Variable:
    """Whether the row is the first one, at the same time as the previous row, or later."""
    return Variable(f"{table.order_by}__moved", "moved", 3, str(table.order_by))


def place(table: Table) -> Variable:
    """The row's own place in time."""
    order = table.columns[str(table.order_by)]
    return Variable(order.name, "own", FINER, order.name, groups=groups(domain(order), FINER))


def pacing(table: Table, kind: Variable | None) -> list[Variable]:
    """What the gap to the previous row hangs on: that row's time and kind, rows to come, time left, and the even gap."""
    time, joined = str(table.order_by), groups(domain(gap_column(table)), 2 * FINER)
    before = Variable(f"{time}__prev", "previous", FINER + 1, time, source=time)
    left = Variable(f"{time}__left", "left", max(joined) + 1, time, groups=joined)
    pace = replace(left, name=f"{time}__pace", kind="pace")
    return [before, _rest(table), left, pace, *([previous(kind)] if kind else [])]


def _rest(table: Table) -> Variable:
    joined = groups(domain(count_column(table)), FINER)
    return Variable(f"{table.name}__rest", "rest", max(joined) + 1, table.name, groups=joined)


def _own(column: Column) -> tuple[Variable, Domain]:
    dom = domain(column)
    return Variable(column.name, "own", dom.size, column.name), dom


def _count(child: Table) -> tuple[Variable, Domain]:
    dom = domain(count_column(child))
    return Variable(f"{child.name}__count", "count", dom.size, child.name), dom
