"""What noised counts of cells, and of ever coarser cells, say together.

Counts of all levels are measured with the same noise; the counts of the finest cells that fit all of them best are found by
passing up and down the tree once (Hay et al. 2010, arXiv 0904.0942). An interval of many cells is then known nearly as well
as one cell, not with the noise of all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generators.bins.grid import BRANCH

Floats = NDArray[np.float64]


def consistent(levels: Sequence[Floats]) -> Floats:
    """The finest counts (cells,) from those of all levels, finest first: `levels[i + 1]` sums BRANCH cells of `levels[i]`.

    Least squares over all levels, each cell of each level being as uncertain as any other. Their sums over coarse cells are
    the best estimates of those. Exact counts come back as they are.
    """
    best, variance = [levels[0]], [np.ones_like(levels[0])]
    for measured in levels[1:]:
        below, of_below = _joined(best[-1]), _joined(variance[-1])
        best.append((measured * of_below + below) / (1 + of_below))
        variance.append(of_below / (1 + of_below))
    found = best[-1]
    for own, uncertain in zip(best[-2::-1], variance[-2::-1], strict=True):
        off = (found - _joined(own)) / _joined(uncertain)
        found = own + uncertain * np.repeat(off, BRANCH)[: len(own)]
    return found


def _joined(cells: Floats) -> Floats:
    """Sums of BRANCH cells; the last sum may hold fewer."""
    return np.add.reduceat(cells, np.arange(0, len(cells), BRANCH))
