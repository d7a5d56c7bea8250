"""Column by column: synthetic rows against the noised sums."""

from __future__ import annotations

import numpy as np

from evaluation.axis import NULL, Axis
from evaluation.compare import Row
from evaluation.distance import Floats
from evaluation.report.bars import Bar, joined, largest, rows, steps, table
from evaluation.report.card import View, bars_of, card, codes_of, grid, heading, margin
from evaluation.report.histogram import cramped, grouped, histogram, split, too_noisy
from evaluation.report.svg import esc, pct
from generators.marginal.plan import Plan, Step
from specs.lang.domain import SPLIT

MOST = 12
"""Values of another column with a picture of their own."""
FEW = 0.05
"""Where intervals hold less than this share of rows and single values the rest, all are told and no axis is drawn."""
ENOUGH = 8.0
"""A value's noised sum must be this many standard errors above 0 to be divided by."""


def columns(view: View) -> str:
    """All tables' own columns; derived ones are named only."""
    parts = []
    for plan in view.plans.values():
        found = view.study.tables[plan.table]
        own = [c for s in plan.steps if s.variable.kind == "own" for c in _step(view, plan, s)]
        derived = ", ".join(c.name for c in found.columns.values() if not c.measured)
        note = f'<p class="a">Computed in every row, never measured: <bdi>{esc(derived)}</bdi>.</p>' if derived else ""
        if own:
            parts.append(heading(found.name, found.about, view.facts.rows.get(found.name)) + grid(own) + note)
    return "".join(parts) + missing(view)


def _step(view: View, plan: Plan, step: Step) -> list[str]:
    row, axis = view.row(step.fine.name), view.row(step.fine.name).axes[-1]
    column = view.study.tables[plan.table].columns[step.variable.column]
    if step.given is None:
        return [card(axis.title, picture(axis, *margin(row, 0)), column.about, row, column.unit or "")]
    cards = [] if axis.by else [card(axis.title, picture(axis, *margin(row, 1)), column.about, row, column.unit or "")]
    return cards + _each(row, column.unit or "", column.about)


def _each(row: Row, unit: str, about: str) -> list[str]:
    """Small multiples: the column within each value of the row's kind, the most frequent ones first."""
    kind, axis = row.axes
    cells, sizes, made = row.possible.sum(axis=1), row.noised.sum(axis=1), row.synthetic.sum(axis=1)
    found: list[str] = []
    for v in np.argsort(-sizes, kind="stable")[:MOST]:
        if sizes[v] > ENOUGH * row.std * cells[v] ** 0.5 and made[v] > 0:
            std = np.full(axis.size, row.std / sizes[v])
            body = picture(axis, row.synthetic[v] / made[v], row.noised[v] / sizes[v], std, int(v))
            share = f"{pct(min(sizes[v], 1))} of rows" + (f", {unit}" if unit else "")
            found.append(card(f"{axis.title} · {kind.labels[v]}", body, "" if found else about, sub=share))
    return found


def picture(axis: Axis, synthetic: Floats, noised: Floats, std: Floats, value: int = 0, growing: bool = False) -> str:
    """One column: its true axis where it has one (with `growing` bins of equal width), else bars; and its numbers.

    Arrays (codes,) are shares of rows; `value` is that of the column that decides the bins.
    """
    bars, codes = bars_of(axis, synthetic, noised, std, value), codes_of(axis, value)
    if not bars:
        return '<p class="a">No row can be here.</p>'
    if not axis.ordered:
        return rows(largest(bars), f"{axis.title}: {_best(bars)}") + table(largest(bars, 60), axis.title)
    null = [b for b, c in zip(bars, codes, strict=True) if c == axis.null]
    fine = [b for b, c in zip(bars, codes, strict=True) if c != axis.null]
    parts = SPLIT if axis.name.endswith("__fine") else 1
    coarse = grouped(fine, [c // parts for c in codes if c != axis.null])
    unit = (axis.column.unit if axis.column else "") or ""
    body = steps(coarse, _alt(axis, coarse), unit) if growing else _true(axis, fine, coarse, unit)
    if null:
        body += rows([Bar(NULL, null[0].synthetic, null[0].noised, null[0].std)], null[0].words, 0.25)
    return body + table([*coarse, *null], axis.title)


def _true(axis: Axis, fine: list[Bar], coarse: list[Bar], unit: str) -> str:
    """The histogram, and below it what a true axis cannot hold: single values and long thin tails."""
    drawn, told = split(coarse)
    if drawn and max((whole := joined("", drawn)).synthetic, whole.noised - whole.half) < FEW:
        drawn, told = [], sorted([*drawn, *told], key=lambda b: (b.low, b.high))
    body = ""
    if drawn and cramped(drawn, len(coarse)):
        return steps(coarse, _alt(axis, coarse), f"{unit} (intervals differ in width)".strip())
    if drawn:
        parts = [b for b in fine if b.high > b.low and drawn[0].low <= b.low and b.high <= drawn[-1].high]
        body = histogram(drawn if too_noisy(parts) else parts, axis.scalar, unit, _alt(axis, coarse), drawn)
    return body + (rows(told, "; ".join(b.words for b in told), 0.05) if told else "")


def _alt(axis: Axis, bars: list[Bar]) -> str:
    return f"{axis.title}: {len(bars)} intervals from {bars[0].label} to {bars[-1].label}; {_best(bars)}; all in the table below"


def _best(bars: list[Bar]) -> str:
    most = max(bars, key=lambda b: b.synthetic)
    return f"most frequent is {most.words}"


def missing(view: View) -> str:
    """How much is missing, all nullable columns of all tables side by side."""
    bars = [b for plan in view.plans.values() for step in plan.steps for b in _null(view, plan, step)]
    if not bars:
        return ""
    body = rows(bars, "; ".join(b.words for b in bars)) + table(bars, "column")
    return heading("Missing values") + grid([card("Rows without a value", body, "A missing value is learned like any other.")])


def _null(view: View, plan: Plan, step: Step) -> list[Bar]:
    row = view.row(step.fine.name)
    axis = row.axes[-1]
    if axis.null is None or step.variable.kind != "own":
        return []
    synthetic, noised, std = (float(x[axis.null]) for x in margin(row, row.ways - 1))
    return [joined(f"{plan.table}.{axis.title}", [Bar("", synthetic, noised, std)])]
