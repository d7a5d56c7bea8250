"""What a generator that trains through the door is: a flat vector of weights, and sums over patients that move it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.marginal.code import Codes
from generators.marginal.learned import Learned
from generators.marginal.model import Model

if TYPE_CHECKING:
    from generators.optimise import State

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]
Coded = Mapping[str, Codes]
"""Code columns of every patients' table: a hospital's own, or those of synthetic tables."""


class Trainable(Protocol):
    """A generator made from a spec alone, so that coordinator and hospitals have the same one."""

    clip: float
    """L2 bound of one patient's gradient."""
    rate: float
    """Largest step of a round on clipped, noised sums (`stepped`)."""

    @property
    def length(self) -> int:
        """Number of weights that hospitals are sent."""
        ...

    @property
    def moving(self) -> int:
        """How many of the first of them rounds move, so the length of a sum of gradients."""
        ...

    def begin(self, base: Model) -> Weights:
        """Weights (length,) before any training on patients: learned from rows of `base`, which is public."""
        ...

    def gradient(self, weights: Weights, coded: Coded, clip: float, rng: np.random.Generator) -> Floats:
        """Sum over patients of their gradients (moving,), each scaled to an L2 norm of at most `clip` (infinity: as they are).

        Every patient's term depends on that patient's rows, the weights and random numbers of its own, on nothing else. So
        one patient more or less changes the sum by at most `clip`, but for the rounding of 64-bit floats.
        """
        ...

    def stepped(self, state: State, gradient: Floats, patients: float, rate: float) -> State:
        """The coordinator's step from a summed gradient (moving,) of about so many patients; `rate` is at most the largest.

        Post-processing. Raises FloatingPointError when the gradient is not finite.
        """
        ...

    def loss(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> float:
        """Sum over patients of their losses: what `gradient` is the gradient of. Without privacy, as nothing is clipped."""
        ...

    def trained(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> Weights:
        """Weights (length,) after a local pass over the rows. Without privacy: one patient can move them by any amount."""
        ...

    def learned(self, weights: Weights, base: Model) -> Learned:
        """What is drawn from: all tables, with these weights."""
        ...
