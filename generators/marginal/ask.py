"""The study's questions, asked of synthetic tables: to compare like with like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from generators.frame import Tables
from generators.marginal.code import code
from generators.marginal.structure import queries
from privacy.histogram import histograms
from privacy.query import Query, grouped
from specs.lang.types import Study

Ints = NDArray[np.int64]


def answers(study: Study, tables: Tables, parents: Mapping[str, Ints]) -> dict[str, NDArray[np.float64]]:
    """Each query's histogram, of shape `Query.shape`, in patients, weighted per patient as at the hospitals."""
    return in_patients(study, totals(study, tables, parents))


def in_patients(study: Study, found: Ints) -> dict[str, NDArray[np.float64]]:
    """The histograms that `totals` counted."""
    asked = queries(study)
    parts = np.split(found, np.cumsum([q.cells for q in asked])[:-1])
    units = [1 if q.table == study.root.name else q.scale for q in asked]
    return {q.name: part.reshape(q.shape) / unit for q, part, unit in zip(asked, parts, units, strict=True)}


def totals(study: Study, tables: Tables, parents: Mapping[str, Ints]) -> Ints:
    """All cells of all queries, one query after another (C order), as integers: those of different patients add up."""
    coded = code(study, tables, parents)
    found: dict[str, Ints] = {}
    asked = queries(study)
    for group in grouped(asked).values():
        columns = coded[group[0].table]
        if group[0].table == study.root.name:
            found |= {q.name: _counted(q, columns.values) for q in group}
        else:
            found |= histograms(group, columns.values, columns.patient)
    return np.concatenate([found[q.name] for q in asked])


def _counted(query: Query, codes: Mapping[str, Ints]) -> Ints:
    """Rows in each cell: a patient's one row of the root table has weight 1."""
    cell = codes[query.columns[0]]
    for name, size in zip(query.columns[1:], query.shape[1:], strict=True):
        cell = cell * size + codes[name]
    return np.bincount(cell, minlength=query.cells)
