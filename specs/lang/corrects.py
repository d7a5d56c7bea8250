"""What a generator's rounds learn, as far as a spec decides it: a network, or a correction of the marginal model."""

from __future__ import annotations

from collections.abc import Mapping

from specs.lang.domain import domain
from specs.lang.types import Privacy, Table


def corrects(generator: str, privacy: Privacy, tables: Mapping[str, Table]) -> bool:
    """Whether it is a correction: of `diffusion`, with a budget and an ordered column, other than times, below the patients."""
    return generator == "diffusion" and privacy.budget is not None and any(map(_valued, tables.values()))


def _valued(table: Table) -> bool:
    columns = (column for column in table.columns.values() if column.measured and column.name != table.order_by)
    return table.parent is not None and any(domain(column).ordered for column in columns)
