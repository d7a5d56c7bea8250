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

Answers = Mapping[str, NDArray[np.float64]]
"""Histograms by query, each of shape `Query.shape`, in patients."""


def answers(study: Study, tables: Tables, parents: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float64]]:
    """Each query's histogram, of shape `Query.shape`, in patients, weighted per patient as at the hospitals."""
    coded = code(study, tables, parents)
    found: dict[str, NDArray[np.float64]] = {}
    for group in grouped(queries(study)).values():
        columns = coded[group[0].table]
        if group[0].table == study.root.name:
            found |= {q.name: _counted(q, columns.values) for q in group}
            continue
        totals = histograms(group, columns.values, columns.patient)
        found |= {q.name: totals[q.name].reshape(q.shape) / q.scale for q in group}
    return found


def _counted(query: Query, codes: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
    """Rows in each cell: a patient's one row of the root table has weight 1."""
    cell = codes[query.columns[0]]
    for name, size in zip(query.columns[1:], query.shape[1:], strict=True):
        cell = cell * size + codes[name]
    return np.bincount(cell, minlength=query.cells).reshape(query.shape).astype(np.float64)
