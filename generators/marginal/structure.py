"""Which marginals a study needs: derived from the spec alone, so it is public.

Each table is a chain of steps; a step is one coded variable, learned from histograms of it with contexts:

- the root table: its columns in spec order, then the number of children per child table, each with every one before;
- a child table, rows in order: `start` (the first row's place in time) or `gap` (to the previous row), its columns,
  then the number of its own children. Contexts are the parent's variables, the previous row of the same parent,
  the last value of the same kind, the time left until a bound on the parent, and earlier steps of the row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from privacy.query import UNIT, Query
from specs.lang.domain import WHOLE, Domain, domain, equal_bins, geometric_bins, groups
from specs.lang.types import Column, Study, Table

COARSE = 6
"""Groups of an ordered context."""
FINER = 12
"""Groups of an ordered context that bounds or paces a row: time left, time so far."""
COARSE_OWN = 10
"""Groups of a child's ordered column in histograms with its kind and a context."""
MOST_CELLS = 20_000
"""A histogram over more cells than this is left out: its noise would be all one sees."""

EARLIER = ("__prev", "__last", "__left", "__pace")
"""How variables that depend on earlier rows are called."""

Kind = Literal["own", "count", "start", "gap", "mark", "moved", "left", "rest", "pace", "parent", "previous", "last"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One code column of a coded table.

    kind      what it holds
    own       `column` of this row (finely: `name + "__fine"`); with `groups`, its codes joined by them
    count     number of this row's children in table `column` (finely: likewise); with `groups`, joined likewise
    start     `order_by` of the first row of its parent, counted from the parent's own `order_by` where it has one; else NULL
    gap       `order_by` less that of the previous row, as a multiple of the exact pace; NULL in the first row
    mark      which of the times that `order_by` has a bin of its own for the row is at, counted from 1; 0 for none of them
    moved     0 in the first row of its parent, 1 at the same `order_by` as the previous row, 2 later
    left      bound on the parent (where NULL, or without one: the range's end) less the previous row's `order_by` (for the
              first row: less the range's start), never below 0; encoded as a gap, then joined
    rest      number of rows of the same parent from this one on, itself included
    pace      `left` (before it is encoded) over the number of rows that `rest` counts, rounded down for whole units; as `left`
    parent    variable `source` of the ancestor row of table `table`
    previous  variable `source` of the previous row of the same parent; the code after the last one: no previous row
    last      `source` of the last row of the same parent with the same `by`; the code after the last one: none

    `groups[code of source]` is the code, where codes are joined; `size` counts codes.
    """

    name: str
    kind: Kind
    size: int
    column: str
    source: str = ""
    table: str = ""
    by: str = ""
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One variable to learn, its fine codes' histogram (given `by`, if any) and the histograms that tie it to contexts.

    In every factor the last column is the step's variable, or its codes joined into groups (`__coarse`); the columns before
    it are contexts, `given` first.
    """

    variable: Variable
    domain: Domain
    fine: Query
    factors: tuple[Query, ...]

    @property
    def given(self) -> str | None:
        """The variable (the row's kind) on which the step's own distribution depends, if any; first in every factor."""
        return self.fine.columns[0] if len(self.fine.columns) > 1 else None

    def joined(self, factor: Query) -> tuple[int, ...]:
        """For each code of the step the factor's code: itself, or its group."""
        return tuple(range(self.variable.size)) if factor.columns[-1] == self.variable.name else groups(self.domain, COARSE_OWN)

    @property
    def drifting(self) -> tuple[Query, ...]:
        """Factors whose contexts come from earlier rows: how often they occur depends on the chain itself."""
        return tuple(q for q in self.factors if any(c.endswith(EARLIER) for c in q.columns[:-1]))

    @property
    def main(self) -> Query | None:
        """The factor that says most: with the last value of the same kind or the pace, else the one with most cells."""
        return max(self.factors, key=lambda q: (any(c.endswith(("__last", "__pace")) for c in q.columns), q.cells), default=None)

    @property
    def given_size(self) -> int:
        """Number of codes of `given`, 1 without it."""
        return self.fine.shape[0] if self.given else 1


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is asked about one table. `variables` are all its code columns, by name."""

    table: str
    variables: dict[str, Variable]
    steps: tuple[Step, ...]

    def queries(self) -> tuple[Query, ...]:
        """Every histogram of the table, once."""
        found = {q.name: q for step in self.steps for q in (step.fine, *step.factors)}
        return tuple(found.values())


def structure(study: Study) -> tuple[Plan, ...]:
    """The plans of all patients' tables, parents first."""
    plans: dict[str, Plan] = {}
    for table in study.patient_tables():
        plans[table.name] = _root(study, table) if table.parent is None else _child(study, table, plans)
    return tuple(plans.values())


def queries(study: Study) -> tuple[Query, ...]:
    """Everything the marginal generator asks, in one round."""
    return tuple(q for plan in structure(study) for q in plan.queries())


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


def _root(study: Study, table: Table) -> Plan:
    steps: list[Step] = []
    variables: dict[str, Variable] = {}
    for variable, dom in _learned(study, table):
        pairs = [_query(table, (c, variable)) for c in variables.values()]
        steps.append(Step(variable, dom, _fine(table, variable, dom, variables.get(dom.by or "")), _kept(pairs)))
        variables[variable.name] = variable
    return Plan(table.name, variables, tuple(_weighed(table, steps)))


def _weighed(table: Table, steps: list[Step]) -> Iterator[Step]:
    """Steps of the root: all pairs in one group, single histograms in another with a third of the table's budget."""
    pairs = sum(len(s.factors) for s in steps)
    scale = max(UNIT, round(UNIT * math.sqrt(pairs / (2 * len(steps)))))
    for step in steps:
        factors = tuple(replace(q, group=f"{table.name}.pairs") for q in step.factors)
        yield replace(step, fine=replace(step.fine, group=f"{table.name}.single", scale=scale), factors=factors)


def _child(study: Study, table: Table, plans: dict[str, Plan]) -> Plan:
    above = list(_parents(study, table, plans))
    contexts = {v.name: v for v in above}
    steps: list[Step] = []
    own = _learned(study, table)
    kind = _kind_of_row(own)
    if table.order_by:
        steps += _time_steps(study, table, contexts, above, kind)
    for variable, dom in own:
        given = contexts[dom.by] if dom.by else kind
        steps.append(_row_step(table, variable, dom, contexts, above, given, [s.variable for s in steps]))
        contexts[variable.name] = variable
        if variable is kind and marks(table):
            steps.append(_mark_step(table, variable))
            contexts[steps[-1].variable.name] = steps[-1].variable
    return Plan(table.name, contexts, tuple(steps))


def _learned(study: Study, table: Table) -> list[tuple[Variable, Domain]]:
    """Own columns in spec order (those binned by another column after it), then numbers of children."""
    columns = [c for c in table.columns.values() if c.measured and c.name != (table.order_by if table.parent else None)]
    own = [_own(c) for c in sorted(columns, key=lambda c: bool(c.bins and c.bins.by))]
    return own + [_count(t) for t in study.children(table.name)]


def _kind_of_row(own: list[tuple[Variable, Domain]]) -> Variable | None:
    """What kind of row this is (the test, the diagnosis): the column others are binned by, else the first categorical one."""
    by = [d.by for _, d in own if d.by]
    named = [v for v, d in own if v.kind == "own" and ((v.column in by) if by else not d.ordered) and v.size <= 400]
    return named[0] if named else None


def _time_steps(
    study: Study, table: Table, contexts: dict[str, Variable], above: list[Variable], kind: Variable | None
) -> list[Step]:
    order = table.columns[str(table.order_by)]
    start_dom, gap_dom = domain(start_column(study, table)), domain(gap_column(table))
    start = Variable(f"{order.name}__start", "start", start_dom.size, order.name)
    stride_dom = domain(stride_column(table))
    gap = Variable(f"{order.name}__gap", "gap", stride_dom.size, order.name)
    at = Variable(order.name, "own", FINER, order.name, groups=groups(domain(order), FINER))
    before = Variable(f"{order.name}__prev", "previous", FINER + 1, order.name, source=order.name)
    rest = _rest(table)
    joined = groups(gap_dom, 2 * FINER)
    left = Variable(f"{order.name}__left", "left", max(joined) + 1, order.name, groups=joined)
    pace = replace(left, name=f"{order.name}__pace", kind="pace")
    paces = [rest, left, pace, *([_previous(kind)] if kind else [])]
    contexts |= {v.name: v for v in (start, gap, at, before, *paces)}
    starts = [_query(table, (c, start)) for c in above]
    gaps = [_query(table, (c, gap)) for c in (before, *paces)]
    return [
        Step(start, start_dom, _fine(table, start, start_dom, None), _kept(starts)),
        Step(gap, stride_dom, _fine(table, gap, stride_dom, None), _kept(gaps)),
    ]


def _row_step(
    table: Table,
    variable: Variable,
    dom: Domain,
    contexts: dict[str, Variable],
    above: list[Variable],
    kind: Variable | None,
    earlier: list[Variable],
) -> Step:
    """A column of a child row: with each context, and where the row has a kind, with kind and context together."""
    order = table.order_by
    here = [contexts[order]] if order else []
    same_row = [v for v in earlier if v.kind in {"own", "count"}]
    if kind is None or variable.name == kind.name:
        pairs = [_query(table, (c, variable)) for c in (*above, *here, *same_row)]
        before = [_previous(variable), *([_moved(table)] if order else [])]
        contexts |= {v.name: v for v in before}
        triples = [_query(table, (*before, variable))]
        return Step(variable, dom, _fine(table, variable, dom, None), _kept(pairs + triples))
    joined = groups(dom, COARSE_OWN)
    coarse = Variable(f"{variable.name}__coarse", variable.kind, max(joined) + 1, variable.column, variable.name, groups=joined)
    last = Variable(f"{variable.name}__last", "last", coarse.size + 1, variable.column, source=coarse.name, by=kind.name)
    contexts |= {v.name: v for v in (coarse, last)}
    others = [v for v in same_row if v.name != kind.name]
    triples = [_query(table, (kind, c, coarse)) for c in (last, *here, *above, *others)]
    return Step(variable, dom, _fine(table, variable, dom, kind), _kept(triples))


def marks(table: Table) -> tuple[float, ...]:
    """Times that many rows share (the day a study begins): those for which bins of `order_by` have an edge twice."""
    bins = table.columns[table.order_by].bins if table.order_by else None
    return tuple(a for edges in bins.edges for a, b in pairwise(edges) if a == b) if bins else ()


def _mark_step(table: Table, kind: Variable) -> Step:
    """Which kinds of rows are at such a time; whatever time was drawn before gives way to it."""
    dom = Domain(("", *map(str, marks(table))), (), None, False)
    variable = Variable(f"{table.order_by}__mark", "mark", dom.size, str(table.order_by))
    return Step(variable, dom, _fine(table, variable, dom, kind), ())


def _parents(study: Study, table: Table, plans: dict[str, Plan]) -> Iterator[Variable]:
    """Contexts from the parent (and from ancestors above it): their own columns and counts, joined into few groups."""
    for ancestor in study.ancestors(table.name):
        for step in plans[ancestor.name].steps:
            if step.variable.kind in ("own", "count"):
                bounds = bound_of(study, table) == (ancestor.name, step.variable.column)
                joined = groups(step.domain, FINER if bounds else COARSE)
                name, source = f"{ancestor.name}__{step.variable.name}", step.variable.name
                yield Variable(name, "parent", max(joined) + 1, step.variable.column, source, ancestor.name, groups=joined)


def _own(column: Column) -> tuple[Variable, Domain]:
    dom = domain(column)
    return Variable(column.name, "own", dom.size, column.name), dom


def _count(child: Table) -> tuple[Variable, Domain]:
    dom = domain(count_column(child))
    return Variable(f"{child.name}__count", "count", dom.size, child.name), dom


def _previous(variable: Variable) -> Variable:
    return Variable(f"{variable.name}__prev", "previous", variable.size + 1, variable.column, source=variable.name)


def _rest(table: Table) -> Variable:
    dom = domain(count_column(table))
    joined = groups(dom, FINER)
    return Variable(f"{table.name}__rest", "rest", max(joined) + 1, table.name, groups=joined)


def _moved(table: Table) -> Variable:
    """Whether the row is the first one, at the same time as the previous row, or later."""
    return Variable(f"{table.order_by}__moved", "moved", 3, str(table.order_by))


def _query(table: Table, variables: tuple[Variable, ...]) -> Query:
    """A histogram in the group of the step that learns from it: that of its last variable."""
    names = tuple(v.name for v in variables)
    group = f"{table.name}.{variables[-1].name.removesuffix('__fine').removesuffix('__coarse')}"
    return Query(f"{table.name}: {', '.join(names)}", table.name, names, tuple(v.size for v in variables), group)


def _fine(table: Table, variable: Variable, dom: Domain, kind: Variable | None) -> Query:
    """The step's finest histogram; its margin over parts is the step's own 1-way (given the kind)."""
    fine = Variable(f"{variable.name}__fine", variable.kind, dom.fine_size, variable.column) if dom.ordered else variable
    return _query(table, (kind, fine) if kind else (fine,))


def _kept(found: list[Query]) -> tuple[Query, ...]:
    return tuple(q for q in found if q.cells <= MOST_CELLS)
