"""The study's questions, asked of synthetic tables: to compare like with like."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from generators.frame import Tables
from generators.marginal.code import code
from generators.marginal.structure import queries
from privacy.histogram import histogram
from specs.lang.types import Study


def answers(study: Study, tables: Tables, parents: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float64]]:
    """Each query's histogram, of shape `Query.shape`, in patients, weighted per patient as at the hospitals."""
    coded = code(study, tables, parents)
    found: dict[str, NDArray[np.float64]] = {}
    for query in queries(study):
        columns = coded[query.table]
        codes = np.stack([columns.values[c] for c in query.columns], axis=1)
        total = histogram(query, codes, columns.patient)
        found[query.name] = total.reshape(query.shape) / query.scale
    return found
