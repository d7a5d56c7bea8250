"""How far two distributions are apart, when one of them is only known with noise.

Notation, for one query with cells i: t the true shares, s the synthetic ones, x = t + e the noised ones, where the e_i are
independent, normal, with mean 0 and standard deviation sigma_i (the discrete Gaussian of the door is wide enough for that).
The total variation distance (TVD) of a and b is TV(a, b) = sum |a_i - b_i| / 2: the share of rows that would have to
move to another cell.

D = TV(x, s) can be computed, TV(t, s) is what one wants to know. Noise makes D larger:

    N = E TV(x, t) = sum_i E|e_i| / 2 = sum_i sigma_i / sqrt(2 pi)          (E|e| = sigma sqrt(2 / pi))

What D says about TV(t, s) depends on how much of the noise the synthetic tables have learned, for they were learned from x:
with s = t + b + c e, where b is what the model cannot express (normal, independent of e) and c the part of the noise that was
copied, lengths add in squares,

    D^2 = b^2 + (1 - c)^2 N^2          TV(t, s)^2 = b^2 + c^2 N^2 = D^2 + (2 c - 1) N^2

c and b are unknown, but 0 <= c <= 1 and b^2 >= 0 leave only

    sqrt(D^2 - N^2)  where D >= N,  N - D  where D < N     <=  TV(t, s)  <=     sqrt(D^2 + N^2)

`truth` gives these two ends. The lower one is the usual debiased distance (c = 0: nothing of the noise was learned) while
D >= N; below, D < N shows that noise was learned, and the true distance is at least N - D (c = 1 - D / N, b = 0; also the
triangle inequality). At D = 0, a perfect copy of the noised sums, both ends are N, as they must be. Differences that sit in
few cells make the true distance smaller than the formula says, by at most N (triangle inequality), differences of one size
everywhere at most a quarter larger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def tvd(a: Floats, b: Floats) -> float:
    """Half the summed absolute difference of two arrays of shares, of one shape. Noised shares may make it exceed 1."""
    return float(np.abs(a - b).sum() / 2)


def noise_tvd(std: Floats) -> float:
    """The expected TVD that noise alone makes: sum E|N(0, s)| / 2 for standard deviations `std` of the shares."""
    return float(std.sum() / math.sqrt(2 * math.pi))


def noise_spread(std: Floats) -> float:
    """The standard deviation of the TVD that noise alone makes: Var|N(0, s)| = s^2 (1 - 2 / pi), cells independent."""
    return float(math.sqrt((std**2).sum() * (1 - 2 / math.pi)) / 2)


def beyond(distance: float, noise: float) -> float:
    """The part of a distance that noise does not explain, if the noise was not learned: sqrt(D^2 - N^2), 0 where D < N."""
    left = math.sqrt(max(distance**2 - noise**2, 0.0))
    return min(left, distance)  # the square of a tiny distance is rounded so coarsely that its root can exceed it


@dataclass(frozen=True, slots=True)
class Truth:
    """The ends between which the distance to the patients' own, never seen, distribution is estimated to be."""

    low: float
    high: float


def truth(distance: float, noise: float) -> Truth:
    """Estimated range of TV(true, synthetic) from the observed distance D and the noise N, both shares of rows.

    See the head of this file for where the ends come from and when they are off.
    """
    return Truth(beyond(distance, noise) if distance >= noise else noise - distance, math.hypot(distance, noise))
