from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privacy.histogram import histograms, isqrt, weights
from privacy.query import Query, digest, grouped, l2_bound
from tests.privacy import checks
from tests.privacy.checks import Ints

SIZES = {"a": 2, "b": 3, "c": 5}


def query(columns: str, group: str, scale: int = 1024) -> Query:
    return Query(f"{group}: {columns}", "t", tuple(columns), tuple(SIZES[c] for c in columns), group, scale)


QUERIES = (query("a", "g"), query("ab", "g"), query("bc", "g"), query("c", "h", 7), query("abc", "i"), query("b", "i"))
Rows = list[tuple[int, int, int, int]]
TABLES = st.lists(
    st.tuples(st.integers(0, 5), st.integers(-1, 1), st.integers(-1, 2), st.integers(-1, 4)), min_size=1, max_size=80
)


def coded(rows: Rows) -> tuple[dict[str, Ints], Ints]:
    patient, *codes = np.asarray(rows, np.int64).T
    return dict(zip(SIZES, codes, strict=True)), patient


def by_definition(group: tuple[Query, ...], rows: Rows) -> dict[str, list[int]]:
    """The docstring of privacy.query, patient by patient in Python integers."""
    answers = {q.name: [0] * q.cells for q in group}
    for patient in {row[0] for row in rows}:
        counts = {}
        for q in group:
            chosen = [[row[1 + list(SIZES).index(c)] for c in q.columns] for row in rows if row[0] == patient]
            flat = [int(np.ravel_multi_index(c, q.shape)) for c in chosen if min(c) >= 0]
            counts[q.name] = Counter(flat)
        squares = sum(n * n for count in counts.values() for n in count.values())
        weight = math.isqrt(len(group) * group[0].scale ** 2 // squares) if squares else 0
        for name, count in counts.items():
            for cell, rows_in in count.items():
                answers[name][cell] += weight * rows_in
    return answers


@given(TABLES)
def test_answers_are_the_definition(rows: Rows) -> None:
    codes, patient = coded(rows)
    for group in grouped(QUERIES).values():
        found = histograms(group, codes, patient)
        assert {name: [int(v) for v in answer] for name, answer in found.items()} == by_definition(group, rows)


@settings(max_examples=300)
@given(TABLES, st.integers(0, 5))
def test_one_patient_moves_the_answers_by_the_bound_at_most(rows: Rows, gone: int) -> None:
    codes, patient = coded(rows)
    checks.patient_is_bounded(QUERIES, codes, patient, gone)


def test_the_bound_is_tight() -> None:
    """A patient with one row that counts in every query moves the answers by exactly the bound."""
    codes, patient = coded([(0, 1, 2, 3), (1, 0, 0, 0)])
    assert checks.patient_is_bounded(QUERIES, codes, patient, 1) == round(l2_bound(QUERIES) ** 2)


@pytest.mark.parametrize("rows", [1, 10, 100])
def test_a_patient_with_many_rows_weighs_as_much_as_one_with_few(rows: int) -> None:
    """Rounding the weight down loses little while a patient has far fewer rows than `scale`."""
    codes, patient = coded([(0, 1, 2, 3)] + [(1, n % 2, n % 3, n % 5) for n in range(rows)])
    large = [q for q in QUERIES if q.scale == 1024]
    assert checks.patient_is_bounded(large, codes, patient, 1) > 0.85 * l2_bound(large) ** 2


def test_a_patient_with_far_more_rows_than_scale_counts_nowhere() -> None:
    codes, patient = coded([(0, 1, 2, 3)] + [(1, n % 2, n % 3, n % 5) for n in range(100_000)])
    assert checks.patient_is_bounded(QUERIES, codes, patient, 1) == 0


@given(TABLES.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_answers_do_not_depend_on_order_or_names(both: tuple[Rows, Rows]) -> None:
    """Rows in another order and patients with other numbers: the same answers."""
    codes, patient = coded(both[0])
    other, renamed = coded(both[1])
    assert checks.stacked(QUERIES, codes, patient) == checks.stacked(QUERIES, other, 1000 - 7 * renamed)


def test_no_rows_and_only_nulls_count_nowhere() -> None:
    nothing = np.zeros(0, np.int64)
    assert not any(checks.stacked(QUERIES, dict.fromkeys(SIZES, nothing), nothing))
    codes, patient = coded([(3, -1, -1, -1)])
    assert not any(checks.stacked(QUERIES, codes, patient))
    assert not weights(QUERIES[:3], codes, patient).any()


@given(st.integers(0, 2**52 - 1))
def test_square_roots_are_exact(x: int) -> None:
    assert int(isqrt(np.asarray([x], np.int64))[0]) == math.isqrt(x)


def test_square_roots_are_exact_around_squares() -> None:
    root = np.concatenate([np.arange(1, 3000), 2**26 - np.arange(1, 3000)])
    for step in (-1, 0, 1):
        x = root * root + step
        assert [math.isqrt(int(v)) for v in x] == list(isqrt(x))


def test_a_group_has_one_table_and_scale() -> None:
    with pytest.raises(ValueError, match="group g"):
        grouped([query("a", "g"), query("b", "g", 3)])


def test_every_part_of_a_query_is_in_its_digest() -> None:
    base = query("ab", "g")
    others = [query("ab", "h"), query("ba", "g"), query("ab", "g", 2), Query(base.name, "u", base.columns, base.shape, "g")]
    assert len({digest([q]) for q in [base, *others]}) == 5
    assert digest(QUERIES[:2]) != digest(QUERIES[1::-1])
