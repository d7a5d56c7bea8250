"""Keys and foreign keys of sampled tables: made, never learned, so they are always unique and always point somewhere."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Sample, Series, Tables, known, length
from generators.marginal.simulate import Ints
from specs.lang.domain import SELF
from specs.lang.types import Key, Study, Table

DIGITS = 9


def keyed(study: Study, sample: Sample, rng: np.random.Generator) -> Sample:
    """Tables with key columns first, then the parent's key, then the columns in spec order."""
    tables: Tables = {}
    for table in study.patient_tables():
        frame = sample.tables[table.name]
        up = sample.parents.get(table.name)
        keys = _foreign(table, study, tables, up) | _own(table, length(frame), up)
        columns = {c: _reference(table, c, frame[c], keys, rng) for c in table.columns if c in frame}
        ordered = {k.name: keys[k.name] for k in table.key}
        tables[table.name] = ordered | {k: s for k, s in keys.items() if k not in ordered} | columns
    return Sample(tables, sample.parents, sample.rejected)


def _foreign(table: Table, study: Study, tables: Tables, up: Ints | None) -> dict[str, Series]:
    if table.parent is None or up is None:
        return {}
    parent = study.tables[table.parent.table]
    return {name: tables[parent.name][key.name].take(up) for name, key in zip(table.parent.key, parent.key, strict=True)}


def _own(table: Table, rows: int, up: Ints | None) -> dict[str, Series]:
    """Row numbers; where the parent's key is part of the key, numbers within the parent."""
    shared = set(table.parent.key) if table.parent else set()
    number = np.arange(1, rows + 1)
    if up is not None and any(k.name in shared for k in table.key) and rows:
        starts = np.flatnonzero(np.concatenate([[True], up[1:] != up[:-1]]))
        number = number - np.repeat(starts, np.diff(np.append(starts, rows)))
    return {k.name: known(_formatted(k, number)) for k in table.key if k.name not in shared}


def _formatted(key: Key, number: Ints) -> NDArray[Any]:
    return np.char.zfill(number.astype(str), DIGITS) if key.type == "string" else number


def _reference(table: Table, name: str, series: Series, keys: Frame, rng: np.random.Generator) -> Series:
    """A reference to the own table: the row itself, or any other row."""
    if table.columns[name].references != table.name:
        return series
    rows = len(series)
    other = (np.arange(rows) + rng.integers(1, max(rows, 2), rows)) % max(rows, 1)
    target = np.where(series.values == SELF.index("self"), np.arange(rows), other)
    return Series(keys[table.key[0].name].values[target], series.null)
