"""Rows of a class swap values until pairs of columns come as often as the classes say.

Within a class cliques know nothing of each other, so any of its rows may have any of its values: which one is chance, and
chance moves the count of a cell by about its square root. Swaps that bring the counts of pairs nearer to their expectation
are taken, so that a sample tells little less than the model does (balanced sampling: Deville and Tillé 2004, by local search).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TOGETHER = 100
"""For so many rows one pair of them is judged by the same counts; more would get in each other's way."""


def swapped(
    codes: Ints,
    label: NDArray[np.uint16],
    weight: Floats,
    shares: Sequence[Floats],
    cliques: Sequence[Ints],
    rng: np.random.Generator,
) -> Ints:
    """The `codes` (rows, variables) after each pair of rows of a class was tried once.

    `label` (rows,) is each row's class, `weight` (classes,) and `shares` (classes, codes) of each variable the model; variables
    of a clique move together. Every class keeps its values, clique by clique.
    """
    start = np.cumsum([0, *(s.shape[1] for s in shares)])
    known = np.concatenate(shares, axis=1)
    codes = codes + start[:-1]
    off = _counts(codes, start[-1]) - len(codes) * known.T @ (weight[:, None] * known)  # (all codes, all codes)
    for clique in (cliques[i] for i in rng.permutation(len(cliques))):
        others = np.delete(np.arange(codes.shape[1]), clique)
        for first, second in _pairs(codes[:, clique], label, rng):
            better = sum(_gain(off, codes, first, second, v, others) for v in clique) > 0
            for variable in clique:
                _swap(off, codes, first[better], second[better], variable, others)
    return np.asarray(codes - start[:-1])


def _counts(codes: Ints, size: int) -> Floats:
    """(all codes, all codes) how often each two come together; a variable's with itself are never looked at."""
    found = np.zeros((size, size))
    for column in range(codes.shape[1] - 1):
        both = codes[:, column, None] * size + codes[:, column + 1 :]
        found += np.bincount(both.ravel(), minlength=size * size).reshape(size, size)
    return found + found.T


def _pairs(codes: Ints, label: NDArray[np.uint16], rng: np.random.Generator) -> Iterator[tuple[Ints, Ints]]:
    """Rows of the same class with different codes (rows, variables), each in one pair at most, some pairs at a time."""
    shuffled = rng.permutation(len(codes))
    row = shuffled[np.argsort(label[shuffled], kind="stable")]
    first, second = row[:-1:2], row[1::2]
    fit = rng.permutation(np.flatnonzero((label[first] == label[second]) & (codes[first] != codes[second]).any(1)))
    for some in np.array_split(fit, range(0, len(fit), max(1, len(codes) // TOGETHER))[1:]):
        yield first[some], second[some]


def _gain(off: Floats, codes: Ints, first: Ints, second: Ints, variable: int, others: Ints) -> Floats:
    """Half of what a swap takes off the sum of squared differences, for each pair of rows; none where both have one code."""
    mine, yours = codes[first, variable, None], codes[second, variable, None]
    beside, there = codes[first[:, None], others], codes[second[:, None], others]
    linear = off[mine, beside] - off[yours, beside] + off[yours, there] - off[mine, there]
    return np.asarray((linear - 2 * ((beside != there) & (mine != yours))).sum(1))


def _swap(off: Floats, codes: Ints, first: Ints, second: Ints, variable: int, others: Ints) -> None:
    """Swaps the pairs' values and brings counts up to date, in place."""
    mine, yours = codes[first, variable, None], codes[second, variable, None]
    beside, there = codes[first[:, None], others], codes[second[:, None], others]
    for code, other, change in ((mine, beside, -1), (yours, beside, 1), (yours, there, -1), (mine, there, 1)):
        np.add.at(off, (code, other), change)
        np.add.at(off, (other, code), change)
    codes[first, variable], codes[second, variable] = yours[:, 0], mine[:, 0]
