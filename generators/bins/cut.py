"""Where a column is best cut: around each value that many share, and into bins that are neither heavy nor wide.

All of it is post-processing of noised counts, so that it says nothing of patients which those do not say.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from generators.bins.grid import Grid

Floats = NDArray[np.float64]
EQUAL = 16
"""Into so many parts of equal weight the rest is cut, and the range into so many of equal width, as far as there is room."""
MOST = 140
"""Bins in all: two columns with so many, and NULL, still make a histogram that is asked for. Each heavy value takes two."""
SURE, ROWS = 5.0, 4.0
"""A value stands out with so many standard errors, and so many rows, more than the values around it."""
AROUND, APART = 16, 2
"""Cells on either side that a value is compared with; so many of those are left out, the heaviest: they may stand out too."""
WEIGHT = 8.0
"""Standard errors of a cell that a part holds at least: twice what such a part is uncertain by."""
WORTH = 4
"""With fewer parts of equal weight than this, and no value that stands out, noise says more than the patients."""


def cut(grid: Grid, counts: Floats, std: float) -> tuple[float, ...] | None:
    """Edges of bins, as a spec lists them, from the counts of all cells (`consistent`); None where noise hides them.

    `std` is the standard error of one measured count, in the unit of `counts`, which is patients.
    """
    heavy = _heavy(grid, counts, std)
    rest = counts.copy()
    rest[heavy] = 0.0
    reached = np.maximum.accumulate(np.maximum(np.cumsum(rest), 0.0))
    parts = _parts(reached[-1], reached[-1] + counts[heavy].sum(), std)
    if not len(heavy) and parts < WORTH:
        return None
    heavy = heavy[: (MOST - parts) // 2]
    by_weight = np.searchsorted(reached, reached[-1] * np.arange(1, parts) / parts, side="right")
    room = min(EQUAL, MOST - parts - 2 * len(heavy))
    by_width = grid.cells * np.arange(1, room) // room if room > 1 else ()
    return _edges(grid, {int(c) for c in heavy}, {int(c) for c in (*by_weight, *by_width)})


def _heavy(grid: Grid, counts: Floats, std: float) -> NDArray[np.int64]:
    """Cells of one value that stand out from those on either side of them, the heaviest first."""
    windows = sliding_window_view(np.pad(counts, AROUND), AROUND)
    usual = np.sort(windows, axis=1)[:, :-APART].mean(1)
    around = np.maximum(np.maximum(usual[: len(counts)], usual[AROUND + 1 :]), 0.0)
    clear = counts > around + SURE * np.sqrt(around + std**2) + ROWS
    if not grid.exact:  # a cell of several values is no value; the ends of other numbers are
        clear[slice(None) if grid.whole else slice(1, -1)] = False
    found = np.flatnonzero(clear)
    return found[np.argsort(-counts[found], kind="stable")]


def _parts(rest: float, total: float, std: float) -> int:
    """How many parts of equal weight: for their share of the rows, and no more than noise lets stand."""
    most = round(EQUAL * rest / max(total, 1.0))
    return max(1, min(most, int(rest / (WEIGHT * std)) if std else most))


def _edges(grid: Grid, heavy: set[int], between: set[int]) -> tuple[float, ...]:
    """A bin begins at each heavy cell, after it, and where the rest is cut. One number that is not whole has two edges."""
    begins = sorted({0, *heavy, *(c + 1 for c in heavy if c + 1 < grid.cells), *between})
    edges = [grid.start(c) for c in begins]
    if grid.whole:
        return (*edges, grid.high)
    found = sorted({grid.low, *edges, grid.high})
    low, high = [grid.low] * (0 in heavy), [grid.high] * (grid.cells - 1 in heavy)
    return (*low, *found, *high)
