"""Codes of where a child table's rows lie in time, and how much of it is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.frame import Tables
from generators.marginal.encode import encode
from generators.marginal.implied import bound_of, gap_column, marks, start_column, starts_at_parent, stride_column
from generators.marginal.neighbours import Ints, Rows, ancestor_rows, to_come
from specs.lang.domain import domain
from specs.lang.types import Column, Study, Table

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def times(study: Study, table: Table, tables: Tables, rows: Rows, parents: Mapping[str, Ints]) -> dict[str, Ints]:
    """Codes (rows,) of a table's variables of time by name, not joined into groups yet; none where it has no time."""
    if table.order_by is None:
        return {}
    at = tables[table.name][table.order_by].values
    left, rest = _left(study, table, tables, rows, parents), to_come(rows)
    gap = np.where(rows.previous < 0, 0, at - at[rows.previous])
    stride = np.where(gap == 0, 0.0, gap * rest / np.maximum(left, 1e-9))
    pace = np.floor(left / rest) if at.dtype.kind == "i" else left / rest
    return {
        **_steps(study, table, rows.previous < 0, stride, at - _begin(study, table, tables, rows)),
        f"{table.order_by}__moved": np.where(rows.previous < 0, 0, np.where(gap == 0, 1, 2)),
        **_marked(table, at),
        f"{table.order_by}__left": _coded(gap_column(table), left)[0],
        f"{table.order_by}__pace": _coded(gap_column(table), pace)[0],
    }


def _steps(study: Study, table: Table, first: Flags, stride: Floats, start: NDArray[Any]) -> dict[str, Ints]:
    """The way from the previous row; for a first row, from where its parent's time starts."""
    gap, fine_gap = _coded(stride_column(table), stride)
    begun, fine_begun = _coded(start_column(study, table), start)
    return {
        f"{table.order_by}__gap": np.where(first, -1, gap),
        f"{table.order_by}__gap__fine": np.where(first, -1, fine_gap),
        f"{table.order_by}__start": np.where(first, begun, -1),
        f"{table.order_by}__start__fine": np.where(first, fine_begun, -1),
    }


def _marked(table: Table, at: NDArray[Any]) -> dict[str, Ints]:
    """Which of the times that many rows share a row is at."""
    special = marks(table)
    found = [at == time for time in special]
    return {f"{table.order_by}__mark": np.select(found, range(1, len(special) + 1), 0)} if special else {}


def _coded(column: Column, values: NDArray[Any]) -> tuple[Ints, Ints]:
    """Codes and fine codes of values, none of which is NULL."""
    return encode(domain(column), values, np.zeros(len(values), bool))


def _left(study: Study, table: Table, tables: Tables, rows: Rows, parents: Mapping[str, Ints]) -> Floats:
    """Time from the previous row (from the range's start) to the bound."""
    name = str(table.order_by)
    low, high = table.columns[name].range or (0.0, 0.0)
    at, bound = tables[table.name][name].values, bound_of(study, table)
    limit = np.full(len(at), high)
    if bound:
        series = tables[bound[0]][bound[1]].take(ancestor_rows(study, table, bound[0], parents))
        limit = np.where(series.null, high, series.values)
    return np.asarray(np.maximum(limit - np.where(rows.previous < 0, low, at[rows.previous]), 0))


def _begin(study: Study, table: Table, tables: Tables, rows: Rows) -> Ints:
    """What a first row's time is counted from."""
    if not starts_at_parent(study, table) or table.parent is None:
        return np.zeros(len(rows.parent), np.int64)
    parent = study.tables[table.parent.table]
    return np.asarray(tables[parent.name][str(parent.order_by)].values[rows.parent])
