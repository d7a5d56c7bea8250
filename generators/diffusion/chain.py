"""A learned child table: one network that predicts every step of a row from its contexts and the row so far."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from generators.diffusion.network import shown, trunk, views
from generators.diffusion.sheet import Sheet
from generators.marginal.chain import Chain, Conditional
from generators.marginal.plan import Plan, Step
from generators.marginal.stored import Stored, named, of
from privacy.query import Query

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Weights = NDArray[np.float32]
TIMES = ("start", "gap")
"""A row has one of them: the first row of its parent a start, any other a gap."""


@dataclass(frozen=True)
class Predicted(Conditional):
    """One step of which the network with `weights` (length,) says the chances. Its bias is 0 and it has no `theta`."""

    sheet: Sheet
    weights: Weights

    def logits(self, codes: Mapping[str, Ints], rows: int, factors: Callable[[Query], bool] | None = None) -> Floats:
        """(rows, codes) log-probabilities, all in one factor of all columns; what is not in `codes` is not known yet."""
        if factors is not None and not factors(self._everything):
            return np.zeros((rows, self.bias.shape[1]))
        network, names = self.sheet.network, [column.name for column in self.sheet.columns]
        seen = np.stack([codes[n] if n in codes else np.full(rows, -1) for n in names], 1)
        known = np.array([n in codes or self._never(n) for n in names])
        tokens = torch.from_numpy(np.where(known, seen, 0))
        mask = torch.from_numpy(np.tile(~known[network.context :], (rows, 1)))
        weights = views(network, torch.from_numpy(self.weights))
        head = network.heads[[s.variable.name for s in self.sheet.plan.steps].index(self.step.variable.name)]
        with torch.no_grad():
            features = trunk(network, weights, shown(network, tokens, mask))
            out = torch.log_softmax(features @ weights["head.w"][head].T + weights["head.b"][head], 1)
        return np.asarray(out.double().numpy())

    @property
    def _everything(self) -> Query:
        names = (*(column.name for column in self.sheet.columns), self.step.variable.name)
        return Query(f"{self.sheet.plan.table}: all", self.sheet.plan.table, names, (1,) * len(names), self.sheet.plan.table)

    def _never(self, name: str) -> bool:
        """Whether a variable that is not known does not apply, rather than comes later."""
        variable = self.sheet.plan.variables[name]
        return variable.kind in TIMES and variable.name != self.step.variable.name


@dataclass(frozen=True)
class NeuralChain(Chain):
    """The conditionals of one table, all of one network."""

    sheet: Sheet
    weights: Weights

    def arrays(self) -> Stored:
        """All parameters: "weights", "trunk" (width and depth) and "variable/within"."""
        trunk_ = np.array([self.sheet.width, self.sheet.depth])
        return {"weights": self.weights, "trunk": trunk_, **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> NeuralChain:
        """From what `arrays` gave."""
        width, depth = map(int, stored["trunk"])
        return chain(Sheet(plan, False, width, depth), stored["weights"], of("within", stored))


def chain(sheet: Sheet, weights: Weights, within: Mapping[str, Floats]) -> NeuralChain:
    """The steps of a child table with these `weights` (length,); `within[variable]` (givens, codes, SPLIT) of ordered steps."""

    def predicted(step: Step) -> Predicted:
        bias = np.zeros((step.given_size, step.variable.size))
        return Predicted(step, bias, {}, within.get(step.variable.name), sheet, weights)

    return NeuralChain(sheet.plan, tuple(predicted(step) for step in sheet.plan.steps), sheet, weights)
