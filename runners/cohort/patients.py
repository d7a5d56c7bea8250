"""Some of the patients of a sample, with all their rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Sample, Series, length, take
from generators.join import joined as joined_samples
from generators.marginal.keys import Part, keyed
from specs.lang.domain import SELF
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]


def only(study: Study, sample: Sample, rows: Ints) -> Sample:
    """The patients at these positions of the root table (ascending), and the rows below them."""
    kept = {study.root.name: rows}
    tables, parents = {study.root.name: take(sample.tables[study.root.name], rows)}, {}
    for table in study.patient_tables():
        if table.parent is None:
            continue
        above = kept[table.parent.table]
        place = np.full(length(sample.tables[table.parent.table]), -1)
        place[above] = np.arange(len(above))
        up = place[sample.parents[table.name]]
        kept[table.name] = np.flatnonzero(up >= 0)
        tables[table.name] = take(sample.tables[table.name], kept[table.name])
        parents[table.name] = up[kept[table.name]]
    return Sample(tables, parents, sample.thrown)


def joined(study: Study, parts: Sequence[Sample], rng: np.random.Generator) -> Sample:
    """The patients of all parts, one part after another, under new keys.

    Keys say nothing, so new ones change nothing. A column that points to another patient has lost whom it pointed to, where
    that one was not kept; the model draws such a patient evenly from all others, and so does this.
    """
    bare = [Sample({t.name: _without_keys(t, p.tables[t.name]) for t in study.patient_tables()}, p.parents, {}) for p in parts]
    whole = joined_samples(study, bare)
    return keyed(study, whole, Part(0, length(whole.tables[study.root.name])), rng)


def _without_keys(table: Table, frame: Frame) -> Frame:
    """The spec's columns; references to the own table are labels again: the row itself, or another one."""
    found = {name: frame[name] for name in table.columns if name in frame}
    for column in table.columns.values():
        if column.references == table.name:
            series = frame[column.name]
            itself = series.values == frame[table.key[0].name].values
            found[column.name] = Series(np.where(itself, SELF.index("self"), SELF.index("other")), series.null, SELF)
    return found
