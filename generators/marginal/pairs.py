"""All noised pairs of a table's variables as one symmetric matrix."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from generators.marginal.estimate import coded, share
from generators.marginal.plan import Plan, Step
from privacy.sums import Sums

Floats = NDArray[np.float64]
LEAST_STD = 1.0
"""Without noise a cell is still not known better than to a row."""


@dataclass(frozen=True)
class Pairs:
    """What noised sums say of pairs, as shares of all rows; a table's codes are counted through all its variables.

    `start` (variables + 1,) is where each variable's codes begin and `rows` the number of rows. `shares` (codes, codes) are
    noised, `precision` (codes, codes) is one over their variance: 0 for a variable with itself and for pairs not asked.
    `single` (codes,) and `single_precision` (codes,) are likewise of each variable alone, `margin` (codes,) is the best
    estimate of it from everything asked: not negative, and a sum of 1 for each variable. `next` (codes - 1,) tells which codes
    and the ones after them are neighbouring bins.
    """

    start: NDArray[np.int64]
    rows: float
    shares: Floats
    precision: Floats
    single: Floats
    single_precision: Floats
    margin: Floats
    next: NDArray[np.bool_]

    @property
    def noise(self) -> float:
        """The smallest standard error of a pair's cell, as a share of rows; of a single cell where there are no pairs."""
        known = self.precision.max(initial=0.0)
        return float((known or self.single_precision.max()) ** -0.5)

    @property
    def variables(self) -> int:
        """Number of variables."""
        return len(self.start) - 1

    def block(self, variable: int) -> slice:
        """Where the variable's codes are."""
        return slice(int(self.start[variable]), int(self.start[variable + 1]))


def pairs(plan: Plan, sums: Sums) -> Pairs:
    """The pairs of a table where every patient has one row."""
    steps = plan.steps
    start = np.concatenate([[0], np.cumsum([s.variable.size for s in steps])])
    at = {s.variable.name: slice(a, b) for s, (a, b) in zip(steps, pairwise(start), strict=True)}
    counts, precision = np.zeros((2, start[-1], start[-1]))
    single, single_precision = np.zeros((2, start[-1]))
    for step in steps:
        one = at[step.variable.name]
        single[one], single_precision[one] = alone(step, sums)
        for query in step.factors:
            first, second = (at[c] for c in query.columns)
            counts[first, second], precision[first, second] = sums.values[query.name], 1 / _variance(query.name, sums)
            counts[second, first], precision[second, first] = counts[first, second].T, precision[first, second].T
    blocks = [slice(a, b) for a, b in pairwise(start)]
    estimates = [_combined(b, blocks, counts, precision, single, single_precision) for b in blocks]
    rows = _rows(estimates)
    margin = np.concatenate([share(mean, rows) for mean, _ in estimates])
    neighbours = np.concatenate([_next(step) for step in steps])[:-1]
    return Pairs(start, rows, counts / rows, precision * rows**2, single / rows, single_precision * rows**2, margin, neighbours)


def _next(step: Step) -> NDArray[np.bool_]:
    """(codes,) whether the code after each is the next bin."""
    ordered = step.domain.ordered and not step.given
    return np.arange(step.variable.size) < (step.domain.values - 1 if ordered else 0)


def alone(step: Step, sums: Sums) -> tuple[Floats, Floats]:
    """The step's own histogram over its codes (codes,), and one over the variance of each cell."""
    fine = sums.values[step.fine.name].reshape(step.given_size, -1).sum(0)
    variance = _variance(step.fine.name, sums) * step.given_size
    return coded(step, fine), 1 / (variance * coded(step, np.ones_like(fine)))


def _variance(name: str, sums: Sums) -> float:
    return float(max(sums.std[name], LEAST_STD) ** 2)


def _combined(
    block: slice, blocks: list[slice], counts: Floats, precision: Floats, single: Floats, single_precision: Floats
) -> tuple[Floats, Floats]:
    """One variable's counts from its own histogram and from every pair it is in, by inverse variance; and their precision."""
    total, known = single[block] * single_precision[block], single_precision[block].copy()
    for other in blocks:
        each = precision[block, other][0, 0] / (other.stop - other.start)
        total = total + each * counts[block, other].sum(1)
        known = known + each
    return total / known, known


def _rows(estimates: list[tuple[Floats, Floats]]) -> float:
    """Number of rows by inverse variance, at least one; the estimates share noise, so their weights are only about right."""
    variance = np.array([(1 / known).sum() for _, known in estimates])
    return float(max((np.array([mean.sum() for mean, _ in estimates]) / variance).sum() / (1 / variance).sum(), 1.0))
