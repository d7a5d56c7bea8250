"""What `wardloom plan` says of errors to come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy.query import Query
from runners.expected import CHILD, Interval, average, expected, left, noise

PAIR = Query("t: a, b", "t", ("a", "b"), (4, 5), "t")


def test_noise_is_what_noised_counts_are_off_on_average():
    """By simulation of the definition: half the L1 distance of shares."""
    drawn = np.random.default_rng(0).normal(0, 30.0, (4_000, 20))
    assert noise(PAIR, 30.0, 5_000) == pytest.approx(np.abs(drawn).sum(1).mean() / 2 / 5_000, rel=0.02)


@given(st.integers(1, 3), st.floats(0, 100), st.floats(0, 100), st.booleans())
def test_more_noise_never_promises_less_error(ways, one, other, child):
    less, more = (left(ways, n, child) for n in sorted((one, other)))
    assert less.low <= less.error <= less.high <= 1
    assert (less.low, less.error, less.high) <= (more.low, more.error, more.high)


def test_child_tables_are_expected_to_be_further_off():
    root, child = (expected(PAIR, 30.0, 5_000, child).error for child in (False, True))
    assert child.error == pytest.approx(CHILD * root.error)
    assert child.low == root.low


def test_without_a_number_of_patients_nothing_is_promised():
    assert expected(PAIR, 30.0, 0, False).error is None


def test_a_mean_of_marginals_is_surer_than_one_of_them():
    one = left(2, 0.1, False)
    whole = average(2, [one] * 10)
    assert whole.error == pytest.approx(one.error)
    assert one.low < whole.low
    assert whole.high / whole.low < one.high / one.low
    assert isinstance(whole, Interval)
