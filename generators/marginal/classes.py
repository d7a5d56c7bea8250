"""Latent classes fitted to noised pairs.

    P(x) = sum_k weight_k prod_c share_kc(x_c)        so that all pairs are one product: P^T diag(weight) P

over cliques c, single columns or couples of them (`cliques`), minimises the squared distance to the noised pairs and single
histograms in standard errors, a penalty on what classes tell, sum_k weight_k sum_c KL(share_kc || margin_c), and one that keeps
neighbouring bins alike (Whittaker 1923). Pairs leave open what three columns do together; of all classes that meet them, the
first penalty takes those that claim least beyond them (as the principle of maximum entropy asks: Jaynes 1957). What several fits
agree on is kept (their mean: Breiman 1996), and is a model of the same form.
Classes in place of a graph of chosen pairs: one round of sums and no structure to choose; any subset of columns conditions
the rest. Latent class analysis: Lazarsfeld and Henry 1968; fitting to moments: Anandkumar et al. 2014 (arXiv 1210.7559).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.arrays import Arrays
from generators.marginal.adam import Adam
from generators.marginal.cliques import Cliques, Columns
from generators.marginal.pairs import Pairs

PLAIN, FEW, LESS = 0.04, 30, 0.7
"""Weight of what classes tell (in nats): the number of pairs, at least FEW, times PLAIN over the noise to the power LESS."""
SMOOTH = 0.3
"""Weight of the squared steps between neighbouring bins, in logits relative to the margin: classes differ smoothly."""
FINER = (2e-3, 1e-3, 1e-4)
"""Where noise is below each of these there are twice as many classes: what noise no longer hides takes more to tell."""
STARTS = 4
"""Fits from different starts whose mean is taken: what pairs leave open they fill differently, so it averages out."""
ROOM = 800_000
"""Shares of all classes together, at most: where cliques have many cells there are fewer classes."""
RATE = 0.3
"""Length of the first step in logits; it falls evenly to nothing."""


@dataclass(frozen=True)
class Classes:
    """`weight` (classes,) and `shares` (classes, cells): for each clique of `Cliques` its distribution within each class."""

    weight: NDArray[np.float64]
    shares: NDArray[np.float64]


def fit(
    arrays: Arrays,
    pairs: Pairs,
    cliques: Cliques,
    classes: int,
    steps: int,
    rng: np.random.Generator,
    done: Callable[[float], None],
) -> Classes:
    """The mean of STARTS fits, each so many steps of descent from classes scattered around the margins.

    There are so many `classes` in all where noise is high, and more where it is low (`FINER`). `done` hears what share of all
    steps is over.
    """
    cells = len(cliques.margin)
    finer = sum(pairs.noise < level and classes * cells * 2 ** (i + 1) <= ROOM for i, level in enumerate(FINER))
    problem, margin = _Problem(arrays, pairs, cliques, classes * 2**finer // STARTS), np.log(cliques.margin)
    found: list[Classes] = []
    for _ in range(STARTS):
        found.append(_descent(arrays, problem, margin, steps, rng, lambda part: done((len(found) + part) / STARTS)))
    return Classes(np.concatenate([f.weight for f in found]) / STARTS, np.concatenate([f.shares for f in found]))


def _descent(
    arrays: Arrays,
    problem: _Problem,
    margin: NDArray[np.float64],
    steps: int,
    rng: np.random.Generator,
    done: Callable[[float], None],
) -> Classes:
    """One fit, from logits that lie around the `margin` (cells,)."""
    logits = margin + rng.standard_normal((problem.classes, len(margin)))
    log_weight = 0.1 * rng.standard_normal((1, problem.classes))
    parts = tuple(arrays.to(part.astype(np.float32)) for part in (logits, log_weight))
    descent = [Adam(arrays.xp, part) for part in parts]
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

    def __init__(self, arrays: Arrays, pairs: Pairs, cliques: Cliques, classes: int) -> None:
        self.xp, self.classes = arrays.xp, classes
        self.shares, self.precision, self.single, self.single_precision = (
            arrays.to(a.astype(np.float32))
            for a in (pairs.shares, _between(pairs, cliques), pairs.single, pairs.single_precision)
        )
        self.log_margin, self.joint, self.joint_precision = (
            arrays.to(a.astype(np.float32)) for a in (np.log(cliques.margin), cliques.shares, cliques.precision)
        )
        self.columns = Columns(arrays, pairs, cliques, classes)
        sizes = np.diff(cliques.start)
        self.member = arrays.to(np.eye(len(sizes), dtype=np.float32)[np.repeat(np.arange(len(sizes)), sizes)])
        steps = int(np.flatnonzero(np.append(True, cliques.next))[-1])  # up to the last two cells that are neighbours
        self.margin_step = self.xp.diff(self.log_margin[: steps + 1])
        self.next = arrays.to(SMOOTH * cliques.next[:steps].astype(np.float32))
        self.plain = PLAIN * max(math.comb(pairs.variables, 2), FEW) / pairs.noise**LESS
        shape = (classes, len(cliques.margin))
        self.held, self.told, self.slope, self.room = (self.xp.empty(shape, np.float32) for _ in range(4))
        self.half, self.each = (self.xp.empty((classes, len(pairs.margin)), np.float32) for _ in range(2))
        self.step = self.xp.empty((classes, steps), np.float32)

    def model(self, logits: Any, log_weight: Any) -> tuple[Any, Any]:
        """`weight` (1, classes) and `shares` (classes, cells)."""
        weight, shares, _ = self._model(logits, log_weight)
        return weight, shares

    def _model(self, logits: Any, log_weight: Any) -> tuple[Any, Any, Any]:
        """And by what each clique's shares were divided: (classes, cliques)."""
        shares, weight = self.xp.exp(logits, out=self.held), self.xp.exp(log_weight)
        whole = shares @ self.member
        shares /= self._spread(whole)
        return weight / weight.sum(), shares, whole

    def slopes(self, logits: Any, log_weight: Any) -> tuple[Any, Any]:
        """Slopes of logits (classes, cells) and of log-weights (1, classes)."""
        xp = self.xp
        weight, shares, whole = self._model(logits, log_weight)
        alone = self.columns.of(shares)  # (classes, codes)
        half = xp.multiply(xp.sqrt(weight.T), alone, out=self.half)
        off = half.T @ half - self.shares  # (codes, codes); a product with itself takes half the time
        each = xp.matmul(alone, off * self.precision, out=self.each)  # (classes, codes); every pair is in the matrix twice
        twice = xp.einsum("kc,kc->k", each, alone)
        each += (weight @ alone - self.single) * self.single_precision
        slope = self.columns.back(each, self.slope)
        slope += (weight @ shares - self.joint) * self.joint_precision
        slope += self._told(logits)
        slope *= shares
        by_clique = slope @ self.member
        by_weight = (by_clique.sum(1) - twice / 2 - self.plain * xp.log(whole).sum(1))[None, :]
        slope -= xp.multiply(shares, self._spread(by_clique), out=self.told)
        slope *= weight.T
        self._smooth(logits, slope)
        return slope, weight * (by_weight - (weight * by_weight).sum())

    def _told(self, logits: Any) -> Any:
        """Slope of the penalty on what classes tell, log(share / margin), for each row of a class: (classes, cells).

        But for what is the same for all cells of a clique: `by_weight` takes that off, and it moves no share.
        """
        told = self.xp.subtract(logits, self.log_margin, out=self.told)
        told *= self.plain
        return told

    def _smooth(self, logits: Any, slope: Any) -> None:
        """Adds the slope of the penalty on steps between neighbouring bins, relative to the margin."""
        last = len(self.next)
        step = self.xp.subtract(logits[:, 1 : last + 1], logits[:, :last], out=self.step)
        step -= self.margin_step
        step *= self.next
        slope[:, 1 : last + 1] += step
        slope[:, :last] -= step

    def _spread(self, by_clique: Any) -> Any:
        """Of (classes, cliques), once for every cell: (classes, cells)."""
        return self.xp.matmul(by_clique, self.member.T, out=self.room)


def _between(pairs: Pairs, cliques: Cliques) -> NDArray[np.float64]:
    """Precision of pairs (codes, codes) but for couples, which are met cell by cell."""
    found = pairs.precision.copy()
    for first, second in cliques.couples:
        one, other = pairs.block(first), pairs.block(second)
        found[one, other], found[other, one] = 0.0, 0.0
    return found
