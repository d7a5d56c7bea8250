"""The reference evaluation of queries in NumPy: exact integers, the same numbers a hospital's SQL yields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from privacy.query import Query

Ints = NDArray[np.int64]


def histograms(group: Sequence[Query], codes: Mapping[str, Ints], patient: Ints) -> dict[str, Ints]:
    """Flat answers (cells,) of one group's queries by name.

    `codes[c]` (rows,) are codes with -1 for NULL, `patient` (rows,) numbers each row's patient from 0.
    """
    counted = [_cells(q, codes, patient) for q in group]
    weight = _weights(group, counted, int(patient.max(initial=-1)) + 1)
    answers = {}
    for query, (who, cell, rows) in zip(group, counted, strict=True):
        answer = np.zeros(query.cells, np.int64)
        np.add.at(answer, cell, weight[who] * rows)
        answers[query.name] = answer
    return answers


def weights(group: Sequence[Query], codes: Mapping[str, Ints], patient: Ints) -> Ints:
    """Each patient's integer weight (patients,) in a group: isqrt(k scale^2 // Q), 0 where Q is 0."""
    return _weights(group, [_cells(q, codes, patient) for q in group], int(patient.max(initial=-1)) + 1)


def _cells(query: Query, codes: Mapping[str, Ints], patient: Ints) -> tuple[Ints, Ints, Ints]:
    """Patient, cell and number of rows of every non-empty cell of every patient."""
    columns = [codes[c] for c in query.columns]
    applies = np.all([c >= 0 for c in columns], axis=0)
    cell = np.ravel_multi_index([c[applies] for c in columns], query.shape)
    found, rows = np.unique(patient[applies] * query.cells + cell, return_counts=True)
    return found // query.cells, found % query.cells, rows


def _weights(group: Sequence[Query], counted: Sequence[tuple[Ints, Ints, Ints]], patients: int) -> Ints:
    squares = np.zeros(patients, np.int64)
    for who, _, rows in counted:
        np.add.at(squares, who, rows * rows)
    bound = len(group) * group[0].scale ** 2
    return np.where(squares > 0, isqrt(bound // np.maximum(squares, 1)), 0)


def isqrt(x: Ints) -> Ints:
    """The largest integer whose square is at most x, exactly, for 0 <= x < 2^52."""
    root = np.sqrt(x.astype(np.float64)).astype(np.int64)
    root = np.where(root * root > x, root - 1, root)
    return np.where((root + 1) * (root + 1) <= x, root + 1, root)
