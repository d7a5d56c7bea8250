"""Modes of an ordered column: a Gaussian mixture fitted to its histogram, not to rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SWEEPS = 100
NARROWEST = 1e-5
"""Least standard deviation of a mode, as a share of the column's range: a mode may be a single value."""
WIDTH = 4.0
"""Standard deviations that a distance from the mode of 1 stands for, as in the paper."""
MOST = 0.99
"""Distances are cut to this and its negative."""


@dataclass(frozen=True)
class Modes:
    """`mean`, `std` and `weight` (modes,) of normal distributions; weights sum to 1."""

    mean: Floats
    std: Floats
    weight: Floats

    def posterior(self, x: Floats) -> Floats:
        """(n, modes) chance that each of `x` (n,) comes from each mode."""
        z = (x[:, None] - self.mean) / self.std
        log = np.log(self.weight) - np.log(self.std) - z**2 / 2
        chance = np.exp(log - log.max(1, keepdims=True))
        return np.asarray(chance / chance.sum(1, keepdims=True))

    def away(self, x: Floats) -> Floats:
        """(n, modes) distance of each of `x` (n,) from each mode, in `WIDTH` standard deviations, cut to `MOST`."""
        return np.asarray(np.clip((x[:, None] - self.mean) / (WIDTH * self.std), -MOST, MOST))


def fitted(x: Floats, counts: Floats, modes: int) -> Modes:
    """The mixture of so many `modes` that `counts` (n,) of values `x` (n,), ascending, make likely.

    Expectation maximisation (Dempster et al. 1977) from the means of k-means. Without any chance in it; post-processing when
    counts are noised. The paper's variational mixture chooses how many modes it uses; here all are kept.
    """
    share = (counts + 1e-6) / (counts + 1e-6).sum()
    least = NARROWEST * max(float(x[-1] - x[0]), 1e-9)
    mean = _means(x, share, modes)
    near = np.abs(x[:, None] - mean).argmin(1)
    chance = np.eye(modes)[near]
    found = _moments(x, share, chance, least)
    for _ in range(SWEEPS):
        found = _moments(x, share, found.posterior(x), least)
    return found


def _moments(x: Floats, share: Floats, chance: Floats, least: float) -> Modes:
    """The mixture when each value belongs to each mode by `chance` (n, modes)."""
    part = chance * share[:, None]
    weight = np.maximum(part.sum(0), 1e-9)
    mean = np.where(part.sum(0) > 1e-9, part.T @ x / weight, x[len(x) // 2])
    variance = (part * (x[:, None] - mean) ** 2).sum(0) / weight
    return Modes(mean, np.maximum(np.sqrt(variance), least), weight / weight.sum())


def _means(x: Floats, share: Floats, modes: int) -> Floats:
    """Means of k-means; the first ones are those farthest, by squares, from those before (Arthur and Vassilvitskii 2007)."""
    mean = x[[int(share.argmax())]]
    while len(mean) < modes:
        apart = ((x[:, None] - mean) ** 2).min(1)
        mean = np.append(mean, x[int((apart * share).argmax())])
    for _ in range(SWEEPS // 5):
        part = np.eye(modes)[np.abs(x[:, None] - mean).argmin(1)] * share[:, None]
        held = part.sum(0)
        mean = np.where(held > 0, part.T @ x / np.maximum(held, 1e-30), mean)
    return np.asarray(mean)
