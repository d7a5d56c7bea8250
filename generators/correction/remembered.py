"""What is remembered when a value is drawn: the last value of its kind and their mean so far, as places among all of the kind.

Chains know the last value of a kind in a few groups, for histograms over finer ones would drown in noise. Two numbers say
more of it: where the last value and the mean of all so far lie among the values of the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from generators.diffusion.history import History
from generators.marginal.code import Codes
from generators.marginal.plan import Plan, Step

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
EXTREME = 0.01
"""Places of codes beyond this share of a kind's values, on either side, are not further out."""


@dataclass(frozen=True)
class Remembered:
    """An ordered step of a child table; with `history` its values are remembered kind by kind, the kind being `step.given`."""

    step: Step
    history: History | None

    @staticmethod
    def of(plan: Plan) -> dict[str, Remembered]:
        """The ordered columns of a table that are drawn as such (not its times), by variable."""
        history = History.of(plan)

        def remembered(step: Step) -> Remembered:
            ours = history and history.value == step.variable and history.kind.name == step.given
            return Remembered(step, history if ours else None)

        found = (step for step in plan.steps if step.variable.kind == "own" and step.domain.ordered)
        return {step.variable.name: remembered(step) for step in found}

    @cached_property
    def features(self) -> int:
        """How many numbers describe a row: of each kind whether the row is of it, and with a history three times more."""
        return self.step.given_size * (4 if self.history else 1)

    def seen(self, codes: Codes) -> Ints:
        """Tokens (rows, 3) of a coded table: the kind, the kind's last value and the mean of all so far."""
        kind = self.kind(codes.values, len(codes.row))
        return self.told(kind, self.history.tokens(codes) if self.history else None)

    def kind(self, codes: Mapping[str, Ints], rows: int) -> Ints:
        """The kind (rows,) of each row; 0 where there are none, or where the step does not apply."""
        return np.maximum(codes[self.step.given], 0) if self.step.given else np.zeros(rows, np.int64)

    def told(self, kind: Ints, tokens: Ints | None) -> Ints:
        """The same (rows, 3) from what the history shows (rows, columns): last values of all kinds, then their means."""
        if tokens is None:
            return np.stack([kind, np.zeros_like(kind), np.zeros_like(kind)], 1)
        row = np.arange(len(kind))
        return np.stack([kind, tokens[row, kind], tokens[row, self.step.given_size + kind]], 1)

    def described(self, places: Floats, seen: Ints) -> Floats:
        """Features (rows, features) of rows `seen` (rows, 3); `places` (kinds, codes) are those of `placed`."""
        kind, last, mean = seen.T
        said = [np.ones(len(kind))]
        if self.history:
            padded = np.pad(places, ((0, 0), (0, 1)))  # no value yet is the token after the last code
            said += [(last < places.shape[1]).astype(float), padded[kind, last], padded[kind, mean]]
        found = np.zeros((len(kind), len(said), len(places)))
        found[np.arange(len(kind)), :, kind] = np.stack(said, 1)
        return found.reshape(len(kind), self.features)

    def placed(self, codes: Ints, kind: Ints) -> Floats:
        """(kinds, codes): the normal score of each code's middle rank among the values (rows,) of a kind; of NULL 0."""
        size, values = self.step.variable.size, self.step.domain.values
        count = np.bincount(kind * size + codes, minlength=self.step.given_size * size).reshape(-1, size)[:, :values] + 0.5
        share = count / count.sum(1, keepdims=True)
        place = ndtri(np.clip(share.cumsum(1) - share / 2, EXTREME, 1 - EXTREME))
        place -= (share * place).sum(1, keepdims=True)
        place /= np.sqrt((share * place**2).sum(1, keepdims=True)).clip(min=1e-3)
        return np.pad(place, ((0, 0), (0, size - values)))
