"""Adding up what sites send, in integers modulo 2^64.

A site's share is its exact sums plus its noise, written as 64-bit words. Words wrap around, so masks that are added to them
(`privacy/masking/`) vanish from the total without a trace.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]


def share(vector: NDArray[np.int64], noise: NDArray[np.int64]) -> Words:
    """One site's contribution (cells,) modulo 2^64, before it is masked. Raises ValueError when lengths differ."""
    if vector.shape != noise.shape:
        raise ValueError("sums and noise must have one length")
    return vector.view(np.uint64) + noise.view(np.uint64)


def total(shares: Sequence[Words]) -> NDArray[np.int64]:
    """The sum of all shares (cells,) as signed integers: exact where it is below 2^63. Raises ValueError when lengths differ."""
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
