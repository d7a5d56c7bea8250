"""The public codes of a column: what rows are counted over, and what a code means in the column's own units."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from specs.lang.types import Bins, Column

SPLIT = 4
"""Each bin is counted once more in this many equal parts (or in single values, where it has fewer)."""

FEW = 256
"""Whole numbers of a range that default bins and their parts tell apart, at most."""

GROWING = 24
"""Bins that grow by a constant factor, at most."""

WHOLE = ("integer", "date", "timestamp")
"""Types whose values are whole numbers of their unit (1, day, second)."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One bin `[low, high)`; `low == high` is a bin of one value. Counted finely in `parts` equal parts."""

    low: float
    high: float
    parts: int


@dataclass(frozen=True, slots=True)
class Domain:
    """Codes `0 .. size - 1` of a column; NULL, where allowed, is the last code.

    Categorical: code = position in `labels`. Ordered: code = bin, in `cells[v]` for the `v`-th value of the column `by`
    (only `cells[0]` without `by`); the fine code of a value is `code * SPLIT + part`, of NULL `fine_size - 1`.
    """

    labels: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]
    by: str | None
    nullable: bool

    @property
    def ordered(self) -> bool:
        """Whether codes are bins of an ordered type."""
        return bool(self.cells)

    @property
    def values(self) -> int:
        """Number of codes that are not NULL."""
        return max(len(c) for c in self.cells) if self.cells else len(self.labels)

    @property
    def size(self) -> int:
        """Number of codes, NULL included."""
        return self.values + self.nullable

    @property
    def fine_size(self) -> int:
        """Number of fine codes, NULL included."""
        return self.values * SPLIT + self.nullable

    @property
    def split(self) -> bool:
        """Whether any bin has more than one part: else a value's bin says all that its fine code says."""
        return any(cell.parts > 1 for cells in self.cells for cell in cells)


SELF = ("other", "self")
"""Codes of a foreign key to the table's own key: another row, or the row itself."""


def domain(column: Column) -> Domain:
    """The domain of a measured column. Raises ValueError for a derived one: it has none."""
    if column.values is not None:
        return Domain(column.values, (), None, column.nullable)
    if column.references is not None:
        return Domain(SELF, (), None, column.nullable)
    if column.bins is None:
        raise ValueError(f"column {column.name} is derived: it has no domain")
    whole = column.type in WHOLE
    cells = tuple(_cells(edges, whole) for edges in column.bins.edges)
    return Domain((), cells, column.bins.by, column.nullable)


def _cells(edges: Sequence[float], whole: bool) -> tuple[Cell, ...]:
    found: list[Cell] = []
    for i, (low, high) in enumerate(pairwise(edges)):
        if not whole:
            found.append(Cell(low, high, SPLIT if high > low else 1))
            continue
        start = max(low, found[-1].high) if found else low  # after a single number the next bin starts one later
        end = high + (high == low or i == len(edges) - 2)  # a closed end holds its number too
        if end > start:
            found.append(Cell(start, end, int(min(SPLIT, end - start))))
    return tuple(found)


def equal_bins(low: float, high: float, count: int, whole: bool) -> Bins:
    """`count` bins of equal width over `[low, high]`; of whole numbers, never more bins than numbers."""
    if not whole:
        return Bins(((*(low + (high - low) * i / count for i in range(count)), high),))
    numbers = int(high - low) + 1
    count = min(count, numbers)
    starts = [low + i * numbers // count for i in range(count)]
    return Bins(((*map(float, starts), float(high)),))


def geometric_bins(width: float, whole: bool) -> Bins:
    """Zero, then bins that grow by a constant factor up to `width`: for counts, gaps and time left."""
    smallest = 1.0 if whole else width / 2**16
    ratio = max(1.25, (max(width, 2.0) / smallest) ** (1 / (GROWING - 2)))
    edges, edge = [0.0], smallest
    if not whole:
        edges.append(0.0)
    while edge < width:
        step = float(math.ceil(edge)) if whole else edge
        if step > edges[-1] or not whole:
            edges.append(step)
        edge = max(edge * ratio, step + 1 if whole else 0.0)
    return Bins(((*edges, float(width)),))


def groups(domain: Domain, most: int) -> tuple[int, ...]:
    """For each code its group, at most `most` of them besides NULL: neighbouring bins together, categories kept apart."""
    if not domain.ordered or domain.values <= most:
        return tuple(range(domain.size))
    joined = [i * most // domain.values for i in range(domain.values)]
    return tuple(joined + ([most] if domain.nullable else []))
