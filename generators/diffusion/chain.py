"""A learned child table: one network that predicts every step of a row from its contexts, its past and the row so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from generators.diffusion.device import back, placed, wished
from generators.diffusion.flat import Parts, views
from generators.diffusion.network import shown, trunk
from generators.diffusion.sheet import Sheet
from generators.marginal.above import Above
from generators.marginal.chain import Chain, Conditional
from generators.marginal.plan import Plan, Step
from generators.marginal.stored import Stored, named, of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Weights = NDArray[np.float32]
TIMES = ("start", "gap")
"""A row has one of them: the first row of its parent a start, any other a gap."""


@dataclass(frozen=True)
class NeuralChain(Chain):
    """The steps of a child table, all of one network with `weights` (length,); their own biases are 0."""

    sheet: Sheet
    weights: Weights

    def odds(self, above: Above) -> Past:
        """For drawing all rows of these parents."""
        return Past(self, len(above.count))

    def arrays(self) -> Stored:
        """All parameters: "weights", "trunk" (width and depth), "device" and "variable/within"."""
        size, where = np.array([self.sheet.width, self.sheet.depth]), np.array(self.sheet.wish)
        return {"weights": self.weights, "trunk": size, "device": where, **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> NeuralChain:
        """From what `arrays` gave."""
        width, depth = map(int, stored["trunk"])
        return chain(Sheet(plan, False, width, depth, wished(stored)), stored["weights"], of("within", stored))


def chain(sheet: Sheet, weights: Weights, within: Mapping[str, Floats]) -> NeuralChain:
    """The steps of a child table with these `weights` (length,); `within[variable]` (givens, codes, SPLIT) of ordered steps."""

    def predicted(step: Step) -> Conditional:
        bias = np.zeros((step.given_size, step.variable.size))
        return Conditional(step, bias, {}, within.get(step.variable.name))

    return NeuralChain(sheet.plan, tuple(predicted(step) for step in sheet.plan.steps), sheet, weights)


class Past:
    """The odds of parents' next rows, and what their rows so far were."""

    def __init__(self, learned: NeuralChain, parents: int) -> None:
        self.sheet, self.network = learned.sheet, learned.sheet.network
        self.parts: Parts = views(self.network.shapes, placed(learned.weights, self.sheet.device))
        self.steps = [step.variable.name for step in self.sheet.plan.steps]
        self.seen = self.sheet.history.begin(parents) if self.sheet.history else None

    def logits(self, conditional: Conditional, codes: Mapping[str, Ints], live: Ints) -> Floats:
        """(live, codes) log-probabilities; what is not in `codes` is not known yet."""
        name = conditional.step.variable.name
        tokens, known = self._tokens(codes, live, name)
        mask = placed(np.tile(~known[self.network.context :], (len(live), 1)), self.sheet.device)
        head = self.network.heads[self.steps.index(name)]
        with torch.no_grad():
            features = trunk(self.network, self.parts, shown(self.network, placed(tokens, self.sheet.device), mask))
            out = torch.log_softmax(features @ self.parts["head.w"][head].T + self.parts["head.b"][head], 1)
        return back(out.double())

    def done(self, codes: Mapping[str, Ints], live: Ints) -> None:
        """The row of the parents `live` is whole."""
        if self.sheet.history and self.seen is not None:
            value = self.sheet.history.value
            kind = codes[self.sheet.history.kind.name]
            self.seen[live] = self.sheet.history.after(self.seen[live], kind, codes[value.name] if value else None)

    def _tokens(self, codes: Mapping[str, Ints], live: Ints, step: str) -> tuple[Ints, NDArray[np.bool_]]:
        """Tokens (live, columns) and which columns (columns,) are known; of those that are not, any token."""
        given = dict(codes)
        if self.sheet.history and self.seen is not None:
            given |= zip(self.sheet.history.names, self.sheet.history.shown(self.seen[live]).T, strict=True)
        for variable in (s.variable for s in self.sheet.plan.steps):
            if variable.kind in TIMES and variable.name not in given and variable.name != step:
                given[variable.name] = np.full(len(live), -1)  # it does not apply, rather than comes later
        names = [column.name for column in self.sheet.columns]
        anything = np.zeros(len(live), np.int64)
        return np.stack([given.get(n, anything) for n in names], 1), np.array([n in given for n in names])
