"""Keys and foreign keys of sampled tables: made, never learned, so they are always unique and always point somewhere.

Rows are numbered from 1. A patient's number is its place among all patients; where the patients are drawn in shards, each shard
leaves the earlier ones room for as many rows as they can have at most, so that keys need nothing from other shards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Sample, Series, Tables, known, length
from specs.lang.domain import SELF
from specs.lang.types import Key, Study, Table

Ints = NDArray[np.int64]
DIGITS = 9
"""Keys that are text have at least so many."""


@dataclass(frozen=True)
class Part:
    """Which patients of how many a sample holds: those from place `start` (0 is the first) on, of `patients` in all."""

    start: int
    patients: int


def keyed(study: Study, sample: Sample, part: Part, rng: np.random.Generator) -> Sample:
    """Tables with key columns first, then the parent's key, then the columns in spec order."""
    tables: Tables = {}
    for table in study.patient_tables():
        frame = sample.tables[table.name]
        up = sample.parents.get(table.name)
        keys = _foreign(table, study, tables, up) | _own(study, table, length(frame), up, part)
        columns = {c: _reference(table, c, frame[c], keys, part, rng) for c in table.columns if c in frame}
        ordered = {k.name: keys[k.name] for k in table.key}
        tables[table.name] = ordered | {k: s for k, s in keys.items() if k not in ordered} | columns
    return Sample(tables, sample.parents, sample.thrown)


def room(study: Study, table: Table) -> int:
    """How many rows of a table one patient can have."""
    found, at = 1, table
    while at.parent:
        found, at = found * at.parent.max_children, study.tables[at.parent.table]
    return found


def _foreign(table: Table, study: Study, tables: Tables, up: Ints | None) -> dict[str, Series]:
    if table.parent is None or up is None:
        return {}
    parent = study.tables[table.parent.table]
    return {name: tables[parent.name][key.name].take(up) for name, key in zip(table.parent.key, parent.key, strict=True)}


def _own(study: Study, table: Table, rows: int, up: Ints | None, part: Part) -> dict[str, Series]:
    """Row numbers; where the parent's key is part of the key, numbers within the parent."""
    shared = set(table.parent.key) if table.parent else set()
    most = room(study, table)
    number = np.arange(1, rows + 1) + part.start * most
    if up is not None and any(k.name in shared for k in table.key) and rows:
        starts = np.flatnonzero(np.concatenate([[True], up[1:] != up[:-1]]))
        number = np.arange(1, rows + 1) - np.repeat(starts, np.diff(np.append(starts, rows)))
        most = 0
    digits = max(DIGITS, len(str(part.patients * most)))
    return {k.name: known(_formatted(k, number, digits)) for k in table.key if k.name not in shared}


def _formatted(key: Key, number: Ints, digits: int) -> NDArray[Any]:
    if key.type != "string":
        return number
    text = number.astype(str)
    return np.char.zfill(text, digits) if len(text) else text


def _reference(table: Table, name: str, series: Series, keys: Frame, part: Part, rng: np.random.Generator) -> Series:
    """A reference to the own table: the row itself, or any other row (below the patients: any other one of the sample's)."""
    if table.columns[name].references != table.name:
        return series
    key = table.key[0]
    rows = len(series)
    first, every = (0, rows) if table.parent else (part.start, part.patients)
    row = np.arange(first, first + rows)
    other = (row + rng.integers(1, max(every, 2), rows)) % max(every, 1)
    target = np.where(series.values == SELF.index("self"), row, other)
    if table.parent:
        return Series(keys[key.name].values[target], series.null)
    return Series(_formatted(key, target + 1, max(DIGITS, len(str(every)))), series.null)
