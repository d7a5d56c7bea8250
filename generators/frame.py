"""Tables as plain columns: what a generator hands out, without pandas or Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specs.lang.types import Column


@dataclass(frozen=True)
class Series:
    """One column of `n` rows.

    `values`: integers and dates int64 (days since 1970-01-01; timestamps: seconds), numbers float64; with `labels`,
    codes into them. Where `null` is true the value means nothing.
    """

    values: NDArray[Any]
    null: NDArray[np.bool_]
    labels: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.int64]) -> Series:
        """The rows at these positions."""
        return Series(self.values[rows], self.null[rows], self.labels)


Frame = dict[str, Series]
"""A table: column name to column, all of one length."""

Tables = dict[str, Frame]
"""Table name to table."""


@dataclass(frozen=True)
class Sample:
    """Sampled tables. `parents[t][i]` is the row of the parent's frame that row `i` of table `t` belongs to.

    `thrown[t]` is how many more rows of `t` were drawn, and thrown away because they broke a constraint.
    """

    tables: Tables
    parents: Mapping[str, NDArray[np.int64]]
    thrown: Mapping[str, int]


def length(frame: Frame) -> int:
    """Number of rows."""
    return len(next(iter(frame.values()))) if frame else 0


def take(frame: Frame, rows: NDArray[np.int64]) -> Frame:
    """The rows at these positions, of every column."""
    return {name: series.take(rows) for name, series in frame.items()}


def stacked(frames: Sequence[Frame]) -> Frame:
    """The rows of all frames, one frame after another; they have the same columns."""
    if len(frames) == 1:
        return frames[0]

    def column(name: str) -> Series:
        parts = [frame[name] for frame in frames]
        return Series(np.concatenate([p.values for p in parts]), np.concatenate([p.null for p in parts]), parts[0].labels)

    return {name: column(name) for name in frames[0]}


def known(values: NDArray[Any]) -> Series:
    """A column without NULLs."""
    return Series(values, np.zeros(len(values), bool))


def narrow(column: Column) -> bool:
    """Whether what is drawn are integers that 32 bits hold: as tables are drawn, they are half as wide."""
    return column.type == "integer" and column.measured and column.range is not None and max(map(abs, column.range)) < 2**30
