"""Columns together: one small table of distances per table of the study, and a closer look at the worst."""

from __future__ import annotations

from collections.abc import Iterable

from evaluation.compare import Row
from evaluation.report.card import View, badge_words, capped, heading
from evaluation.report.heat import field, panels
from evaluation.report.svg import cut, esc, pct
from generators.marginal.plan import Plan, Step

WORST, BEST = 12, 2
LEVELS = (0.02, 0.05, 0.1)
"""From which distance beyond noise a cell is coloured more strongly."""


def pairs(view: View) -> str:
    """Matrices, the worst and best tables in full, and where to find the rest."""
    shown = closer(view)
    parts = [_matrix(view, plan, {r.query.name: i for i, r in enumerate(shown)}) for plan in view.plans.values()]
    parts = [p for p in parts if p]
    if not parts:
        return ""
    return KEY + f'<div class="mats">{"".join(parts)}</div>' + "".join(_look(row, i, i == 0) for i, row in enumerate(shown))


def closer(view: View) -> list[Row]:
    """The rows that are drawn in full: the worst over several columns, then the ones closest among the well measured."""
    many = [r for r in view.comparison.worst if r.ways > 1][:WORST]
    rest = [r for r in view.comparison.rows.values() if r.ways > 1 and r.readable and r not in many]
    best = sorted(rest, key=lambda r: (r.truth.high, r.query.name))[:BEST]
    return many + best


KEY = (
    '<p class="key" aria-hidden="true"><span class="x0">0.8</span> within noise <span class="x1">3</span>'
    '<span class="x2">6</span><span class="x3">9</span><span class="x4">15</span> more than noise '
    '<span class="xq">–</span> hidden by noise</p>'
)


def _matrix(view: View, plan: Plan, shown: dict[str, int]) -> str:
    """Steps across, what they were measured with down."""
    steps = [s for s in plan.steps if s.factors]
    if not steps:
        return ""
    cells = {(_context(view.row(q.name), s), s.variable.name): view.row(q.name) for s in steps for q in s.factors}
    contexts = list(dict.fromkeys(c for c, _ in cells))
    titles = [cut(view.row(s.fine.name).axes[-1].title, 22) for s in steps]
    heads = "".join(f'<th scope="col"><span><bdi>{esc(t)}</bdi></span></th>' for t in titles)
    lines = "".join(_line(c, [cells.get((c, s.variable.name)) for s in steps], shown) for c in contexts)
    caption = f"<caption>Distance in % of rows, synthetic to hospitals. Tables of <bdi>{esc(plan.table)}</bdi>.</caption>"
    body = f"{caption}<thead><tr><td></td>{heads}</tr></thead><tbody>{lines}</tbody>"
    return f'<div>{heading(plan.table)}<div class="x" tabindex="0"><table class="mx">{body}</table></div></div>'


def _context(row: Row, step: Step) -> str:
    """The other columns of a query; the row's kind goes without saying where the step is always given it."""
    axes = row.axes[:-1]
    others = axes[1:] if step.given and len(axes) > 1 else axes
    return " × ".join(a.title for a in others)


def _line(context: str, found: Iterable[Row | None], shown: dict[str, int]) -> str:
    cells = "".join(_cell(row, shown) if row else '<td class="no"></td>' for row in found)
    return f'<tr><th scope="row"><bdi>{esc(cut(context, 34))}</bdi></th>{cells}</tr>'


def _cell(row: Row, shown: dict[str, int]) -> str:
    words = esc(f"{row.title}: {capped(row.tvd)} off, noise alone {capped(row.noise)}")
    if not row.readable:
        return f'<td class="xq" title="{words}">–</td>'
    number = f"{100 * row.tvd:.1f}"
    at = shown.get(row.query.name)
    inner = f'<a href="#p{at}">{number}</a>' if at is not None else number
    return f'<td class="{shade(row)}" title="{words}">{inner}</td>'


def shade(row: Row) -> str:
    """The class of a distance: hidden, within noise, or how far beyond it."""
    if not row.readable:
        return "xq"
    return f"x{1 + sum(row.beyond > level for level in LEVELS)}" if row.clear else "x0"


def _look(row: Row, i: int, opened: bool) -> str:
    """One query in full; closed but for the first."""
    low, high = row.truth.low, row.truth.high
    state = " open" if opened else ""
    name = f"<bdi>{esc(row.query.table)}</bdi>: <bdi>{esc(row.title)}</bdi>"
    words = f"Estimated distance to the patients' own table: {pct(low)} to {pct(high)}."
    return (
        f'<details class="look"{state}><summary>{name} <small>{badge_words(row)}</small></summary>'
        f'<div id="p{i}"><p class="a">{words}</p>{panels(field(row))}</div></details>'
    )
