"""Between a column's values and its public codes (`specs.lang.domain`)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from specs.lang.domain import SPLIT, WHOLE, Cell, Domain
from specs.lang.types import Column

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def encode(domain: Domain, values: NDArray[Any], null: NDArray[np.bool_], by: Ints | None = None) -> tuple[Ints, Ints]:
    """Codes and fine codes of `values` (n,): for categories both are `values` themselves. NULL takes the last code.

    `by` (n,) are the codes of the column that decides the bins. Values outside the bins take the nearest bin.
    """
    if not domain.ordered:
        code = np.where(null, domain.values, values).astype(np.int64)
        return code, code
    if domain.by is None or by is None:
        code, fine = _looked_up(domain.cells[-1], values)
    else:
        code, fine = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
        for value, cells in enumerate(domain.cells):
            rows = np.flatnonzero(by == value)
            code[rows], fine[rows] = _looked_up(cells, values[rows])
    if not null.any():
        return code, fine
    return np.where(null, domain.values, code), np.where(null, domain.fine_size - 1, fine)


def _looked_up(cells: tuple[Cell, ...], x: NDArray[Any]) -> tuple[Ints, Ints]:
    """Where x falls; where there are fewer whole numbers in the range than values, each number is placed only once."""
    first, last = math.floor(cells[0].low), math.ceil(cells[-1].high)
    if x.dtype.kind != "i" or last - first > len(x):
        return _place(cells, x)
    code, fine = _place(cells, np.arange(first, last + 1))
    number = np.clip(x, first, last) - first
    return code.take(number), fine.take(number)


def _place(cells: tuple[Cell, ...], x: NDArray[Any]) -> tuple[Ints, Ints]:
    low, high, parts = _bounds(cells)
    code = np.minimum(np.searchsorted(high, x, side="right"), len(cells) - 1)
    before = np.maximum(code - 1, 0)
    code = np.where((low[before] == high[before]) & (x == low[before]), before, code)
    width = np.where(high > low, high - low, 1.0)[code]
    part = np.floor((x - low[code]) * parts[code] / width).astype(np.int64)
    return code, code * SPLIT + np.clip(part, 0, parts[code] - 1)


def decode(column: Column, domain: Domain, fine: Ints, by: Ints | None, uniform: Floats) -> NDArray[Any]:
    """A value inside each fine code (n,), placed by `uniform` in [0, 1); NULL codes give an arbitrary value."""
    ends = [_ends(cells, domain.fine_size, column.type in WHOLE) for cells in domain.cells]
    place, pick = fine, np.zeros(len(fine), np.int64)
    if domain.by is not None and by is not None:
        place, pick = by * domain.fine_size + fine, by
    low, start, end = (np.concatenate(column_) for column_ in zip(*ends, strict=True))
    if column.type in WHOLE and (end - start == 1).all():  # each code is one number
        return start.astype(np.int64)[place]
    first = start[place]
    value = first + uniform * (end - start)[place]
    if column.type in WHOLE:
        return np.asarray(np.minimum(np.floor(value), end[place] - 1).astype(np.int64))
    if column.decimals is None:
        return np.asarray(value)
    return _rounded(value, low[place], np.array(column.decimals)[pick if isinstance(column.decimals, tuple) else ()])


def _ends(cells: tuple[Cell, ...], size: int, whole: bool) -> tuple[Floats, Floats, Floats]:
    """Of each fine code (size,): where its cell begins, where the code itself begins and where it ends."""
    low, high, parts = _bounds(cells)
    code = np.minimum(np.arange(size) // SPLIT, len(cells) - 1)
    low, high, parts = low[code], high[code], parts[code]
    part = np.minimum(np.arange(size) % SPLIT, parts - 1)
    start, end = low + part * (high - low) / parts, low + (part + 1) * (high - low) / parts
    return (low, np.ceil(start), np.ceil(end)) if whole else (low, start, end)


def _rounded(value: Floats, low: Floats, decimals: Ints) -> Floats:
    """Down to the grid of `decimals`, but not below the bin: all grid points of a bin are equally likely, none leaves it."""
    grid = 10.0**decimals
    return np.asarray(np.maximum(np.floor(value * grid + 1e-9), np.ceil(low * grid - 1e-9)) / grid)


def _bounds(cells: tuple[Cell, ...]) -> tuple[Floats, Floats, Ints]:
    low, high, parts = ([getattr(c, name) for c in cells] for name in ("low", "high", "parts"))
    return np.array(low, float), np.array(high, float), np.array(parts, np.int64)
