"""Structural zeros of child rows: codes that a row cannot have because of the rows of its parent before it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.marginal.chain import Chain
from generators.marginal.plan import Variable
from specs.lang.types import Table

Ints = NDArray[np.int64]


class Zeros:
    """What the rows drawn so far rule out: `unique` columns never repeat; rows at the same time come in the order of their codes.

    Where rows have no time, a unique code also leaves enough later ones for the rows to come.
    """

    def __init__(self, table: Table, chain: Chain, count: Ints) -> None:
        self.count, self.timed = count, table.order_by is not None
        self.moved = f"{table.order_by}__moved"
        self.seen = {c: np.zeros((len(count), chain[c].step.variable.size), bool) for c in _unique(table)}
        self.before = {c.step.variable.name: np.zeros(len(count), np.int64) for c in chain.conditionals}
        self.tied = np.zeros(len(count), bool)

    def row(self, live: Ints, codes: dict[str, Ints], position: int) -> None:
        """Row `position` of the parents `live` begins: is it at the same time as the row before?"""
        self.tied = np.zeros(len(self.count), bool)
        if position:
            self.tied[live] = codes[self.moved] == 1 if self.timed else True

    def drawn(self, name: str, live: Ints, code: Ints) -> None:
        """An own variable of this row is known."""
        self.tied[live] &= code == self.before[name][live]
        self.before[name][live] = code

    def done(self, live: Ints, codes: dict[str, Ints]) -> None:
        """The row is whole."""
        for name, seen in self.seen.items():
            seen[live, codes[name]] = True

    def limits(self, variable: Variable, live: Ints, position: int) -> Any:
        """Which codes (live, codes) are possible; None: all."""
        limits = ~self.seen[variable.name][live] if variable.name in self.seen else None
        if variable.kind == "own" and self.tied[live].any():
            least = np.where(self.tied[live], self.before[variable.name][live], 0)
            after = np.arange(variable.size) >= least[:, None]
            limits = after if limits is None else limits & after
        if limits is not None and variable.name in self.seen and not self.timed:
            last = np.maximum(variable.size - (self.count[live] - position), 0)
            limits = limits & (np.arange(variable.size) <= last[:, None])
        return limits


def _unique(table: Table) -> list[str]:
    """Columns whose codes never repeat: single categories. Other `unique` columns are looked after once values are drawn."""
    single = [columns[0] for columns in table.unique if len(columns) == 1]
    return [c for c in single if table.columns[c].measured and table.columns[c].values is not None]
