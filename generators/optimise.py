"""The coordinator's steps on noised sums: public numbers in, public weights out."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np

from generators.trained import Floats, Weights

BETAS = (0.9, 0.99)
KEEP = 0.9
"""How much of itself the running average of the weights keeps in a round."""
BURST = 1e6
"""A loss this many times the first one (and one) has exploded."""


@dataclass(frozen=True)
class State:
    """Where training stands after `step` rounds; every vector is (length,). A checkpoint is exactly this.

    `average` is a running average of `weights`: what is drawn from. `losses` are the patients' mean losses in rounds so far,
    each before its step; nothing where there is a budget, for a loss would cost some of it.
    """

    step: int
    weights: Weights
    first: Weights
    second: Weights
    average: Weights
    losses: tuple[float, ...] = ()


def begin(weights: Weights) -> State:
    """The state before the first round."""
    return State(0, weights, np.zeros_like(weights), np.zeros_like(weights), weights)


def rate(step: int, steps: int, peak: float, warm: int) -> float:
    """Learning rate of a step: a short rise, then half a cosine down to zero."""
    return peak * min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * step / steps))


def advance(state: State, gradient: Floats, patients: float, rate: float) -> State:
    """One Adam step (Kingma and Ba 2015) from a summed gradient (length,) of about so many patients.

    Early on the average of the weights keeps less of itself than `KEEP`, so that the start is forgotten. Raises:
        FloatingPointError: the gradient is not finite; the given state is still good.
    """
    finite(state, gradient)
    step, mean = state.step + 1, (gradient / patients).astype(np.float32)
    first = state.first + np.float32(1 - BETAS[0]) * (mean - state.first)
    second = state.second + np.float32(1 - BETAS[1]) * (mean * mean - state.second)
    size = np.sqrt(second / np.float32(1 - BETAS[1] ** step)) + np.float32(1e-8)
    weights = state.weights - np.float32(rate / (1 - BETAS[0] ** step)) * first / size
    average = state.average + np.float32(1 - min(KEEP, step / (step + 10))) * (weights - state.average)
    return State(step, weights, first, second, average, state.losses)


def averaged(state: State, moved: Floats) -> State:
    """The weights (length,) moved by the hospitals' mean. Raises FloatingPointError as `advance` does."""
    finite(state, moved)
    weights = state.weights + moved.astype(np.float32)
    return replace(state, step=state.step + 1, weights=weights, average=weights)


def heard(state: State, loss: float) -> State:
    """With the mean loss of this round. Raises FloatingPointError when it is not finite, or has exploded."""
    first = state.losses[0] if state.losses else loss
    if not math.isfinite(loss) or abs(loss) > BURST * (1 + abs(first)):
        raise FloatingPointError(f"round {state.step + 1}: the mean loss is {loss:.3g}, it was {first:.3g} at first")
    return replace(state, losses=(*state.losses, loss))


def finite(state: State, moved: Floats) -> None:
    """Raises FloatingPointError when a sum is not finite."""
    if not np.isfinite(moved).all():
        raise FloatingPointError(f"round {state.step + 1}: the sum is not finite")


class ByAdam(ABC):
    """What most generators share: rounds move all weights, and with a budget by Adam."""

    @property
    @abstractmethod
    def length(self) -> int:
        """Number of weights."""

    @property
    def moving(self) -> int:
        """How many of the first weights rounds move: all."""
        return self.length

    def stepped(self, state: State, gradient: Floats, patients: float, rate: float) -> State:
        """One step from a summed gradient (length,). Raises FloatingPointError as `advance` does."""
        return advance(state, gradient, patients, rate)
