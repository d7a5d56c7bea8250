"""A learned root table: latent classes, drawn in strata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.marginal.even import swapped
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, named, of
from specs.lang.domain import SPLIT

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Clique = tuple[str, ...]


@dataclass(frozen=True)
class Mixture:
    """`weight` (classes,), `shares[clique]` (classes, codes of each of its variables), `within[variable]` (givens, codes, SPLIT).

    Cliques are one variable or two; `within` is of ordered variables.
    """

    plan: Plan
    weight: Floats
    shares: Mapping[Clique, Floats]
    within: Mapping[str, Floats]

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` root rows, and fine codes of those ordered variables whose parts hang on nothing else.

        Classes and, within each class, cells of cliques come as often as expected, give or take one (systematic sampling, Madow
        and Madow 1944), and so do the parts of each code; which row of the class gets which is independent between cliques.
        """
        return self._with_parts(self._drawn(rows, rng)[0], rng)

    def draw_evenly(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Like `draw`, but pairs of variables come about as often as expected too (`even`), which takes some times as long."""
        drawn, label = self._drawn(rows, rng)
        names = [name for clique in self.shares for name in clique]
        cliques = np.split(np.arange(len(names)), np.cumsum([len(clique) for clique in self.shares])[:-1])
        codes = np.stack([drawn[name] for name in names], axis=1)
        even = swapped(codes, label, self.weight, [self.margins[name] for name in names], cliques, rng)
        return self._with_parts(dict(zip(names, even.T, strict=True)), rng)

    @cached_property
    def margins(self) -> dict[str, Floats]:
        """What classes say of each variable by itself: (classes, codes)."""
        found = {}
        for clique, shares in self.shares.items():
            for axis, name in enumerate(clique):
                others = tuple(a + 1 for a in range(len(clique)) if a != axis)
                found[name] = np.asarray(shares.sum(others))
        return found

    def arrays(self) -> dict[str, Floats]:
        """All parameters: "weight", "clique/shares" (names of a clique joined by +) and "variable/within"."""
        shares = {"+".join(clique): array for clique, array in self.shares.items()}
        return {"weight": self.weight, **named("shares", shares), **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Mixture:
        """From what `arrays` gave."""
        shares = {tuple(name.split("+")): array for name, array in of("shares", stored).items()}
        return Mixture(plan, stored["weight"], shares, of("within", stored))

    def _drawn(self, rows: int, rng: np.random.Generator) -> tuple[dict[str, Ints], NDArray[np.uint16]]:
        """Codes, and each row's class."""
        sizes = systematic(cumulative(self.weight[None, :]), np.array([rows]), rng)[0]
        label = np.repeat(np.arange(len(sizes)), sizes).astype(np.uint16)
        rng.shuffle(label)
        codes: dict[str, Ints] = {}
        for clique, shares in self.shares.items():
            cells = _dealt(self._ends[clique], label, sizes, rng)
            found = np.unravel_index(cells, shares.shape[1:]) if len(clique) > 1 else (cells,)
            codes |= zip(clique, found, strict=True)
        return codes, label

    def _with_parts(self, codes: dict[str, Ints], rng: np.random.Generator) -> dict[str, Ints]:
        """With fine codes: of each code its parts as often as expected."""
        for step in self.plan.steps:
            name = step.variable.name
            if not step.domain.ordered or step.given:
                continue
            codes[f"{name}__fine"] = codes[name] * SPLIT
            if step.domain.split:
                parts = np.zeros((step.variable.size, SPLIT))
                parts[:, 0] = 1.0
                parts[: step.domain.values] = self.within[name][0]
                label, sizes = codes[name].astype(np.uint16), np.bincount(codes[name], minlength=len(parts))
                codes[f"{name}__fine"] += _dealt(cumulative(parts), label, sizes, rng)
        return codes

    @cached_property
    def _ends(self) -> dict[Clique, Floats]:
        """For each clique the cumulative shares of its cells within each class."""
        return {clique: cumulative(shares.reshape(len(shares), -1)) for clique, shares in self.shares.items()}


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
