"""Queries that count the same rows have one total: it is as well known as all of them together say."""

from __future__ import annotations

import numpy as np

from evaluation.compare import compare
from tests.evaluation.releases import STD, drawn, noised
from tests.generators.studies import clinic


def test_a_wide_table_is_divided_by_a_total_known_from_narrow_ones():
    name = "patient: age, weight"
    found = [compare(clinic(), noised(clinic(), drawn(1), STD, seed), drawn(2)).rows[name] for seed in range(40)]
    alone = STD * found[0].query.cells ** 0.5
    assert np.std([r.total for r in found]) < alone / 2
    assert abs(np.mean([r.total for r in found]) - 3000) < alone / 2


def test_tables_that_count_other_rows_keep_their_own_total():
    """Gaps exist from the second row on, starts are first rows only: both differ from all rows."""
    found = compare(clinic(), noised(clinic(), drawn(1), 0.0), drawn(1)).rows
    for name, row in found.items():
        assert np.isclose(row.total, drawn(1)[name].sum()), name
