"""From noised sums to bins for every column they were asked about."""

from __future__ import annotations

from generators.bins.cut import cut
from generators.bins.grid import grid
from generators.bins.plan import query_name
from generators.bins.tree import consistent
from privacy.sums import Sums
from specs.lang.sought import sought
from specs.lang.types import Study


def find(study: Study, sums: Sums) -> dict[str, tuple[float, ...] | None]:
    """Edges of bins by column, in units of `Column.range`; None where noise hides how the values lie."""
    found: dict[str, tuple[float, ...] | None] = {}
    for column in sought(study.root):
        cells = grid(column)
        names = [query_name(study.root, column, level) for level in cells.levels]
        found[column.name] = cut(cells, consistent([sums.values[n] for n in names]), sums.std[names[0]])
    return found
