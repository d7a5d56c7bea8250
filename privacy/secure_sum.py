"""Adding up what sites send, in integers modulo 2^64.

A site's share is its exact sums plus its noise, written as 64-bit words. Words wrap around, so masks that are added to them
(`privacy/masking/`) vanish from the total without a trace.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from privacy.query import Query, grouped

Words = NDArray[np.uint64]
TAIL = 14
"""Noise stays within this many standard deviations but for a chance below 2^-140 a cell."""


def share(vector: NDArray[np.int64], noise: NDArray[np.int64]) -> Words:
    """One site's contribution (cells,) modulo 2^64, before it is masked. Raises ValueError when lengths differ."""
    if vector.shape != noise.shape:
        raise ValueError("sums and noise must have one length")
    return vector.view(np.uint64) + noise.view(np.uint64)


def total(shares: Sequence[Words]) -> NDArray[np.int64]:
    """The sum of all shares (cells,), read as signed integers; exact when `fits`. Raises ValueError when lengths differ."""
    if not shares or len({s.shape for s in shares}) > 1:
        raise ValueError("shares must have one length, and there must be one")
    words = np.zeros(shares[0].shape, np.uint64)
    for one in shares:
        words += one
    return words.view(np.int64)


def noisy_sites(sites: int, dropouts: int = 0, colluders: int = 0) -> int:
    """How many sites' noise alone must make the claimed variance: each adds the claimed variance over this number.

    Sites that drop out add nothing, and colluders can subtract theirs. If that leaves none, every site adds all of it.
    """
    return max(1, sites - max(0, dropouts) - max(0, colluders))


def fits(queries: Sequence[Query], patients: int, own: Fraction, sites: int) -> bool:
    """Whether totals over `sites` sites with at most `patients` patients in all stay below 2^63, noise included.

    In a group of k queries one patient adds at most sqrt(k) scale to a cell.
    """
    most = max((math.isqrt(len(group) * group[0].scale ** 2) for group in grouped(queries).values()), default=0)
    noise = sites * TAIL * (math.isqrt(math.ceil(own)) + 2)
    return patients * most + noise < 2**63
