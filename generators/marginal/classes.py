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
FINER = (1e-3, 1e-4)
"""Where noise is below each of these there are twice as many classes: what noise no longer hides takes more to tell."""
RATE = 0.3
"""Length of the first step in logits; it falls evenly to nothing."""
MEMORY = 0.9
"""What the running means of slopes and of their squares keep: both change fast while the classes part."""


@dataclass(frozen=True)
class Classes:
    """`weight` (classes,) and `shares` (classes, codes): for each variable of `Pairs` its distribution within each class."""

    weight: NDArray[np.float64]
    shares: NDArray[np.float64]


def fit(
    arrays: Arrays, pairs: Pairs, classes: int, steps: int, rng: np.random.Generator, done: Callable[[float], None]
) -> Classes:
    """Steps of descent from classes scattered around the margins; `done` hears what share of them is over.

    There are so many `classes` where noise is high, and more where it is low (`FINER`).
    """
    xp = arrays.xp
    classes *= 2 ** sum(pairs.noise < level for level in FINER)
    problem = _Problem(arrays, pairs, classes)
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
    """The distance between classes and noised sums, and its slopes; all arrays are float32 on one device.

    What is as large as the logits is written over again at every step: to ask for fresh memory took as long as the arithmetic.
    """

    def __init__(self, arrays: Arrays, pairs: Pairs, classes: int) -> None:
        self.xp = arrays.xp
        self.shares, self.precision, self.single, self.single_precision, self.margin = (
            arrays.to(a.astype(np.float32))
            for a in (pairs.shares, pairs.precision, pairs.single, pairs.single_precision, pairs.margin)
        )
        sizes = np.diff(pairs.start)
        self.member = arrays.to(np.eye(len(sizes), dtype=np.float32)[np.repeat(np.arange(len(sizes)), sizes)])
        self.margin_step = self.xp.diff(self.xp.log(self.margin))
        self.next = arrays.to(SMOOTH * pairs.next.astype(np.float32))
        self.plain = PLAIN * max(math.comb(pairs.variables, 2), FEW) / pairs.noise**LESS
        shape = (classes, len(pairs.margin))
        self.held, self.half, self.alone, self.each, self.room = (self.xp.empty(shape, np.float32) for _ in range(5))
        self.step = self.xp.empty((classes, shape[1] - 1), np.float32)

    def model(self, logits: Any, log_weight: Any) -> tuple[Any, Any]:
        """`weight` (1, classes) and `shares` (classes, codes)."""
        shares, weight = self.xp.exp(logits, out=self.held), self.xp.exp(log_weight)
        shares /= self._spread(shares)
        return weight / weight.sum(), shares

    def slopes(self, logits: Any, log_weight: Any) -> tuple[Any, Any]:
        """Slopes of logits (classes, codes) and of log-weights (1, classes)."""
        xp = self.xp
        weight, shares = self.model(logits, log_weight)
        half = xp.multiply(xp.sqrt(weight.T), shares, out=self.half)
        off = half.T @ half - self.shares  # (codes, codes); a product with itself takes half the time
        each = xp.matmul(shares, off * self.precision, out=self.each)  # (classes, codes); every pair is in the matrix twice
        alone = self._told(shares)
        alone += (weight @ shares - self.single) * self.single_precision
        by_weight = (xp.einsum("kc,kc->k", each, shares) / 2 + xp.einsum("kc,kc->k", alone, shares))[None, :]
        each += alone
        each *= shares
        each -= xp.multiply(shares, self._spread(each), out=self.half)
        each *= weight.T
        self._smooth(logits, each)
        return each, weight * (by_weight - (weight * by_weight).sum())

    def _told(self, shares: Any) -> Any:
        """Slope of the penalty on what classes tell, for each row of a class: (classes, codes)."""
        told = self.xp.maximum(shares, 1e-9, out=self.alone)
        told /= self.margin
        self.xp.log(told, out=told)
        told *= self.plain
        return told

    def _smooth(self, logits: Any, slope: Any) -> None:
        """Adds the slope of the penalty on steps between neighbouring bins, relative to the margin."""
        step = self.xp.subtract(logits[:, 1:], logits[:, :-1], out=self.step)
        step -= self.margin_step
        step *= self.next
        slope[:, 1:] += step
        slope[:, :-1] -= step

    def _spread(self, values: Any) -> Any:
        """Sums over each variable's codes, once for every code: (classes, codes)."""
        return self.xp.matmul(values @ self.member, self.member.T, out=self.room)


class _Adam:
    """Running means of the slope and of its square."""

    def __init__(self, xp: Any, part: Any) -> None:
        self.xp, self.mean, self.square, self.steps = xp, xp.zeros_like(part), xp.zeros_like(part), 0

    def step(self, part: Any, slope: Any, rate: float) -> Any:
        """The part after a step, cut so that exp stays in range. Takes `slope` for its own."""
        self.steps += 1
        known = 1 - MEMORY**self.steps
        self.mean *= MEMORY
        self.mean += (1 - MEMORY) * slope
        slope *= slope
        slope *= 1 - MEMORY
        self.square *= MEMORY
        self.square += slope
        length = self.xp.sqrt(self.square / known)
        length += 1e-8
        moved = self.mean / length
        moved *= -rate / known
        moved += part
        return self.xp.clip(moved, -60.0, 60.0, out=moved)
