"""Two columns that say much of each other are one column to the classes.

Classes tell of every column by itself. Where a district decides its density, each class must tell of both: the penalty on what
classes tell counts it twice, and classes that are spent on districts have nothing left to say of anything else. Such
a couple gets a joint distribution in each class instead, which begins at its own noised histogram. A greedy matching of the
couples whose noised cells stand out most from independence (as the edges of a tree do in Chow and Liu 1968): post-processing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.arrays import Arrays
from generators.marginal.estimate import RARE
from generators.marginal.pairs import Pairs

Floats = NDArray[np.float64]
CLEAR = 4.0
"""Standard errors above independence from which on a cell speaks for its couple."""
KEPT = 3.0
"""Standard errors from which on a cell of a couple is taken as it was counted."""
LEAST, CHANCE = 0.2, 3
"""Share of rows that a couple's clear cells have beyond independence, at least; and no fewer than so many cells just clear
would have: of 500 cells of noise alone one is clear in 1.6 % of pairs, three in less than one of a million."""
CELLS, ALL_CELLS = 700, 1_600
"""Cells of a couple, and of all couples of a table, at most: every class has a share for each."""
SWEEPS = 20


@dataclass(frozen=True)
class Cliques:
    """Which variables of `Pairs` go together, and what is known of them together; a table's cells are counted through all.

    `of` are the variables of each clique, one or two, and `start` (cliques + 1,) is where its cells begin: codes of the first,
    and within each those of the second. `margin` (cells,) is the best estimate of its distribution. `shares` (cells,) are the
    noised ones of couples and `precision` (cells,) one over their variance, both 0 for single variables. `next` (cells - 1,)
    tells which cells and the ones after them are neighbouring bins.
    """

    of: tuple[tuple[int, ...], ...]
    start: NDArray[np.int64]
    margin: Floats
    shares: Floats
    precision: Floats
    next: NDArray[np.bool_]

    @property
    def couples(self) -> tuple[tuple[int, ...], ...]:
        """Those of two variables."""
        return tuple(c for c in self.of if len(c) > 1)


def cliques(pairs: Pairs) -> Cliques:
    """The couples that stand out, and every other variable by itself."""
    couples = tuple(_matched(pairs))
    taken = {v for couple in couples for v in couple}
    of = (*((v,) for v in range(pairs.variables) if v not in taken), *couples)
    cells = [_cells(pairs, clique) for clique in of]
    margin, shares, precision, following = (np.concatenate(parts) for parts in zip(*cells, strict=True))
    start = np.cumsum([0, *(len(c[0]) for c in cells)])
    return Cliques(of, start, margin, shares, precision, following[:-1].astype(bool))


def _matched(pairs: Pairs) -> Iterator[tuple[int, int]]:
    """Couples, each variable in one at most, those that stand out most first."""
    taken: set[int] = set()
    left = ALL_CELLS
    for _, first, second in sorted(_standing_out(pairs), reverse=True):
        size = pairs.shares[pairs.block(first), pairs.block(second)].size
        if size <= min(CELLS, left) and not taken & {first, second}:
            taken |= {first, second}
            left -= size
            yield first, second


def _standing_out(pairs: Pairs) -> Iterator[tuple[float, int, int]]:
    """Pairs that have enough more rows in clear cells than independent columns would: which share of all rows, then the pair."""
    for first, second in combinations(range(pairs.variables), 2):
        noised, std, alone = _noised(pairs, first, second)
        beyond = noised - alone
        share = float(beyond[beyond > CLEAR * std].sum())
        if share >= max(LEAST, CHANCE * CLEAR * std):
            yield share, first, second


def _noised(pairs: Pairs, first: int, second: int) -> tuple[Floats, float, Floats]:
    """A pair's noised shares (codes, codes), their standard error (infinite if not asked), and the product of the margins."""
    one, other = pairs.block(first), pairs.block(second)
    precision = pairs.precision[one, other][0, 0]
    std = float(precision**-0.5) if precision else np.inf
    return pairs.shares[one, other], std, np.outer(pairs.margin[one], pairs.margin[other])


def _cells(pairs: Pairs, clique: tuple[int, ...]) -> tuple[Floats, Floats, Floats, NDArray[np.bool_]]:
    """Margin, noised shares, precision and neighbours of one clique's cells."""
    if len(clique) == 1:
        margin, following = pairs.margin[pairs.block(clique[0])], np.append(pairs.next, False)[pairs.block(clique[0])]
        return margin, np.zeros_like(margin), np.zeros_like(margin), following
    noised, std, alone = _noised(pairs, *clique)
    margin = _joint(noised, std, alone).ravel()
    return margin, noised.ravel(), np.full_like(margin, std**-2), np.zeros(len(margin), bool)


def _joint(noised: Floats, std: float, alone: Floats) -> Floats:
    """A couple's distribution: cells that noise cannot hide as they were counted, the others like independent columns.

    Raked to the margins (Deming and Stephan 1940).
    """
    kept = noised > KEPT * std
    found = np.where(kept, noised, 0.0)
    rest = np.where(kept, 0.0, alone)
    found = found + rest * (max(1 - found.sum(), RARE) / max(rest.sum(), RARE))
    first, second = alone.sum(1, keepdims=True), alone.sum(0, keepdims=True)
    for _ in range(SWEEPS):
        found *= first / np.maximum(found.sum(1, keepdims=True), RARE)
        found *= second / np.maximum(found.sum(0, keepdims=True), RARE)
    found = np.maximum(found, RARE)
    return np.asarray(found / found.sum())


class Columns:
    """From what classes say of cliques to what they say of single columns, and the way back for slopes."""

    def __init__(self, arrays: Arrays, pairs: Pairs, cliques: Cliques, classes: int) -> None:
        blocks = [slice(int(a), int(b)) for a, b in pairwise(cliques.start)]
        self.found = arrays.xp.empty((classes, len(pairs.margin)), np.float32)
        self.parts = [(cells, *_parts(arrays, pairs, clique)) for cells, clique in zip(blocks, cliques.of, strict=True)]

    def of(self, shares: Any) -> Any:
        """(classes, codes) of (classes, cells)"""
        for cells, codes, member in self.parts:
            self.found[:, codes] = shares[:, cells] if member is None else shares[:, cells] @ member
        return self.found

    def back(self, slope: Any, out: Any) -> Any:
        """(classes, cells) of (classes, codes)"""
        for cells, codes, member in self.parts:
            out[:, cells] = slope[:, codes] if member is None else slope[:, codes] @ member.T
        return out


def _parts(arrays: Arrays, pairs: Pairs, clique: tuple[int, ...]) -> tuple[Any, Any]:
    """The codes of a clique's columns, and for a couple (cells, codes) which cells have which code."""
    blocks = [pairs.block(v) for v in clique]
    if len(blocks) == 1:
        return blocks[0], None
    sizes = [b.stop - b.start for b in blocks]
    each = [np.eye(size, dtype=np.float32)[codes.ravel()] for size, codes in zip(sizes, np.indices(sizes), strict=True)]
    return arrays.to(np.concatenate([np.arange(b.start, b.stop) for b in blocks])), arrays.to(np.concatenate(each, axis=1))
