"""One round of training as a query: a sum over patients of clipped vectors, in integers.

The generator's sum s(D) of 64-bit floats changes by at most `clip` in L2 when one patient comes or goes (`Trainable.gradient`
proves it: patients' terms do not depend on each other, and each is clipped). The site rounds s(D) UNITS / clip to integers.
Two roundings move every cell by less than one together, so neighbouring answers differ by at most

    UNITS + sqrt(cells)    in L2,    of which `bound` is a little more: by 1/1024, for the rounding of floats.

Sums of n terms in 64-bit floats are off by at most n^2 2^-53 clip, times the handful of operations that make a term; at
100,000 patients a site and 100 operations that is a ten-thousandth of `clip`. A GPU adds up in another order, in the same
64-bit floats: patients' gradients are never computed in bfloat16 (`generators.diffusion.network.trunk`), so the bound holds.

Clipped sums with Gaussian noise are those of Abadi et al. 2016 (arXiv 1607.00133) with every patient in every batch: each
round is one Gaussian mechanism, whose rho (zCDP) adds up over rounds, also when the weights of one hang on the sums before.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from privacy.query import Query

UNITS = 1 << 20
"""Integer units that stand for `clip`."""
MOST = 1 << 55
"""A site's cells (units) are smaller: as many hospitals as there can be (200) sum them in 64 bits."""


def bound(cells: int) -> int:
    """L2 bound (integer units) of one patient on a rounded sum of so many cells."""
    return UNITS + UNITS // 1024 + math.isqrt(cells) + 1


def query(name: str, table: str, cells: int) -> Query:
    """The query of one round; `table` is the table of the privacy unit, whatever tables the gradients are of."""
    return Query(name, table, (), (cells,), name, bound(cells))


def rounded(total: NDArray[np.float64], clip: float) -> NDArray[np.int64]:
    """A sum of clipped vectors (cells,) in integer units. Raises ValueError when it is not finite, or too big."""
    units = np.rint(total * (UNITS / clip))
    if not (np.abs(units) < MOST).all():
        raise ValueError("a sum of clipped vectors must be finite, and smaller than its integers")
    return units.astype(np.int64)


def restored(total: NDArray[np.int64], clip: float) -> NDArray[np.float64]:
    """The sum (cells,) that integers stand for."""
    return total.astype(np.float64) * (clip / UNITS)
