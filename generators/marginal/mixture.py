"""A learned root table: latent classes, drawn in strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.marginal.even import swapped
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
        return self._drawn(rows, rng)[0]

    def draw_evenly(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Like `draw`, but pairs of variables come about as often as expected too (`even`), which takes some times as long."""
        drawn, label = self._drawn(rows, rng)
        names = [step.variable.name for step in self.plan.steps]
        codes = np.stack([drawn[name] for name in names], axis=1)
        came = swapped(codes, label, self.weight, [self.shares[name] for name in names], rng)
        place = dict(zip(names, came.T, strict=True))
        return {name: values[place[name.removesuffix("__fine")]] for name, values in drawn.items()}

    def _drawn(self, rows: int, rng: np.random.Generator) -> tuple[dict[str, Ints], NDArray[np.uint16]]:
        sizes = systematic(cumulative(self.weight[None, :]), np.array([rows]), rng)[0]
        label = np.repeat(np.arange(len(sizes)), sizes).astype(np.uint16)
        rng.shuffle(label)
        codes: dict[str, Ints] = {}
        for step in self.plan.steps:
            name = step.variable.name
            drawn = _dealt(self._ends[name], label, sizes, rng)
            if not _fine(step):
                codes[name] = drawn
            elif step.domain.split:
                codes[name], codes[f"{name}__fine"] = np.minimum(drawn // SPLIT, step.variable.size - 1), drawn
            else:
                codes[name], codes[f"{name}__fine"] = drawn, drawn * SPLIT
        return codes, label

    def arrays(self) -> dict[str, Floats]:
        """All parameters: "weight", "variable/shares" and "variable/within"."""
        return {"weight": self.weight, **named("shares", self.shares), **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Mixture:
        """From what `arrays` gave."""
        return Mixture(plan, stored["weight"], of("shares", stored), of("within", stored))

    @cached_property
    def _ends(self) -> dict[str, Floats]:
        """For each variable the cumulative shares of what is drawn, codes or fine codes, within each class."""
        found = {}
        for step in self.plan.steps:
            shares = self.shares[step.variable.name]
            found[step.variable.name] = cumulative(self._parts(step) if _fine(step) and step.domain.split else shares)
        return found

    def _parts(self, step: Step) -> Floats:
        """(classes, fine codes)"""
        values, shares = step.domain.values, self.shares[step.variable.name]
        parts = shares[:, :values, None] * self.within[step.variable.name][0][None, :, :]
        return np.concatenate([parts.reshape(len(shares), -1), shares[:, values:]], axis=1)


def _fine(step: Step) -> bool:
    """Whether parts of a code are shared alike whatever the row's other codes."""
    return step.domain.ordered and not step.given


def cumulative(shares: Floats) -> Floats:
    """Along the codes of each class, up to one."""
    ends = np.cumsum(shares, axis=1)
    return ends / ends[:, -1:]


def systematic(ends: Floats, sizes: Ints, rng: np.random.Generator) -> Ints:
    """How often each code comes among `sizes` (classes,) rows with cumulative shares `ends` (classes, codes).

    Expected counts, rounded: sums over codes are exact; each count is its expectation rounded up or down, and right on average.
    """
    ends = np.floor(ends * sizes[:, None] + rng.random((len(sizes), 1)))
    ends[:, -1] = sizes
    return np.diff(np.minimum(ends, sizes[:, None]), axis=1, prepend=0).astype(np.int64)


def _dealt(ends: Floats, label: NDArray[np.uint16], sizes: Ints, rng: np.random.Generator) -> Ints:
    """One code a row: those of each class, in random order. `label` (rows,) is each row's class."""
    counts = systematic(ends, sizes, rng)
    codes = np.repeat(np.tile(np.arange(ends.shape[1]), len(sizes)), counts.ravel())
    shuffled = rng.permutation(len(label))
    found = np.empty(len(label), np.int64)
    found[shuffled[np.argsort(label[shuffled], kind="stable")]] = codes
    return found
