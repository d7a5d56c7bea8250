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
from dataclasses import replace
from functools import lru_cache

from generators.bins.plan import plan as bins_plan
from generators.marginal.implied import marks, start_column, stride_column
from generators.marginal.plan import COARSE_OWN, Plan, Step, Variable
from generators.marginal.variables import kind_of_row, learned, moved, pacing, parents, place, previous
from privacy.query import UNIT, Query
from specs.lang.domain import Domain, domain, groups
from specs.lang.types import Study, Table

MOST_CELLS = 20_000
"""A histogram over more cells than this is left out: its noise would be all one sees."""


@lru_cache(maxsize=8)
def structure(study: Study) -> tuple[Plan, ...]:
    """The plans of all patients' tables, parents first; of the patients' own alone, where bins are sought."""
    if study.generator.finds_bins:
        return (bins_plan(study),)
    plans: dict[str, Plan] = {}
    for table in study.patient_tables():
        plans[table.name] = _root(study, table) if table.parent is None else _child(study, table, plans)
    return tuple(plans.values())


@lru_cache(maxsize=8)
def queries(study: Study) -> tuple[Query, ...]:
    """Everything the marginal generator asks, in one round."""
    return tuple(q for plan in structure(study) for q in plan.queries())


def _root(study: Study, table: Table) -> Plan:
    steps: list[Step] = []
    variables: dict[str, Variable] = {}
    for variable, dom in learned(study, table):
        pairs = [_query(table, (c, variable)) for c in variables.values()]
        steps.append(Step(variable, dom, _fine(table, variable, dom, variables.get(dom.by or "")), _kept(pairs)))
        variables[variable.name] = variable
    return Plan(table.name, variables, tuple(_weighed(table, steps)))


def _weighed(table: Table, steps: list[Step]) -> Iterator[Step]:
    """Steps of the root: pairs in one group, histograms of one variable in two others.

    A variable alone weighs like a pair, for pairs tell of it too; where its bins have parts, of which no pair tells, it has
    its share of half of the table's budget.
    """
    pairs = sum(len(s.factors) for s in steps)
    for step in steps:
        split = step.domain.split
        scale = max(UNIT, round(UNIT * math.sqrt(pairs / len(steps)))) if split else UNIT
        factors = tuple(replace(q, group=f"{table.name}.pairs") for q in step.factors)
        group = f"{table.name}.parts" if split else f"{table.name}.single"
        yield replace(step, fine=replace(step.fine, group=group, scale=scale), factors=factors)


def _child(study: Study, table: Table, plans: dict[str, Plan]) -> Plan:
    above = list(parents(study, table, plans))
    contexts = {v.name: v for v in above}
    steps: list[Step] = []
    own = learned(study, table)
    kind = kind_of_row(own)
    own.sort(key=lambda one: one[0] is not kind)  # first: other columns hang on it
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


def _time_steps(
    study: Study, table: Table, contexts: dict[str, Variable], above: list[Variable], kind: Variable | None
) -> list[Step]:
    """The first row's place in time, with what is above; the gap to the previous row, with what paces it."""
    time, paces = str(table.order_by), pacing(table, kind)
    start_dom, gap_dom = domain(start_column(study, table)), domain(stride_column(table))
    start = Variable(f"{time}__start", "start", start_dom.size, time)
    gap = Variable(f"{time}__gap", "gap", gap_dom.size, time)
    contexts |= {v.name: v for v in (start, gap, place(table), *paces)}
    starts = [_query(table, (c, start)) for c in above]
    gaps = [_query(table, (c, gap)) for c in paces]
    return [
        Step(start, start_dom, _fine(table, start, start_dom, None), _kept(starts)),
        Step(gap, gap_dom, _fine(table, gap, gap_dom, None), _kept(gaps)),
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
        before = [previous(variable), *([moved(table)] if order else [])]
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


def _mark_step(table: Table, kind: Variable) -> Step:
    """Which kinds of rows are at such a time; whatever time was drawn before gives way to it."""
    dom = Domain(("", *map(str, marks(table))), (), None, False)
    variable = Variable(f"{table.order_by}__mark", "mark", dom.size, str(table.order_by))
    return Step(variable, dom, _fine(table, variable, dom, kind), ())


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
