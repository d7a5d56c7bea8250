"""A conditional log-linear model, fitted to noised moments.

    p(v | x) is proportional to allowed(x, v) * exp(sum_f theta_f[x_f, v])

`theta` maximises the expected log-likelihood less a quadratic penalty; only moments of the data enter, so noised
histograms suffice. A ridge on parameters relaxes their moments (Dudik, Phillips, Schapire 2007, "Maximum entropy density
estimation with generalized regularization"); `estimate` sets it such that a moment drowned in noise moves nothing.
Solved by accelerated proximal gradient with the diagonal bound of generalised iterative scaling (Darroch and Ratcliff 1972)
as step size and adaptive restart (O'Donoghue and Candes 2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from generators.arrays import Arrays


@dataclass(frozen=True)
class Design:
    """The rows a model is fitted on, as one-hot contexts.

    `onehot` (rows, cells) sparse, one 1 per factor; `weight` (rows,); `allowed` (rows, codes) or None;
    `factors` is the number of ones in a row.
    """

    onehot: Any
    weight: Any
    allowed: Any
    factors: int


def design(arrays: Arrays, index: Any, cells: int, weight: Any, allowed: Any) -> Design:
    """`index` (rows, factors) holds for every factor the row's cell, counted through all factors' cells."""
    xp = arrays.xp
    rows, factors = index.shape
    ones = xp.ones(rows * factors, xp.float32)
    starts = xp.arange(0, rows * factors + 1, factors)
    onehot = arrays.sparse.csr_matrix((ones, arrays.to(index).ravel(), starts), shape=(rows, cells))
    block = None if allowed is None else arrays.to(allowed)
    return Design(onehot, arrays.to(weight).astype(xp.float32), block, factors)


def softmax(xp: Any, logits: Any, allowed: Any) -> Any:
    """Row-wise probabilities; codes that are not allowed get none."""
    if allowed is not None:
        logits = xp.where(allowed, logits, -1e30)
    logits = xp.exp(logits - logits.max(1, keepdims=True))
    return logits / logits.sum(1, keepdims=True)


def expected(arrays: Arrays, rows: Design, theta: Any) -> Any:
    """Model moments (cells, codes): sum over rows of weight * onehot * p."""
    p = softmax(arrays.xp, rows.onehot @ theta, rows.allowed)
    return rows.onehot.T @ (p * rows.weight[:, None])


def fit(arrays: Arrays, rows: Design, target: Any, ridge: Any, centre: Any, start: Any, iterations: int) -> Any:
    """Parameters (cells, codes) whose moments meet `target` (cells, codes), as close to `centre` as `ridge` (cells, codes) asks.

    The search starts from `start`.
    """
    xp = arrays.xp
    theta = ahead = arrays.to(start).astype(xp.float32)
    centre = arrays.to(centre).astype(xp.float32)
    target, ridge = arrays.to(target).astype(xp.float32), arrays.to(ridge).astype(xp.float32)
    moments = expected(arrays, rows, theta)
    bound = rows.factors * xp.maximum(moments, xp.maximum(target, 0.25)) + ridge
    momentum = 1.0
    for _ in range(iterations):
        slope = moments - target + ridge * (ahead - centre)
        new = ahead - slope / bound
        if float((slope * (new - theta)).sum()) > 0:
            momentum = 1.0
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        theta, ahead, momentum = new, new + (momentum - 1) / following * (new - theta), following
        moments = expected(arrays, rows, ahead)
    return theta
