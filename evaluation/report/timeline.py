"""Along time: when rows come, the gaps between them, and which kind follows which."""

from __future__ import annotations

import numpy as np

from evaluation.report.card import View, card, grid, heading, margin
from evaluation.report.columns import ENOUGH, picture
from evaluation.report.heat import Field, panels, reduced
from generators.marginal.plan import Plan, Step

GAP = "Time to the previous row, as a multiple of what is left divided evenly among the rows to come; 1 is even."


def timeline(view: View) -> str:
    """When a parent's first row comes, the gaps between rows, the time left, and which kind follows which."""
    parts = []
    for plan in view.plans.values():
        cards = [c for s in plan.steps if s.variable.kind in ("start", "gap") for c in _times(view, s)]
        cards += _when(view, plan)
        body = grid(cards) + "".join(_transition(view, s) for s in plan.steps if s.variable.kind == "own")
        if body:
            parts.append(heading(plan.table) + body)
    return "".join(parts)


def _times(view: View, step: Step) -> list[str]:
    row = view.row(step.fine.name)
    axis, growing = row.axes[-1], step.variable.kind == "gap" or len({_width(s) for s in row.axes[-1].spans[0] if s}) > 8
    note = GAP if step.variable.kind == "gap" else "First row of each parent."
    found = [card(axis.title, picture(axis, *margin(row, 0), growing=growing), note, row)]
    for query in step.factors:
        if query.columns[0].endswith("__left"):
            pair = view.row(query.name)
            body = picture(pair.axes[0], *margin(pair, 0), growing=True)
            found.append(card(pair.axes[0].title, body, "From the previous row to the end of the parent's time.", None))
    return found


def _width(span: tuple[float, float]) -> float:
    return round(span[1] - span[0], 6)


def _when(view: View, plan: Plan) -> list[str]:
    """When rows lie, over all rows: a margin of the smallest query with the time itself."""
    order = view.study.tables[plan.table].order_by
    found = [view.row(q.name) for q in plan.queries() if order in q.columns[:-1]] if order else []
    row = min(found, key=lambda r: r.query.cells, default=None)
    if row is None or row.ways > 3:
        return []
    keep = row.query.columns.index(str(order))
    axis = row.axes[keep]
    return [card(axis.title, picture(axis, *margin(row, keep)), "All rows.", None)]


def _transition(view: View, step: Step) -> str:
    """What follows what: the shares of each kind after each previous kind."""
    before = f"{step.variable.name}__prev"
    row = next((view.row(q.name) for q in step.factors if q.columns[0] == before and q.columns[-1] == step.variable.name), None)
    if row is None or not row.readable:
        return ""
    others = tuple(range(1, row.ways - 1))
    made, noised = row.synthetic.sum(axis=others), row.noised.sum(axis=others)
    std = row.std * np.sqrt(row.possible.sum(axis=others))
    size = noised.sum(axis=1, keepdims=True)
    known = size[:, 0] > ENOUGH * row.std * np.sqrt(row.possible.sum(axis=tuple(range(1, row.ways))))
    if known.sum() < 2:
        return ""
    parts = [
        (made / np.maximum(made.sum(axis=1, keepdims=True), 1e-12))[known],
        (noised / np.where(size > 0, size, 1))[known],
        (std / np.where(size > 0, size, 1))[known],
    ]
    labels = tuple(x for x, k in zip(row.axes[0].labels, known, strict=True) if k)
    whole = Field(labels, row.axes[-1].labels, parts[0], parts[1], parts[2], row.axes[0].title, row.axes[-1].title)
    body = panels(reduced(whole, (row.axes[0], row.axes[-1])), "share of each line")
    note = "Each line adds up to all rows that follow that kind."
    return card(f"What follows what: {row.axes[0].title} → {row.axes[-1].title}", body, note, row)
