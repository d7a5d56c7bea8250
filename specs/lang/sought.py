"""Which columns of the patients' table bins are sought for."""

from __future__ import annotations

from specs.lang.domain import FEW, WHOLE
from specs.lang.types import Column, Table


def sought(table: Table) -> tuple[Column, ...]:
    """Those with a range of more numbers than bins tell apart without being said, and the same bins for all rows."""
    return tuple(c for c in table.columns.values() if c.bins and not c.bins.by and not _few(c))


def _few(column: Column) -> bool:
    assert column.range is not None
    return column.type in WHOLE and column.range[1] - column.range[0] < FEW
