"""How far marginals of the release will be from the patients', before anything is spent.

Noise alone is known in closed form; what the generator makes of it depends on the table. The curves are what it left in
practice: 13 public tables of 9,000 to 65,000 rows and 8 to 20 columns, five budgets from ε = 0.1 to 10, two noise draws each.
On six other tables 89 % of 1-way and 89 % of 2-way errors lay between the outer curves (tests/benchmarks/expected.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from privacy.query import Query

NOISE = (1e-4, 1e-3, 10**-2.5, 1e-2, 10**-1.5, 0.1, 10**-0.5, 1.0, 10**0.5, 10.0)
"""Total variation distance that noise alone would add to one marginal."""
LEFT = {
    1: (
        (3.6e-5, 7.8e-5, 2.6e-4, 6.5e-4, 0.0024, 0.0080, 0.015, 0.015, 0.015, 0.015),
        (1.9e-4, 5.1e-4, 0.0015, 0.0040, 0.011, 0.033, 0.094, 0.11, 0.15, 0.15),
        (4.7e-4, 0.0014, 0.0041, 0.011, 0.024, 0.068, 0.19, 0.35, 0.37, 0.40),
    ),
    2: (
        (1.1e-4, 2.8e-4, 8.2e-4, 0.0020, 0.0043, 0.0096, 0.017, 0.029, 0.051, 0.088),
        (3.1e-4, 7.9e-4, 0.0022, 0.0055, 0.013, 0.030, 0.057, 0.094, 0.14, 0.19),
        (8.8e-4, 0.0017, 0.0044, 0.010, 0.027, 0.060, 0.13, 0.23, 0.40, 0.44),
    ),
}
"""For marginals of one column and of more: the 5 % quantile, the median and the 95 % quantile of the error that was left."""
CHILD = 2.0
"""Marginals of child tables were off by about this factor more (NAFLD, 4,000 patients, four budgets)."""
AVERAGE = {1: (0.35, 2.3), 2: (0.45, 2.2)}
"""By number of columns: 95 % of runs had their mean error between these multiples of the mean of the marginals' medians."""


@dataclass(frozen=True)
class Interval:
    """A total variation distance: between `low` and `high` with about 90 % confidence, `error` being as likely passed as not."""

    low: float
    error: float
    high: float


@dataclass(frozen=True)
class Expected:
    """One marginal with `std` patients of noise in a cell; no `error` where the number of patients is not assumed."""

    query: str
    table: str
    columns: tuple[str, ...]
    cells: int
    std: float
    error: Interval | None


def expected(query: Query, std: float, patients: int, child: bool) -> Expected:
    """What to expect of one marginal if there are so many patients."""
    error = left(len(query.columns), noise(query, std, patients), child) if patients else None
    return Expected(query.name, query.table, query.columns, query.cells, std, error)


def noise(query: Query, std: float, patients: int) -> float:
    """E|noise| = std sqrt(2/pi) in every cell; half their sum, per patient."""
    return std * math.sqrt(2 / math.pi) * query.cells / 2 / patients


def left(ways: int, noised: float, child: bool) -> Interval:
    """What is left of `noised` in a marginal of so many columns; between the curves' points linear in the noise's logarithm."""
    place, points = math.log10(max(noised, NOISE[0])), [math.log10(n) for n in NOISE]
    low, error, high = (float(np.interp(place, points, curve)) for curve in LEFT[min(ways, 2)])
    factor = CHILD if child else 1.0
    return Interval(low, min(1.0, factor * error), min(1.0, factor * high))


def average(ways: int, errors: Sequence[Interval]) -> Interval:
    """The mean error of several marginals of one table, of so many columns each: surer than any one of them."""
    mean, (low, high) = sum(e.error for e in errors) / len(errors), AVERAGE[min(ways, 2)]
    return Interval(low * mean, mean, min(1.0, high * mean))
