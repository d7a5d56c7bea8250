"""Latent classes fitted to noised pairs.

    P(x) = sum_k weight_k prod_j share_kj(x_j)        so that all pairs are one product: P^T diag(weight) P

minimises the squared distance to the noised pairs and single histograms in standard errors, a penalty on what classes tell,
sum_k weight_k sum_j KL(share_kj || margin_j), and one that keeps neighbouring bins alike (Whittaker 1923). Pairs leave open
what three columns do together; of all classes that meet them, the first penalty takes those that claim least beyond them (as
the principle of maximum entropy asks: Jaynes 1957).
Classes in place of a graph of chosen pairs: one round of sums and no structure to choose; any subset of columns conditions
the rest. Latent class analysis: Lazarsfeld and Henry 1968; fitting to moments: Anandkumar et al. 2014 (arXiv 1210.7559).
Descent is Adam (Kingma and Ba 2015, arXiv 1412.6980).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.arrays import Arrays
from generators.marginal.pairs import Pairs

PLAIN, FEW, LESS = 0.04, 30, 0.7
"""Weight of what classes tell (in nats): the number of pairs, at least FEW, times PLAIN over the noise to the power LESS."""
SMOOTH = 0.3
"""Weight of the squared steps between neighbouring bins, in logits relative to the margin: classes differ smoothly."""
FINER = ((1e-3, 4), (1e-4, 1))
"""Where noise is below each of these there are twice as many classes and so many times the steps: what noise no longer hides
takes more to tell."""
RATE = 0.3
"""Length of the first step in logits; it falls evenly to nothing."""


@dataclass(frozen=True)
class Classes:
    """`weight` (classes,) and `shares` (classes, codes): for each variable of `Pairs` its distribution within each class."""

    weight: NDArray[np.float64]
    shares: NDArray[np.float64]


def fit(
    arrays: Arrays, pairs: Pairs, classes: int, steps: int, rng: np.random.Generator, done: Callable[[float], None]
) -> Classes:
    """Steps of descent from classes scattered around the margins; `done` hears what share of them is over.

    There are `classes` and `steps` of them where noise is high, and more where it is low (`FINER`).
    """
    xp = arrays.xp
    finer = [times for level, times in FINER if pairs.noise < level]
    classes, steps = classes * 2 ** len(finer), steps * math.prod(finer)
    problem = _Problem(arrays, pairs)
    logits = np.log(pairs.margin) + rng.standard_normal((classes, len(pairs.margin)))
    parts = arrays.to(logits.astype(np.float32)), arrays.to(0.1 * rng.standard_normal((1, classes)).astype(np.float32))
    descent = [_Adam(xp, part) for part in parts]
    for step in range(steps):
        done(step / steps)
        rate = RATE * (1 - step / steps)
        slopes = problem.slopes(*parts)
        parts = tuple(a.step(part, slope, rate) for a, part, slope in zip(descent, parts, slopes, strict=True))
    weight, shares = problem.model(*parts)
    return Classes(arrays.back(weight)[0].astype(np.float64), arrays.back(shares).astype(np.float64))


class _Problem:
    """The distance between classes and noised sums, and its slopes; all arrays are float32 on one device."""

    def __init__(self, arrays: Arrays, pairs: Pairs) -> None:
        self.xp = arrays.xp
        self.shares, self.precision, self.single, self.single_precision, self.margin = (
            arrays.to(a.astype(np.float32))
            for a in (pairs.shares, pairs.precision, pairs.single, pairs.single_precision, pairs.margin)
        )
        sizes = np.diff(pairs.start)
        self.variable = arrays.to(np.repeat(np.arange(len(sizes)), sizes))  # (codes,)
        self.member = arrays.to(np.eye(len(sizes), dtype=np.float32)[np.repeat(np.arange(len(sizes)), sizes)])
        self.log_margin = self.xp.log(self.margin)
        self.next = arrays.to(SMOOTH * pairs.next.astype(np.float32))
        self.plain = PLAIN * max(math.comb(pairs.variables, 2), FEW) / pairs.noise**LESS

    def model(self, logits: Any, log_weight: Any) -> tuple[Any, Any]:
        """`weight` (1, classes) and `shares` (classes, codes)."""
        shares, weight = self.xp.exp(logits), self.xp.exp(log_weight)
        shares /= self._spread(shares)
        return weight / weight.sum(), shares

    def slopes(self, logits: Any, log_weight: Any) -> tuple[Any, Any]:
        """Slopes of logits (classes, codes) and of log-weights (1, classes)."""
        weight, shares = self.model(logits, log_weight)
        off = shares.T @ (weight.T * shares) - self.shares  # (codes, codes)
        alone = (weight @ shares - self.single) * self.single_precision + self._told(shares)  # (classes, codes)
        each = shares @ (off * self.precision)  # (classes, codes); every pair is in the matrix twice
        by_weight = ((each / 2 + alone) * shares).sum(1)[None, :]
        slope_weight = weight * (by_weight - (weight * by_weight).sum())
        each += alone
        each *= weight.T
        each *= shares
        each -= shares * self._spread(each)
        self._smooth(logits, each)
        return each, slope_weight

    def _told(self, shares: Any) -> Any:
        """Slope of the penalty on what classes tell, for each row of a class: (classes, codes)."""
        told = self.xp.maximum(shares, 1e-9)
        told /= self.margin
        self.xp.log(told, out=told)
        told *= self.plain
        return told

    def _smooth(self, logits: Any, slope: Any) -> None:
        """Adds the slope of the penalty on steps between neighbouring bins."""
        ratio = logits - self.log_margin
        step = ratio[:, 1:] - ratio[:, :-1]
        step *= self.next
        slope[:, 1:] += step
        slope[:, :-1] -= step

    def _spread(self, values: Any) -> Any:
        """Sums over each variable's codes, once for every code: (classes, codes)."""
        return (values @ self.member)[:, self.variable]


class _Adam:
    """Running means of the slope and of its square."""

    def __init__(self, xp: Any, part: Any) -> None:
        self.xp, self.mean, self.square, self.steps = xp, xp.zeros_like(part), xp.zeros_like(part), 0

    def step(self, part: Any, slope: Any, rate: float) -> Any:
        """The part after a step, cut so that exp stays in range. Takes `slope` for its own."""
        self.steps += 1
        self.mean *= 0.9
        self.mean += 0.1 * slope
        slope *= slope
        slope *= 0.01
        self.square *= 0.99
        self.square += slope
        length = self.xp.sqrt(self.square / (1 - 0.99**self.steps))
        length += 1e-8
        moved = self.mean / length
        moved *= -rate / (1 - 0.9**self.steps)
        moved += part
        return self.xp.clip(moved, -60.0, 60.0, out=moved)
