"""Where each parent's sequence stands in time, how much time is left, and which times a bin can still mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.marginal.above import Above
from generators.marginal.encode import encode
from generators.marginal.implied import count_column, gap_column
from generators.marginal.plan import Variable
from specs.lang.domain import domain
from specs.lang.types import Table

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Clock:
    """`at` (parents,) is the time of the last row drawn, `top` the bound, `low` the range's start, `count` rows to draw.

    `at` is the one thing here that moves.
    """

    table: Table
    at: NDArray[Any]
    top: NDArray[np.float64]
    low: float
    count: Ints

    @property
    def whole(self) -> bool:
        """Whether times are whole numbers of their unit."""
        return self.at.dtype.kind == "i"

    def unit(self, live: Ints, position: int) -> Any:
        """What the step's values are multiples of: the pace for gaps."""
        if not position:
            return np.ones(live.shape)
        return np.maximum(self.top[live] - self.at[live], 0) / (self.count[live] - position)

    def span(self, low: Any, high: Any, live: Ints, position: int) -> tuple[Any, Any]:
        """The earliest and the latest distance in a bin that does not pass the bound, in units of time; none if they cross."""
        unit = self.unit(live, position)
        earliest, latest = low * unit, high * unit
        if self.whole:
            earliest = np.ceil(earliest - 1e-9)
            latest = np.where(high > low, np.ceil(latest - 1e-9) - 1, latest)
        return earliest, np.minimum(latest, self.top[live] - self.at[live])

    def moved(self, value: Any, earliest: Any, latest: Any, live: Ints, position: int, rng: np.random.Generator) -> Any:
        """The new times: on by `value` units where that is possible, else by something drawn evenly from what is."""
        distance = value * self.unit(live, position)
        if self.whole:
            distance = np.floor(distance)
            again = earliest + np.floor(rng.random(len(live)) * (latest - earliest + 1))
        else:
            again = earliest + rng.random(len(live)) * (latest - earliest)
        distance = np.where((distance < earliest) | (distance > latest), again, distance)
        self.at[live] += distance.astype(self.at.dtype)
        return self.at[live]

    def codes(self, variables: Mapping[str, Variable], live: Ints, position: int) -> dict[str, Ints]:
        """Codes of the time left, of the rows to come and of the pace."""
        never = np.zeros(len(live), bool)
        since = self.at[live] if position else np.full(len(live), self.low)
        left = np.maximum(self.top[live] - since, 0)
        rest = self.count[live] - position
        pace = np.floor(left / rest) if self.whole else left / rest
        found = {}
        for name, value in (("left", left), ("pace", pace)):
            variable = variables[f"{self.table.order_by}__{name}"]
            found[variable.name] = grouped(variable, encode(domain(gap_column(self.table)), value, never)[0])
        variable = variables[f"{self.table.name}__rest"]
        found[variable.name] = grouped(variable, encode(domain(count_column(self.table)), rest, never)[0])
        return found


def clock(table: Table, above: Above) -> Clock:
    """All parents' sequences before their first row."""
    low, high = (table.columns[table.order_by].range or (0.0, 0.0)) if table.order_by else (0.0, 0.0)
    return Clock(table, np.array(above.begin), np.minimum(above.limit, high), low, above.count)


def grouped(variable: Variable, code: Ints) -> Ints:
    """A variable's codes from those of what it joins."""
    return np.asarray(np.array(variable.groups)[code]) if variable.groups else code
