"""Between a column's values and its public codes (`specs.lang.domain`)."""

from __future__ import annotations

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
    code, fine = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    for value, cells in enumerate(domain.cells):
        rows = slice(None) if domain.by is None or by is None else np.flatnonzero(by == value)
        code[rows], fine[rows] = _place(cells, values[rows])
    return np.where(null, domain.values, code), np.where(null, domain.fine_size - 1, fine)


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
    cells = domain.cells
    tables = [_bounds(c) for c in cells]
    pick = np.zeros(len(fine), np.int64) if domain.by is None or by is None else by
    low, high, parts = (_stack(t, pick, np.minimum(fine // SPLIT, domain.values - 1)) for t in zip(*tables, strict=True))
    part = np.minimum(fine % SPLIT, parts - 1)
    start, end = low + part * (high - low) / parts, low + (part + 1) * (high - low) / parts
    if column.type in WHOLE:
        start, end = np.ceil(start), np.ceil(end)
        return np.asarray(np.minimum(start + np.floor(uniform * (end - start)), end - 1).astype(np.int64))
    value = start + uniform * (end - start)
    if column.decimals is None:
        return np.asarray(value)
    return _rounded(value, low, np.array(column.decimals)[pick if isinstance(column.decimals, tuple) else ()])


def _rounded(value: Floats, low: Floats, decimals: Ints) -> Floats:
    """Down to the grid of `decimals`, but not below the bin: all grid points of a bin are equally likely, none leaves it."""
    grid = 10.0**decimals
    return np.asarray(np.maximum(np.floor(value * grid + 1e-9), np.ceil(low * grid - 1e-9)) / grid)


def _bounds(cells: tuple[Cell, ...]) -> tuple[Floats, Floats, Ints]:
    low, high, parts = ([getattr(c, name) for c in cells] for name in ("low", "high", "parts"))
    return np.array(low, float), np.array(high, float), np.array(parts, np.int64)


def _stack(columns: tuple[NDArray[Any], ...], pick: Ints, code: Ints) -> NDArray[Any]:
    """`columns[pick[i]][code[i]]`, where shorter columns repeat their last entry."""
    most = max(len(c) for c in columns)
    padded = np.stack([np.concatenate([c, np.repeat(c[-1:], most - len(c))]) for c in columns])
    return np.asarray(padded[pick, np.minimum(code, most - 1)])
