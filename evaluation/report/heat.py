"""Two columns at once: a field per cell, synthetic and noised side by side, and where they differ by more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.axis import Axis
from evaluation.compare import Row
from evaluation.distance import Floats
from evaluation.report.svg import WIDTH, cut, num, path, pct, svg, text

MOST = 36
"""Fields along a side; more codes are joined (numbers) or left out (the rarest categories)."""
LEFT = 96.0
SHADES = 7
LIMITS = (2.0, 3.0, 5.0)
"""Standard errors from which a difference is shown, and shown more strongly."""
OPEN_LIMITS = (0.001, 0.003, 0.01)
"""The same where nothing is noised, in shares of all rows."""


@dataclass(frozen=True, eq=False)
class Field:
    """Two tables of one shape (rows, columns) with their labels; `std` is each noised cell's standard error."""

    down: tuple[str, ...]
    across: tuple[str, ...]
    synthetic: Floats
    noised: Floats
    std: Floats
    down_title: str
    across_title: str


def field(row: Row) -> Field:
    """A query as a table: two columns as they are; of three, the row's kind (or the second context) joins the last one."""
    axes, synthetic, noised = row.axes, row.synthetic, row.noised
    std = np.where(row.possible, row.std, 0.0)
    if row.ways == 2:
        return reduced(Field(axes[0].labels, axes[1].labels, synthetic, noised, std, axes[0].title, axes[1].title), axes)
    group, line = (1, 0) if row.query.columns[0].endswith("__prev") else (0, 1)
    order = (line, group, 2)
    parts = [a.transpose(order) for a in (synthetic, noised, std)]
    kept = _kinds(parts[1], max(1, MOST // axes[2].size))
    across = tuple(f"{axes[group].labels[k]}: {axes[2].label(c, k)}" for k in kept for c in range(axes[2].size))
    flat = [a[:, kept].reshape(axes[line].size, -1) for a in parts]
    title = f"{axes[2].title} within {axes[group].title}"
    whole = Field(axes[line].labels, across, flat[0], flat[1], flat[2], axes[line].title, title)
    used = row.possible.transpose(order)[:, kept].reshape(axes[line].size, -1).any(axis=0)
    return reduced(_taken(whole, np.arange(len(whole.down)), np.flatnonzero(used)), axes[line : line + 1])


def _kinds(noised: Floats, most: int) -> list[int]:
    """The most frequent kinds, in their own order."""
    return sorted(np.argsort(-noised.sum(axis=(0, 2)), kind="stable")[:most].tolist())


def reduced(whole: Field, axes: tuple[Axis, ...]) -> Field:
    """No more than MOST fields a side; `axes` are those of the sides, down first."""
    for side, axis in enumerate(axes):
        size = whole.noised.shape[side]
        if size <= MOST:
            continue
        if axis.ordered:
            whole = _merged(whole, side, [i * MOST // size for i in range(size)])
        else:
            kept = np.sort(np.argsort(-whole.synthetic.sum(axis=1 - side), kind="stable")[:MOST])
            every = np.arange(whole.noised.shape[1 - side])
            whole = _taken(whole, kept, every) if side == 0 else _taken(whole, every, kept)
    return whole


def _merged(whole: Field, side: int, groups: list[int]) -> Field:
    starts = [groups.index(g) for g in range(MOST)]
    labels = tuple((whole.down, whole.across)[side][s] for s in starts)
    a, b = (np.add.reduceat(x, starts, axis=side) for x in (whole.synthetic, whole.noised))
    std = np.sqrt(np.add.reduceat(whole.std**2, starts, axis=side))
    down, across = (labels, whole.across) if side == 0 else (whole.down, labels)
    return Field(down, across, a, b, std, whole.down_title, whole.across_title)


def _taken(whole: Field, down: NDArray[np.int64], across: NDArray[np.int64]) -> Field:
    a, b, c = (x[np.ix_(down, across)] for x in (whole.synthetic, whole.noised, whole.std))
    names = tuple(whole.down[i] for i in down), tuple(whole.across[i] for i in across)
    return Field(*names, a, b, c, whole.down_title, whole.across_title)


def panels(found: Field, what: str = "share of all rows") -> str:
    """Synthetic, noised and their difference."""
    top = max(float(found.synthetic.max(initial=0)), float(found.noised.max(initial=0)), 1e-9)
    apart = _apart(found)
    far = int((apart != 0).sum())
    words = f"difference: {far} of {apart.size} cells " + ("beyond noise" if found.std.any() else "apart")
    drawn = (
        _picture(found, _shades(found.synthetic, top), "h", "synthetic", what),
        _picture(found, _shades(found.noised, top), "h", "hospitals", what),
        _picture(found, apart, "e", words, "synthetic less hospitals"),
    )
    figures = "".join(f"<figure>{d}</figure>" for d in drawn)
    return f'<div class="cards three">{figures}</div><p class="a">Darkest field: {pct(top)} ({what}).</p>'


def _shades(values: Floats, top: float) -> NDArray[np.int64]:
    """0 (nothing) to SHADES, by the square root, so that small cells show."""
    return np.asarray(np.ceil(np.sqrt(np.clip(values / top, 0, 1)) * SHADES - 0.35), np.int64)


def _apart(found: Field) -> NDArray[np.int64]:
    """-3 to 3: by how many standard errors the synthetic share is below or above the noised one."""
    gap = found.synthetic - found.noised
    noisy = bool(found.std.any())
    size = np.abs(gap) / np.where(found.std > 0, found.std, np.inf) if noisy else np.abs(gap)
    level = sum((size >= limit).astype(np.int64) for limit in (LIMITS if noisy else OPEN_LIMITS))
    return np.asarray(np.sign(gap).astype(np.int64) * level)


def _picture(found: Field, levels: NDArray[np.int64], kind: str, name: str, what: str) -> str:
    down, across = levels.shape
    wide = (WIDTH - LEFT) / across
    tall = min(max(wide, 9.0), 20.0) if down <= 18 else max(5.0, 280.0 / down)
    top, bottom = 22.0, 22.0 + tall * down
    body = text(LEFT, 12, name, "p") + text(LEFT - 5, 12, f"{cut(found.down_title, 14)} ↓", "u", "e")
    for level in sorted(set(levels.ravel().tolist()) - {0}):
        body += path(_cells(levels == level, wide, tall, top), f"{kind}{level}".replace("-", "m"))
    body += path(f"M{num(LEFT)} {num(top)}V{num(bottom)}H{WIDTH}", "ax")
    body += _down(found.down, tall, top) + _across(found.across, wide, bottom)
    body += text(WIDTH, bottom + 58, f"{found.across_title} →", "u", "e", 50)
    alt = f"{name}, {what}: {found.down_title} down, {found.across_title} across, {down} by {across} fields"
    return svg(body, bottom + 64, alt)


def _cells(at: NDArray[np.bool_], wide: float, tall: float, top: float) -> str:
    """Neighbouring fields of one shade as one box."""
    found = ""
    for i, line in enumerate(at):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
        for start, end in zip(edges[::2], edges[1::2], strict=True):
            left, right = LEFT + wide * start, LEFT + wide * end
            found += f"M{num(left)} {num(top + tall * i)}H{num(right)}v{num(tall)}H{num(left)}z"
    return found


def _down(labels: Sequence[str], tall: float, top: float) -> str:
    every = max(1, int(np.ceil(10.5 / tall)))
    shown = range(0, len(labels), every)
    return "".join(text(LEFT - 5, top + tall * (i + 0.5) + 3.5, _start(labels[i]), "l", "e", 15) for i in shown)


def _start(label: str) -> str:
    """Of a long interval the place where it begins."""
    return label if len(label) <= 12 else label.split(" to ", maxsplit=1)[0]


def _across(labels: Sequence[str], wide: float, bottom: float) -> str:
    """Slanting labels, as many as fit."""
    every = max(1, int(np.ceil(11.0 / wide)))
    body = ""
    for i in range(0, len(labels), every):
        x = LEFT + wide * (i + 0.5) + 3
        body += (
            f'<g transform="rotate(-40 {num(x)} {num(bottom + 10)})">{text(x, bottom + 10, _start(labels[i]), "l", "e", 12)}</g>'
        )
    return body
