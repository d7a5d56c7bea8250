"""Training by sampling: which category a row is asked to have (Xu et al. 2019, section 4.3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.ctgan.layout import Layout

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditions:
    """`rise` (fields, most categories): cumulated chances of each field's categories; `starts` (fields,) their first places."""

    rise: Floats
    starts: Ints

    @staticmethod
    def of(layout: Layout, frequencies: list[Floats]) -> Conditions:
        """Every field without an order is equally likely, its categories as `frequencies` say."""
        wide = max((len(f) for f in frequencies), default=1)
        rise = np.ones((len(frequencies), wide))
        for i, frequency in enumerate(frequencies):
            rise[i, : len(frequency)] = frequency.cumsum() / frequency.sum()
            rise[i, np.flatnonzero(frequency)[-1] :] = 1.0
        return Conditions(rise, np.array(layout.fields.starts[: len(frequencies)], np.int64))

    def drawn(self, rows: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """A field and its category for each of `rows` rows."""
        field = rng.integers(0, len(self.rise), rows)
        return field, (rng.random(rows)[:, None] >= self.rise[field]).sum(1)

    def places(self, field: Ints, category: Ints) -> Ints:
        """Which entry of a conditional vector is 1."""
        return np.asarray(self.starts[field] + category)


def public(layout: Layout) -> list[Floats]:
    """The categories' noised counts, never all 0: how often a condition is asked for when rows are drawn."""
    found = layout.by_field[: len(layout.fields.categories)]
    return [counts if counts.sum() > 0 else np.ones_like(counts) for counts in found]


def evened(counts: list[Floats], present: list[NDArray[np.bool_]]) -> list[Floats]:
    """How often a condition is asked for in training: by the logarithm of its count, among categories that are there."""
    logs = (np.log1p(np.where(here, count, 0.0)) for count, here in zip(counts, present, strict=True))
    return [log if log.sum() > 0 else here.astype(float) for log, here in zip(logs, present, strict=True)]
