"""One flat vector for all that is sent: the weights of all targets, the witnesses, and what hospitals must know besides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from generators.correction.target import Target
from generators.correction.tilt import Tilt
from generators.trained import Weights

Known = Mapping[str, NDArray[np.float64]]
WITNESSES = 64
"""Numbers that are 0 at every hospital. What comes back in their place is noise, so its size is known."""
MOST, STEEPEST = 32.0, 1024.0
"""Numbers beyond this, and in scales, are cut to it: whoever makes weights up cannot make rounding errors large with them."""


@dataclass(frozen=True)
class Layout:
    """Rounds move the first `moving` numbers: the `learned` ones, then the witnesses. The others stay as they are."""

    targets: tuple[Target, ...]

    @cached_property
    def places(self) -> tuple[slice, ...]:
        """Where each target's weights lie."""
        return tuple(slice(a, b) for a, b in pairwise(accumulate((target.size for target in self.targets), initial=0)))

    @property
    def learned(self) -> int:
        """How many weights there are to learn."""
        return sum(target.size for target in self.targets)

    @property
    def moving(self) -> int:
        """The length of a sum."""
        return self.learned + WITNESSES

    @property
    def length(self) -> int:
        """The length of the vector."""
        return self.moving + sum(int(np.prod(shape)) for target in self.targets for shape in target.shapes.values())

    def joined(self, known: Sequence[Known]) -> Weights:
        """The vector (length,) that goes with what is known of each target, all weights 0."""
        along = [arrays[name].ravel() for target, arrays in zip(self.targets, known, strict=True) for name in target.shapes]
        return np.concatenate([np.zeros(self.moving), *along]).astype(np.float32)

    def parts(self, weights: Weights) -> list[tuple[Known, Tilt]]:
        """Of each target what goes along, and the correction. Raises ValueError when there are more weights, or fewer."""
        if weights.shape != (self.length,):
            raise ValueError(f"weights must be ({self.length},)")
        found: list[tuple[Known, Tilt]] = []
        at = self.moving
        for target, place in zip(self.targets, self.places, strict=True):
            known = {}
            for name, shape in target.shapes.items():
                known[name] = tame(weights[at : at + int(np.prod(shape))], STEEPEST if name == "scale" else MOST).reshape(shape)
                at += known[name].size
            found.append((known, target.tilt(tame(weights[place], MOST), known)))
        return found


def tame(numbers: Weights, most: float) -> NDArray[np.float64]:
    """The same (n,) between `-most` and `most`; 0 for what is no number."""
    return np.clip(np.nan_to_num(numbers.astype(np.float64), nan=0.0), -most, most)
