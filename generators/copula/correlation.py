"""The correlation behind a noised table of two ordered codes (polychoric correlation: Olsson 1979).

Two standard normal variables of correlation r, cut where the codes' margins say, fall into cell (i, j) with probability

    P_r(i, j) = p_i q_j + sum_{k >= 1} r^k a_k(i) b_k(j),    a_k(i) = integral over cell i of h_k(x) phi(x) dx

with h_k the normalised Hermite polynomials (Mehler 1866). So `r` costs one small matrix product to try.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

TERMS = 64
"""Terms of the series: at a correlation of `MOST` those left out are below 0.0002 of a table of two by two."""
MOST = 0.95
"""Correlations are looked for between this and its negative."""
PRIOR = 0.3
"""Standard deviation expected of a correlation. Where noise is wider than that, less is believed."""
NEAREST = 100
"""Sweeps of alternating projections to the nearest correlation matrix."""


def waves(shares: Floats) -> Floats:
    """a_k (`TERMS`, codes) for k from 1 on, of a variable cut by `shares` (codes,), which sum to 1."""
    from scipy.special import ndtri

    cuts = ndtri(np.clip(np.cumsum(shares)[:-1], 1e-12, 1 - 1e-12))
    density = np.exp(-(cuts**2) / 2) / np.sqrt(2 * np.pi)
    before, here = np.zeros_like(cuts), np.ones_like(cuts)
    found = np.empty((TERMS, len(shares)))
    for k in range(1, TERMS + 1):
        at_cut = np.concatenate([[0.0], here * density, [0.0]]) / np.sqrt(k)
        found[k - 1] = at_cut[:-1] - at_cut[1:]
        before, here = here, (cuts * here - np.sqrt(k - 1) * before) / np.sqrt(k)
    return found


def correlation(noised: Floats, std: float, rows: Floats, columns: Floats) -> float:
    """The most probable correlation of codes counted in `noised` (codes, codes), each cell with standard error `std`.

    `rows` and `columns` are what the codes' margins are known to be, in counts. A cell's variance is that of its noise and of
    its count were the codes independent; correlations are expected to be about N(0, PRIOR^2), so a table of mere noise gives
    about 0.
    """
    total = float(rows.sum())
    independent = np.outer(rows, columns) / columns.sum()
    excess, weight = noised - independent, 1 / (std**2 + independent + 1.0)
    left, right = waves(rows / rows.sum()), waves(columns / columns.sum())
    power = np.arange(1, TERMS + 1)

    def cost(r: float) -> float:
        missed = excess - total * (left * (r**power)[:, None]).T @ right
        return float((weight * missed**2).sum() + (r / PRIOR) ** 2)

    from scipy.optimize import minimize_scalar

    return float(minimize_scalar(cost, bounds=(-MOST, MOST), method="bounded", options={"xatol": 1e-4}).x)


def root(matrix: Floats) -> Floats:
    """A factor F (d, d) such that F F' is the correlation matrix nearest to the symmetric `matrix` of unit diagonal.

    Estimates made pair by pair need not fit together. Alternating projections (Higham 2002, algorithm 3.3); independent
    normal variables times F' have that correlation.
    """
    nearest, correction = matrix.copy(), np.zeros_like(matrix)
    for _ in range(NEAREST):
        shifted = nearest - correction
        values, vectors = np.linalg.eigh(shifted)
        positive = (vectors * np.maximum(values, 0)) @ vectors.T
        correction, nearest = positive - shifted, positive.copy()
        np.fill_diagonal(nearest, 1.0)
        if values[0] > -1e-9:
            break
    values, vectors = np.linalg.eigh(nearest)
    factor = vectors * np.sqrt(np.maximum(values, 0))
    return np.asarray(factor / np.linalg.norm(factor, axis=1, keepdims=True))
