"""Samples of different patients as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from generators.frame import Sample, Tables, length, stacked
from specs.lang.types import Study


def joined(study: Study, samples: Sequence[Sample]) -> Sample:
    """The rows of all samples, one sample after another; parents' rows are counted through."""
    tables: Tables = {}
    parents, thrown = {}, {}
    for table in study.patient_tables():
        tables[table.name] = stacked([s.tables[table.name] for s in samples])
        thrown[table.name] = sum(s.thrown.get(table.name, 0) for s in samples)
        if table.parent:
            sizes = [length(s.tables[table.parent.table]) for s in samples]
            starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
            parents[table.name] = np.concatenate([s.parents[table.name] + a for s, a in zip(samples, starts, strict=True)])
    return Sample(tables, parents, thrown)
