"""The finest cells over a column's range, and ever coarser ones: what is asked of a column to find its bins."""

from __future__ import annotations

import math
from dataclasses import dataclass

from specs.lang.domain import WHOLE
from specs.lang.types import Column

MOST = 2**17
"""Cells of whole numbers, at most: a cell holds one number where that is enough."""
PARTS = 4096
"""Cells of equal width between the ends of a range of other numbers; each end has one more, for what lies there or beyond."""
BRANCH = 16
"""Cells that are one cell of the next level."""
FEWEST = 32
"""A level has more cells than this, but for the last one."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Cells `0 .. cells - 1` over `[low, high]`; those of whole numbers hold `width` numbers each, the last one what is left.

    Of other numbers the first cell holds what is `low` or less, the last what is `high` or more.
    """

    low: float
    high: float
    whole: bool
    width: float
    cells: int

    @property
    def exact(self) -> bool:
        """Whether a cell holds one number only."""
        return self.whole and self.width == 1

    @property
    def levels(self) -> tuple[int, ...]:
        """How many of the finest cells one cell of each level holds, finest first."""
        found = [1]
        while math.ceil(self.cells / found[-1]) > FEWEST:
            found.append(found[-1] * BRANCH)
        return tuple(found)

    def start(self, cell: int) -> float:
        """The lowest value of a cell."""
        if self.whole:
            return self.low + cell * self.width
        return self.high if cell == self.cells - 1 else self.low + max(0, cell - 1) * self.width


def grid(column: Column) -> Grid:
    """The cells of an ordered column."""
    assert column.range is not None
    low, high = column.range
    if column.type not in WHOLE:
        return Grid(low, high, False, (high - low) / PARTS, PARTS + 2)
    numbers = int(high) - int(low) + 1  # exact, as a difference of floats is not
    width = -(-numbers // MOST)
    return Grid(low, high, True, width, -(-numbers // width))
