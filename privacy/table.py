"""Exact inversion of a discrete Gaussian: a cumulative table with 127-bit thresholds, from integer arithmetic alone.

Weights exp(-k^2 / 2v) for k = 0 .. last come from the recurrence w(k+1) = w(k) r(k), r(k+1) = r(k) q, q = exp(-1/v), in fixed
point with `BITS` fractional bits. With all factors in [0, 1] and truncation below 2^-BITS a step, the error of r(k) is at
most 2(k+1) 2^-BITS and that of w(k) at most 2(k+1)^2 2^-BITS; sums of at most 2^17 weights are off by less than 2^52 2^-BITS.
So with BITS = 256 a cumulative probability is off by less than 2^-200 before it is rounded to a multiple of 2^-127.

Total variation distance from the exact distribution, with `last` = 14 standard deviations + 2 (at most 14338, for a variance
of 2^20): rounding moves at most 2^-127 for each of `last` thresholds, at most 2^-113; the tail above `last` holds at most
2 exp(-98) < 2^-140 (Canonne et al. 2020, proposition 25: tails are no heavier than the continuous ones one further in).
Together below 2^-112.

A draw costs 128 bits: 127 against the thresholds, one for the sign. Tables of cumulative thresholds are an old method for
discrete Gaussians; see Peikert 2010 (eprint 2010/088).
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from fractions import Fraction
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

BITS = 256
DIGITS = Context(prec=120)
Words = NDArray[np.uint64]


class Table:
    """|X| of a discrete Gaussian X is the number of thresholds at or below 127 random bits; one more bit is the sign."""

    def __init__(self, variance: Fraction):
        """Raises ValueError unless 0 < variance <= 2^20, for which the stated distance is proved."""
        if not 0 < variance <= 2**20:
            raise ValueError("a table's variance must be above 0 and at most 2^20")
        last = 14 * (math.isqrt(math.ceil(variance)) + 1) + 2
        both = [weight if k == 0 else 2 * weight for k, weight in enumerate(_weights(variance, last))]
        total = sum(both)
        limits = [2 * min((below << 127) // total, 2**127 - 1) for below in accumulate(both[:-1])]
        words = np.frombuffer(b"".join(limit.to_bytes(16, "big") for limit in limits), ">u8").astype(np.uint64)
        self.high, self.low = words[0::2].copy(), words[1::2].copy()

    def invert(self, bits: Words) -> NDArray[np.int64]:
        """Signed draws (cells,) from random words (2, cells): the upper 64 bits, and 63 more with the sign bit lowest."""
        high, rest = bits
        size: NDArray[np.int64] = np.searchsorted(self.high, high, side="right").astype(np.int64, copy=False)
        for cell in np.flatnonzero(self.high[np.maximum(size - 1, 0)] == high):
            size[cell] = self._tie(high[cell], rest[cell] & ~np.uint64(1))
        return np.where(rest & np.uint64(1), -size, size)

    def _tie(self, high: np.uint64, low: np.uint64) -> int:
        """The rare draw whose upper word equals a threshold's: the lower word decides."""
        first, after = np.searchsorted(self.high, high, "left"), np.searchsorted(self.high, high, "right")
        return int(first + np.searchsorted(self.low[first:after], low, "right"))


def _weights(variance: Fraction, last: int) -> list[int]:
    """exp(-k^2 / 2 variance) 2^BITS for k = 0 .. last."""
    ratio, shrink = _exp(1 / (2 * variance)), _exp(1 / variance)
    weights = [1 << BITS]
    for _ in range(last):
        weights.append((weights[-1] * ratio) >> BITS)
        ratio = (ratio * shrink) >> BITS
    return weights


def _exp(x: Fraction) -> int:
    """exp(-x) 2^BITS, rounded down, for x >= 0."""
    power = DIGITS.exp(DIGITS.divide(Decimal(-x.numerator), Decimal(x.denominator)))
    return int(DIGITS.multiply(power, Decimal(2**BITS)))
