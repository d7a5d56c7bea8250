"""Rows of a child table in their order: each with its parent, the row before it, and how many are to come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Rows:
    """Arrays (rows,): each row's `parent`, `previous` row of the same parent or -1, and `rank` in the order of all rows."""

    parent: Ints
    previous: Ints
    rank: Ints


def neighbours(table: Table, frame: Frame, values: dict[str, Ints], parent: Ints) -> Rows:
    """Rows of a parent in order: by `order_by`, then by the codes of the other columns in spec order."""
    ties = [values[c.name] for c in table.columns.values() if c.measured and c.name != table.order_by]
    keys = [*reversed(ties), *([frame[table.order_by].values] if table.order_by else []), parent]
    order = np.lexsort(keys)
    previous = np.full(len(parent), -1)
    same = parent[order][1:] == parent[order][:-1]
    previous[order[1:]] = np.where(same, order[:-1], -1)
    rank = np.empty(len(parent), np.int64)
    rank[order] = np.arange(len(parent))
    return Rows(parent, previous, rank)


def ancestor_rows(study: Study, table: Table, ancestor: str, parents: Mapping[str, Ints]) -> Ints:
    """For each row of `table` the row of `ancestor` it belongs to."""
    rows, at = parents[table.name], table.parent
    while at and at.table != ancestor:
        rows, at = parents[at.table][rows], study.tables[at.table].parent
    return rows


def to_come(rows: Rows) -> Ints:
    """Number of rows of the same parent from each row on, itself included."""
    last = np.zeros(int(rows.parent.max(initial=-1)) + 1, np.int64)
    np.maximum.at(last, rows.parent, rows.rank)
    return np.asarray(last[rows.parent] - rows.rank + 1)
