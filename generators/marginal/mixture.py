"""A learned root table: latent classes, drawn in strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.marginal.plan import Plan, Step
from generators.marginal.stored import Stored, named, of
from specs.lang.domain import SPLIT

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Mixture:
    """`weight` (classes,), `shares[variable]` (classes, codes) and `within[variable]` (givens, codes, SPLIT) of ordered ones."""

    plan: Plan
    weight: Floats
    shares: Mapping[str, Floats]
    within: Mapping[str, Floats]

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` root rows, and fine codes of those ordered variables whose parts hang on nothing else.

        Classes and, within each class, codes come as often as expected, give or take one (systematic sampling, Madow and
        Madow 1944); which row of the class gets which is independent between variables.
        """
        sizes = systematic(self.weight[None, :], np.array([rows]), rng)[0]
        label = np.repeat(np.arange(len(sizes)), sizes).astype(np.uint16)
        rng.shuffle(label)
        codes: dict[str, Ints] = {}
        for step in self.plan.steps:
            name = step.variable.name
            fine = self._fine(step)
            drawn = _dealt(self.shares[name] if fine is None else fine, label, sizes, rng)
            if fine is None:
                codes[name] = drawn
            else:
                codes[name], codes[f"{name}__fine"] = np.minimum(drawn // SPLIT, step.variable.size - 1), drawn
        return codes

    def arrays(self) -> dict[str, Floats]:
        """All parameters: "weight", "variable/shares" and "variable/within"."""
        return {"weight": self.weight, **named("shares", self.shares), **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Mixture:
        """From what `arrays` gave."""
        return Mixture(plan, stored["weight"], of("shares", stored), of("within", stored))

    def _fine(self, step: Step) -> Floats | None:
        """(classes, fine codes), where parts of a code are shared alike whatever the row's other codes."""
        if not step.domain.ordered or step.given:
            return None
        values, shares = step.domain.values, self.shares[step.variable.name]
        parts = shares[:, :values, None] * self.within[step.variable.name][0][None, :, :]
        return np.concatenate([parts.reshape(len(shares), -1), shares[:, values:]], axis=1)


def systematic(shares: Floats, sizes: Ints, rng: np.random.Generator) -> Ints:
    """How often each code comes among `sizes` (classes,) rows with `shares` (classes, codes): expected counts, rounded.

    Sums over codes are exact; each count is its expectation rounded up or down, and right on average.
    """
    ends = np.cumsum(shares, axis=1)
    ends = ends / ends[:, -1:] * sizes[:, None] + rng.random((len(sizes), 1))
    ends = np.floor(ends)
    ends[:, -1] = sizes
    return np.diff(np.minimum(ends, sizes[:, None]), axis=1, prepend=0).astype(np.int64)


def _dealt(shares: Floats, label: NDArray[np.uint16], sizes: Ints, rng: np.random.Generator) -> Ints:
    """One code a row: those of each class, in random order. `label` (rows,) is each row's class."""
    counts = systematic(shares, sizes, rng)
    codes = np.repeat(np.tile(np.arange(shares.shape[1]), len(sizes)), counts.ravel())
    shuffled = rng.permutation(len(label))
    found = np.empty(len(label), np.int64)
    found[shuffled[np.argsort(label[shuffled], kind="stable")]] = codes
    return found
