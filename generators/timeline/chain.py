"""A learned child table: every step of a row is predicted from all that happened to the patient before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.diffusion.device import placed
from generators.marginal.above import Above
from generators.marginal.chain import Chain, Conditional, Odds
from generators.marginal.stored import Stored, named
from generators.timeline.layout import Layout
from generators.timeline.reader import Reader
from generators.timeline.sequence import held

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Weights = NDArray[np.float32]


@dataclass(frozen=True)
class Timeline(Chain):
    """Table `number` of the layout, whose network has `weights` (length,). Its conditionals have no parameters of their own."""

    layout: Layout
    weights: Weights
    number: int

    def odds(self, above: Above) -> Odds:
        """What the network says, given all rows of all tables drawn so far."""
        return _Odds(self, above)

    def arrays(self) -> Stored:
        """Its "variable/within"; the weights are kept with the patients' table."""
        return named("within", self.within)


class _Odds:
    def __init__(self, chain: Timeline, above: Above) -> None:
        assert above.patient is not None
        layout, flat = chain.layout, placed(chain.weights, chain.layout.device)
        self.layout, self.number = layout, chain.number
        self.names = [step.variable.name for step in chain.plan.steps]
        self.reader = Reader(layout, flat, chain.number, held(layout, above.before), above.patient, above.count)

    def logits(self, conditional: Conditional, codes: Mapping[str, Ints], live: Ints) -> Floats:
        tokens = self.layout.tokens(self.number, codes, len(live))
        return self.reader.ask(tokens, self.names.index(conditional.step.variable.name), live)

    def done(self, codes: Mapping[str, Ints], live: Ints) -> None:
        self.reader.tell(self.layout.tokens(self.number, codes, len(live)), live)


def chain(layout: Layout, weights: Weights, number: int, within: Mapping[str, Floats]) -> Timeline:
    """Table `number` with these `weights` (length,); `within[variable]` (givens, codes, SPLIT) of ordered steps."""
    plan = layout.plans[number]
    steps = tuple(
        Conditional(
            s,
            np.zeros((s.given_size, s.variable.size)),
            {q.name: np.zeros((1, 1)) for q in s.factors},
            within.get(s.variable.name),
        )
        for s in plan.steps
    )
    return Timeline(plan, steps, layout, weights, number)
