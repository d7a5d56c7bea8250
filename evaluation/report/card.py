"""What every section is made of: the view of a release, cards, and the words beside a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evaluation.axis import Axis
from evaluation.compare import Comparison, Row
from evaluation.distance import Floats
from evaluation.facts import Facts
from evaluation.report.bars import Bar
from evaluation.report.svg import esc, pct
from generators.marginal.plan import Plan
from specs.lang.types import Study


@dataclass(frozen=True, eq=False)
class View:
    """All that the report is made from; every part of it is public."""

    study: Study
    comparison: Comparison
    facts: Facts
    plans: Mapping[str, Plan]

    def row(self, name: str) -> Row:
        """One query's comparison."""
        return self.comparison.rows[name]


def card(title: str, body: str, note: str = "", row: Row | None = None, sub: str = "") -> str:
    """A picture with its title, how far off it is, and a note."""
    badge = f'<p class="b">{badge_words(row)}</p>' if row is not None else ""
    beside = f" <small>{esc(sub)}</small>" if sub else ""
    about = f'<p class="a">{esc(note)}</p>' if note else ""
    return f'<article class="c"><h4><bdi>{esc(title)}</bdi>{beside}</h4>{about}{body}{badge}</article>'


def badge_words(row: Row) -> str:
    """The distance of one query and what noise alone would make of it."""
    if not row.std:
        return f"{pct(row.tvd)} off"
    if not row.readable:
        return f'<span class="q">hidden by noise</span> (noise alone: {capped(row.noise)})'
    word = "more than noise" if row.clear else "within noise"
    kind = "m" if row.clear else "k"
    return f'{pct(row.tvd)} off · noise alone {pct(row.noise)} · <span class="{kind}">{word}</span>'


def capped(share: float) -> str:
    """A distance; noise may make it exceed all rows."""
    return "over 100 %" if share > 1 else pct(share)


def section(anchor: str, title: str, intro: str, body: str) -> str:
    """A part of the page with an anchor; nothing when it has no body."""
    if not body:
        return ""
    head = f'<h2 id="{anchor}-h">{esc(title)}</h2><p class="i">{intro}</p>'
    return f'<section id="{anchor}" aria-labelledby="{anchor}-h">{head}{body}</section>'


def grid(cards: Sequence[str], kind: str = "") -> str:
    """Cards side by side."""
    return f'<div class="cards {kind}">{"".join(cards)}</div>' if cards else ""


def heading(table: str, about: str = "", rows: int | None = None) -> str:
    """The name of a table, above its cards."""
    size = f" <small>{rows:,} synthetic rows</small>".replace(",", "\N{NO-BREAK SPACE}") if rows is not None else ""
    note = f'<p class="a">{esc(about)}</p>' if about else ""
    return f"<h3><bdi>{esc(table)}</bdi>{size}</h3>{note}"


def bars_of(axis: Axis, synthetic: Floats, noised: Floats, std: Floats, value: int) -> list[Bar]:
    """One bar per code that a row can have, NULL included. Arrays (codes,) are shares; `value` is that of the column `by`."""
    at = min(value, len(axis.spans) - 1)
    found = []
    for code in range(axis.size):
        if axis.possible[at][code]:
            low, high = axis.spans[at][code] or (0.0, 0.0)
            label = axis.label(code, value)
            found.append(Bar(label, float(synthetic[code]), float(noised[code]), float(std[code]), low, high))
    return found


def margin(row: Row, keep: int) -> tuple[Floats, Floats, Floats]:
    """Shares and standard errors over one column of a query: (synthetic, noised, std), each (codes,)."""
    others = tuple(i for i in range(row.ways) if i != keep)
    std = np.where(row.possible.sum(axis=others) > 0, np.sqrt(row.possible.sum(axis=others)) * row.std, 0.0)
    return row.synthetic.sum(axis=others), row.noised.sum(axis=others), std


def codes_of(axis: Axis, value: int) -> list[int]:
    """The codes that `bars_of` makes bars of."""
    possible = axis.possible[min(value, len(axis.possible) - 1)]
    return [c for c in range(axis.size) if possible[c]]
