"""A learned root table: a network that draws column after column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.diffusion.device import placed, wished
from generators.diffusion.sample import passes, sample
from generators.diffusion.sheet import Sheet
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, named, of
from specs.lang.domain import SPLIT

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Denoiser:
    """`weights` (length,) of the sheet's network; `within[variable]` (givens, codes, SPLIT) of variables it knows coarsely."""

    sheet: Sheet
    weights: NDArray[np.float32]
    within: Mapping[str, Floats]

    @property
    def plan(self) -> Plan:
        """The root table's plan."""
        return self.sheet.plan

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` root rows, and fine codes of those variables that the network knows finely."""
        return self.complete({}, (), rows, rng)

    def complete(
        self, known: Mapping[str, Ints], valued: Collection[str], rows: int, rng: np.random.Generator
    ) -> dict[str, Ints]:
        """Codes of `rows` rows given those that are known, as `generators.impute.complete` says: any columns can be."""
        columns = self.sheet.columns
        hidden, barred = np.full((rows, len(columns)), -1), {}
        for i, (step, column) in enumerate(zip(self.plan.steps, columns, strict=True)):
            if column.name in known:
                hidden[:, i] = column.tokens(known[column.name])
            if step.variable.name in valued and step.domain.nullable:
                barred[i] = column.size - 1  # NULL is the last token
        plan = passes(self.sheet.order, len(columns))
        flat = placed(self.weights, self.sheet.device)
        return self._codes(sample(self.sheet.network, flat, hidden, plan, rng, barred))

    def _codes(self, tokens: Ints) -> dict[str, Ints]:
        codes: dict[str, Ints] = {}
        for step, column, drawn in zip(self.plan.steps, self.sheet.columns, tokens.T, strict=True):
            found = column.back(drawn)
            codes[column.name] = found
            if column.codes:
                codes[step.variable.name] = np.minimum(found // SPLIT, step.variable.size - 1)
        return codes

    def arrays(self) -> Stored:
        """All parameters: "weights", "trunk" (width and depth), "device" and "variable/within"."""
        trunk, where = np.array([self.sheet.width, self.sheet.depth]), np.array(self.sheet.wish)
        return {"weights": self.weights, "trunk": trunk, "device": where, **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Denoiser:
        """From what `arrays` gave."""
        width, depth = map(int, stored["trunk"])
        return Denoiser(Sheet(plan, True, width, depth, wished(stored)), stored["weights"], of("within", stored))
