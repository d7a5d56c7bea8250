"""Between tables: how many rows a parent has, and how their number and kind depend on the parent."""

from __future__ import annotations

import numpy as np

from evaluation.axis import Axis
from evaluation.compare import Row
from evaluation.report.bars import Bar, steps, table
from evaluation.report.card import View, card, grid, heading, margin
from evaluation.report.columns import ENOUGH, picture
from generators.marginal.plan import Plan, Step
from privacy.query import Query

MOST = 6
"""Parents' columns shown per child table: those that say most."""


def relations(view: View) -> str:
    """Numbers of children, and how they and the children depend on the parent."""
    parts = []
    for plan in view.plans.values():
        counts = [c for s in plan.steps if s.variable.kind == "count" for c in _count(view, s)]
        kinds = _by_parent(view, plan)
        if counts:
            parts.append(heading(f"Rows below each {plan.table}") + grid(counts))
        if kinds:
            parts.append(heading(f"{plan.table} by columns of its parents") + grid(kinds))
    return "".join(parts)


def _count(view: View, step: Step) -> list[str]:
    """How many children there are, and their mean along the columns that say most about it."""
    row = view.row(step.fine.name)
    axis = row.axes[-1]
    body = picture(axis, *margin(row, row.ways - 1), growing=True)
    found = [card(axis.title, body, "Intervals grow with the number.", row)]
    pairs = [view.row(q.name) for q in step.factors if len(q.columns) == 2]
    for pair in _telling(pairs):
        bars = means(pair)
        if len(bars) > 1:
            by = pair.axes[0].title
            body = _profile(bars, pair, f"mean {axis.title} for each {by}")
            found.append(card(f"{axis.title} by {by}", body, "Mean per row of the parent.", pair))
    return found


def _profile(bars: list[Bar], pair: Row, alt: str) -> str:
    unit = (pair.axes[0].column.unit if pair.axes[0].column else "") or ""
    return steps(bars, alt, f"{pair.axes[0].title}{f', {unit}' if unit else ''}") + table(bars, pair.axes[0].title)


def _telling(rows: list[Row]) -> list[Row]:
    """The rows whose columns depend on each other most, in the synthetic tables."""
    return sorted((r for r in rows if r.readable), key=lambda r: -_information(r))[:MOST]


def _information(row: Row) -> float:
    """Mutual information (nats) of the two columns of a query, by its synthetic shares."""
    p = row.synthetic
    alone = p.sum(axis=1, keepdims=True) * p.sum(axis=0, keepdims=True)
    return float((p[p > 0] * np.log(p[p > 0] / alone[p > 0])).sum())


def means(row: Row) -> list[Bar]:
    """For each code of the first column the mean of the second, from the middles of its intervals.

    The standard error of a noised mean m = sum x_j v_j / sum x_j is std sqrt(sum (v_j - m)^2) / sum x_j (first order). Codes
    whose noised sum is not clearly above 0 are left out.
    """
    context, axis = row.axes
    middle = _middles(axis)
    known = np.isfinite(middle)
    found = []
    for code in range(context.size):
        possible = row.possible[code] & known
        made, noised, v = row.synthetic[code][possible], row.noised[code][possible], middle[possible]
        size = noised.sum()
        if not possible.any() or size <= ENOUGH * row.std * possible.sum() ** 0.5 or made.sum() <= 0:
            continue
        mean = float((noised * v).sum() / size)
        std = float(row.std * np.sqrt(((v - mean) ** 2).sum()) / size)
        found.append(Bar(context.label(code), float((made * v).sum() / made.sum()), mean, std, mean=True))
    return found


def _middles(axis: Axis) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The middle of each code's interval; of whole numbers the mean of those in it. NaN where there is none."""
    whole = 1.0 if axis.scalar in ("integer", "date", "timestamp") else 0.0
    return np.array([(s[0] + s[1] - whole) / 2 if s else np.nan for s in axis.spans[0]])


def _by_parent(view: View, plan: Plan) -> list[str]:
    """The most frequent kind of row along the parents' columns that say most about it."""
    step = next((s for s in plan.steps if s.variable.kind == "own" and not s.domain.ordered and s.given is None), None)
    if step is None or view.study.tables[plan.table].parent is None:
        return []
    above = [view.row(q.name) for q in step.factors if _parental(plan, q)]
    most = int(np.argmax(view.row(step.fine.name).noised))
    name = view.row(step.fine.name).axes[-1]
    found = []
    for pair in _telling(above):
        bars = shares(pair, most)
        if len(bars) > 1:
            body = _profile(bars, pair, f"share of {name.labels[most]} for each {pair.axes[0].title}")
            found.append(card(f"{name.title} = {name.labels[most]}", body, "", pair, f"by {pair.axes[0].title}"))
    return found


def _parental(plan: Plan, query: Query) -> bool:
    return len(query.columns) == 2 and plan.variables[query.columns[0]].kind == "parent"


def shares(row: Row, code: int) -> list[Bar]:
    """For each code of the first column the share of `code` in the second.

    The standard error of a noised share p = x / sum x over k cells is std sqrt((1 - p)^2 + (k - 1) p^2) / sum x (first order).
    """
    found = []
    for i in range(row.axes[0].size):
        cells, made, noised = row.possible[i].sum(), row.synthetic[i].sum(), row.noised[i].sum()
        if cells and made > 0 and noised > ENOUGH * row.std * cells**0.5:
            p = row.noised[i, code] / noised
            std = row.std * ((1 - p) ** 2 + (cells - 1) * p**2) ** 0.5 / noised
            found.append(Bar(row.axes[0].label(i), float(row.synthetic[i, code] / made), float(p), float(std)))
    return found
