"""How much privacy an answer costs: zero-concentrated differential privacy (zCDP), and its (epsilon, delta).

A mechanism is rho-zCDP when the Renyi divergence of order a between its outputs on neighbouring data is at most rho a, for
all a > 1 (Bun and Steinke 2016, arXiv 1605.02065). rho adds up over releases on the same patients, also over adaptive ones.

- Stacked answers of L2 sensitivity D (`privacy.query.l2_bound`) with independent discrete Gaussian noise of variance v in
  every cell are D^2 / 2v -zCDP (Canonne, Kamath, Steinke 2020, arXiv 2004.00010, theorem 4 and its multivariate form).
- A sum of n discrete Gaussians of variance s each is not quite a discrete Gaussian of variance n s. For d cells it costs at
  most `tau d / 4` more, tau = 10 sum_{k<n} exp(-2 pi^2 s k / (k+1)) (Kairouz, Liu, Steinke 2021, arXiv 2102.06387,
  theorem 1: (1/2) e^2 -zCDP with e^2 = D^2 / n s + tau d / 2). At s = 100 that is below 10^-400 a cell.
- rho-zCDP gives (epsilon, delta) for every a > 1 with delta = exp((a-1)(a rho - epsilon)) / (a-1) * (1 - 1/a)^a (Canonne et
  al., corollary 13). `epsilon` takes the best a it finds; any a is valid, so a search that stops early only overstates.

Every function errs to the safe side by `SLACK`, more than its floating-point error and than rounding in sums of a few
thousand rhos: `rho` down, `epsilon` and `variance` up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache

from privacy.query import Query

SLACK = 1e-9
MOST_RHO = 1e6
NARROWEST = 4
"""Smallest variance of one site's noise for which the sum over sites is accounted."""


def epsilon(rho: float, delta: float) -> float:
    """Smallest epsilon (rounded up) such that rho-zCDP implies (epsilon, delta). Raises ValueError for bad arguments."""
    _check_delta(delta)
    if not 0 <= rho <= MOST_RHO:
        raise ValueError(f"rho must be between 0 and {MOST_RHO:g}")
    if rho == 0:
        return 0.0
    best = _least(lambda log_order: _epsilon_at(math.exp(log_order), rho, delta), -30.0, 60.0)
    return max(0.0, best) * (1 + SLACK)


@cache
def rho(epsilon_: float, delta: float) -> float:
    """Largest rho (rounded down) such that rho-zCDP implies (epsilon, delta). Raises ValueError for bad arguments."""
    _check_delta(delta)
    if not (math.isfinite(epsilon_) and epsilon_ > 0):
        raise ValueError("epsilon must be above 0 and finite")
    low, high = 0.0, min(epsilon_ + 1.0, MOST_RHO)
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon(middle, delta) <= epsilon_ else (low, middle)
    return low * (1 - SLACK)


def variance(queries: Sequence[Query], rho_: float) -> Fraction:
    """Noise variance (integer units squared, all sites together) of every cell so that the answers to `queries` cost `rho_`.

    Rounded up to a whole number and one more: that margin pays for noise that comes in shares (`tau` above).
    """
    if not 0 < rho_ <= MOST_RHO:
        raise ValueError(f"rho must be above 0 and at most {MOST_RHO:g}")
    squared = sum(q.scale**2 for q in queries)
    return Fraction(math.ceil(Fraction(squared) / (2 * Fraction(rho_))) + 1)


def _epsilon_at(above_one: float, rho: float, delta: float) -> float:
    """The epsilon that the order a = 1 + `above_one` proves."""
    order = 1 + above_one
    shrink = -math.log1p(1 / above_one)  # log(1 - 1/a)
    return order * rho + shrink + (-math.log(delta) - math.log(order)) / above_one


def _least(function: Callable[[float], float], low: float, high: float) -> float:
    """The least value found by golden-section search."""
    golden = (math.sqrt(5) - 1) / 2
    left, right = high - golden * (high - low), low + golden * (high - low)
    at_left, at_right = function(left), function(right)
    for _ in range(120):
        if at_left < at_right:
            high, right, at_right = right, left, at_left
            left = high - golden * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + golden * (high - low)
            at_right = function(right)
    return min(at_left, at_right)


def _check_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise ValueError("delta must be above 0 and below 1")
