"""Columns that are counted together, so that one count of the rows tells of three pairs.

To count rows in three columns takes little longer than in two. Columns are numbered, and three whose numbers add up to a
multiple of how many there are go together: two have one third column at most, so no pair is counted twice, and nearly all pairs
have one (triple systems: Bose 1939).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

Columns = tuple[str, ...]
MOST_CELLS = 2**15
"""Cells of three columns, at most: about as many as DuckDB counts in place, without a hash table (`dbt/profiles.yml`)."""


def cubes(asked: Iterable[Columns], sizes: Mapping[str, int]) -> dict[Columns, Columns]:
    """For each combination of columns the columns to count it with: three, or itself. `sizes` are each column's codes.

    A single column is summed from the first count that has it.
    """
    asked = tuple(asked)
    pairs = {frozenset(columns) for columns in asked if len(columns) == 2}
    names = list(dict.fromkeys(c for columns in asked if len(columns) == 2 for c in columns))
    number = {name: i for i, name in enumerate(names)}

    def cube(pair: Columns) -> Columns:
        third = names[-sum(number[c] for c in pair) % len(names)]
        three = tuple(sorted({*pair, third}, key=number.__getitem__))
        whole = {frozenset(p) for p in ((three[0], three[-1]), three[:2], three[1:])} <= pairs
        return three if len(three) == 3 and whole and math.prod(sizes[c] for c in three) <= MOST_CELLS else pair

    of_pairs = {columns: cube(columns) for columns in asked if len(columns) == 2}
    of_one = {c: three for three in reversed(of_pairs.values()) for c in three}
    singles = {columns: of_one.get(columns[0], columns) for columns in asked if len(columns) == 1}
    return {columns: columns for columns in asked} | of_pairs | singles
