"""Columns counted together: every pair of columns is told by one count, and most counts tell of three."""

from __future__ import annotations

import math
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from runners.compile.cubes import MOST_CELLS, cubes

COLUMNS = [f"c{i}" for i in range(9)]
PAIRS = list(combinations(COLUMNS, 2))


@given(
    st.lists(st.sampled_from([*((c,) for c in COLUMNS), *PAIRS, ("c0", "c1", "c2")]), unique=True),
    st.lists(st.sampled_from([1, 2, 30, 400]), min_size=len(COLUMNS), max_size=len(COLUMNS)),
)
def test_each_is_counted_once_and_with_nothing_that_was_not_asked(asked, sizes):
    known = dict(zip(COLUMNS, sizes, strict=True))
    found = cubes(asked, known)
    assert list(found) == asked
    of_pair = {frozenset(columns): cube for columns, cube in found.items()}
    for columns, cube in found.items():
        assert set(columns) <= set(cube) and len(cube) <= max(len(columns), 3)
        if cube != columns and len(columns) > 1:
            assert math.prod(known[c] for c in cube) <= MOST_CELLS
            assert all(of_pair[frozenset(pair)] == cube for pair in combinations(cube, 2)), (
                "a count of three is of three pairs asked"
            )


def test_a_single_column_is_summed_from_a_count_that_has_it():
    found = cubes([("c0",), ("c1",), ("c9",), ("c0", "c1")], dict.fromkeys(["c0", "c1", "c9"], 10))
    assert found == {("c0",): ("c0", "c1"), ("c1",): ("c0", "c1"), ("c9",): ("c9",), ("c0", "c1"): ("c0", "c1")}


def test_twenty_columns_take_fewer_than_half_as_many_counts_as_pairs():
    columns = [f"c{i}" for i in range(20)]
    found = cubes(combinations(columns, 2), dict.fromkeys(columns, 24))
    assert len(found) == 190 and len(set(found.values())) <= 80
