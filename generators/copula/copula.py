"""A Gaussian copula of a table's codes: learned from the histograms of all pairs that the marginal generator asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from generators.copula.correlation import correlation, root
from generators.marginal.estimate import within
from generators.marginal.pairs import Pairs, pairs
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, named, of
from privacy.sums import Sums

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Copula:
    """Codes as cuts of normal variables: one variable per step of `plan`, in its order.

    `shares[variable]` (codes,) says where its normal variable is cut: in the spec's order of codes, NULL last. `factor`
    (variables, variables) times its transpose is their correlation; `within[variable]` (givens, codes, SPLIT) says how the
    parts of an ordered variable's codes share them.
    """

    plan: Plan
    shares: Mapping[str, Floats]
    factor: Floats
    within: Mapping[str, Floats]

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` rows, independent of each other."""
        from scipy.special import ndtr

        levels = ndtr(rng.standard_normal((rows, len(self.plan.steps))) @ self.factor.T).T
        names = (s.variable.name for s in self.plan.steps)
        return {n: np.searchsorted(np.cumsum(self.shares[n])[:-1], u, side="right") for n, u in zip(names, levels, strict=True)}

    def arrays(self) -> dict[str, Floats]:
        """All parameters: "factor", "variable/shares" and "variable/within"."""
        return {"factor": self.factor, **named("shares", self.shares), **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Copula:
        """From what `arrays` gave."""
        return Copula(plan, of("shares", stored), stored["factor"], of("within", stored))


def learn_copula(plan: Plan, sums: Sums) -> Copula:
    """The copula of a table where every patient has one row. Post-processing of `sums`, without any chance in it."""
    known = pairs(plan, sums)
    blocks = np.split(known.margin, known.start[1:-1])
    shares = {s.variable.name: b for s, b in zip(plan.steps, blocks, strict=True)}
    parts = {s.variable.name: within(s, sums) for s in plan.steps if s.domain.ordered}
    return Copula(plan, shares, root(correlations(known)), parts)


def correlations(known: Pairs) -> Floats:
    """(variables, variables) correlation of every two variables; 0 where their histogram was not asked (too many cells)."""
    matrix = np.eye(known.variables)
    codes = [slice(a, b) for a, b in pairwise(known.start)]
    for (i, one), (j, other) in combinations(enumerate(codes), 2):
        precision = known.precision[one, other][0, 0]
        if precision > 0:
            counts, std = known.shares[one, other] * known.rows, known.rows / np.sqrt(precision)
            margins = known.margin[one] * known.rows, known.margin[other] * known.rows
            matrix[i, j] = matrix[j, i] = correlation(counts, std, *margins)
    return matrix
