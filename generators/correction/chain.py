"""A child table's chain of conditionals with some of them corrected by what is remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.correction.remembered import Remembered
from generators.correction.tilt import Tilt, normal
from generators.marginal.above import Above
from generators.marginal.chain import Chain, Conditional, Contexts
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, named, of

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Corrected(Chain):
    """`tilts` are by variable."""

    tilts: Mapping[str, Tilt]

    def odds(self, above: Above) -> Remembering:
        """For drawing all rows of these parents."""
        return Remembering(self, above)

    def arrays(self) -> Stored:
        """All parameters: those of the chain, "step/places" and "step/correction"."""
        tilts = self.tilts.items()
        places, weights = {v: tilt.places for v, tilt in tilts}, {v: tilt.weights for v, tilt in tilts}
        return {**super().arrays(), **named("places", places), **named("correction", weights)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Corrected:
        """From what `arrays` gave."""
        places, weights = of("places", stored), of("correction", stored)
        found = {v: r for v, r in Remembered.of(plan).items() if v in places}
        tilts = {v: Tilt(remembered, places[v], weights[v]) for v, remembered in found.items()}
        return Corrected(plan, Chain.restore(plan, stored).conditionals, tilts)


class Remembering(Contexts):
    """The odds of parents' next rows, and what their rows so far said."""

    def __init__(self, chain: Corrected, above: Above) -> None:
        super().__init__(chain, above)
        self.tilts = chain.tilts
        self.history = next((t.remembered.history for t in chain.tilts.values() if t.remembered.history), None)
        self.known = self.history.begin(len(above.count)) if self.history else None

    def logits(self, conditional: Conditional, codes: Mapping[str, Ints], live: Ints) -> Floats:
        """As `Odds` has it."""
        odds = super().logits(conditional, codes, live)
        tilt = self.tilts.get(conditional.step.variable.name)
        if tilt is None:
            return odds
        remembered, shown = tilt.remembered, None
        if remembered.history and self.known is not None:
            shown = remembered.history.shown(self.known[live])
        return tilt.odds(normal(odds), remembered.told(remembered.kind(codes, len(live)), shown))

    def done(self, codes: Mapping[str, Ints], live: Ints) -> None:
        """The row of the parents `live` is whole."""
        if self.history and self.history.value and self.known is not None:
            kind, value = codes[self.history.kind.name], codes[self.history.value.name]
            self.known[live] = self.history.after(self.known[live], kind, value)
