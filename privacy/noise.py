"""Discrete Gaussian noise from the operating system's entropy: the only place where noise is drawn.

The discrete Gaussian N_Z(0, v) gives integer x the probability exp(-x^2 / 2v) / S. Canonne, Kamath and Steinke 2020
(arXiv 2004.00010) show that it protects as the continuous Gaussian does, without the leaks of floating-point noise.

Sampling. Up to a variance of `WIDE`, by inversion of an exact table (`privacy/table.py`). A wider variance v is split: with

    v = m^2 a + b,   m = STEP,   b = 9 m^2,   X = m A + B,   A ~ N_Z(0, a),   B ~ N_Z(0, b)

(A is split again while it is wide). X is a discrete Gaussian but for a factor that is 1 within 2^-200. Completing the square,

    P(X = x) = exp(-x^2 / 2v) / (S_A S_B) * sum_j exp(-(j - c_x)^2 / 2t),   1/t = 1/a + m^2/b,

and by Poisson's summation formula the last sum is sqrt(2 pi t) (1 + e_x), |e_x| <= 2 sum_{i>0} exp(-2 pi^2 t i^2). Here
a >= (WIDE - b) / m^2 = 55 and b / m^2 = 9, so t > 7.7 and |e_x| < 2^-215 for every x. (Splitting a wide Gaussian goes back to
Peikert 2010, eprint 2010/088, and Micciancio and Walter 2017, eprint 2017/259.)

Distance from the exact distribution. A table is within 2^-109 in total variation, at most `1 + log(v) / log(m^2)` < 6 tables
make a cell, so a cell is within 2^-106 and a vector of d cells within d 2^-106. An (epsilon, delta) claim for exact noise
becomes delta + (1 + e^epsilon) d 2^-106: for 2^30 cells and epsilon = 10 less than 10^-18.

No seed exists. Sampling time depends on the drawn bits, but not on data.
"""

from __future__ import annotations

import os
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from privacy.table import Table

STEP = 128
WIDE = 2**20
WIDEST = Fraction(2**80)
"""Largest variance: noise then stays below 2^45, so sums of many sites stay far from 2^63."""
BLOCK = 2**18
"""Cells drawn at once, to bound memory."""


class DiscreteGaussian:
    """Independent discrete Gaussian integers of mean 0 and the given `variance` (integer units squared)."""

    def __init__(self, variance: Fraction):
        """Raises ValueError unless 0 <= variance <= 2^80. Variance 0 is no noise at all."""
        if not 0 <= variance <= WIDEST:
            raise ValueError("a noise variance must be between 0 and 2^80")
        self.variance = Fraction(variance)
        self._tables = _tables(self.variance)

    def sample(self, cells: int) -> NDArray[np.int64]:
        """Fresh noise (cells,). Never the same twice; raises OSError when the system has no entropy to give."""
        noise = np.zeros(cells, np.int64)
        for start in range(0, cells if self._tables else 0, BLOCK):
            block = noise[start : start + BLOCK]
            for table in self._tables:
                block *= STEP
                block += table.invert(_entropy(len(block)))
        return noise


def _tables(variance: Fraction) -> list[Table]:
    """Tables whose draws, each added to `STEP` times the ones before, make one cell."""
    narrow: list[Table] = []
    while variance > WIDE:
        narrow.append(_table(Fraction(9 * STEP**2)))
        variance = (variance - 9 * STEP**2) / STEP**2
    return [_table(variance), *reversed(narrow)] if variance else []


@lru_cache(maxsize=16)
def _table(variance: Fraction) -> Table:
    """Tables are public and immutable, so instances share them."""
    return Table(variance)


def _entropy(cells: int) -> NDArray[np.uint64]:
    """128 random bits a cell, (2, cells)."""
    return np.frombuffer(os.urandom(16 * cells), np.uint64).reshape(2, cells)
