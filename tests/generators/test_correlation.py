"""The correlation behind a noised table, and the correlation matrix nearest to what pairs say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm

from generators.copula.correlation import correlation, root, waves

PATIENTS = 20_000.0


def cut_normal(r: float, rows: NDArray[np.float64], columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cells of two normal variables of correlation r, cut by these shares: differences of their joint distribution function."""
    both = multivariate_normal([0, 0], [[1, r], [r, 1]])
    a, b = (np.clip(norm.ppf(np.concatenate([[0], np.cumsum(s)[:-1], [1]])), -9, 9) for s in (rows, columns))
    below = np.array([[both.cdf([x, y]) for y in b] for x in a])
    return np.diff(np.diff(below, axis=0), axis=1)


SHARES = st.lists(st.floats(0.05, 1), min_size=2, max_size=5).map(lambda s: np.array(s) / sum(s))


@settings(max_examples=15, deadline=None)
@given(r=st.floats(-0.9, 0.9), rows=SHARES, columns=SHARES)
def test_the_series_is_the_normal_distribution_in_cells(r, rows, columns):
    power = np.arange(1, len(waves(rows)) + 1)[:, None]
    found = np.outer(rows, columns) + (waves(rows) * r**power).T @ waves(columns)
    assert found == pytest.approx(cut_normal(r, rows, columns), abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(r=st.floats(-0.7, 0.7), rows=SHARES, columns=SHARES)
def test_a_known_correlation_is_found_in_an_exact_table(r, rows, columns):
    table = PATIENTS * cut_normal(r, rows, columns)
    assert correlation(table, 0.5, PATIENTS * rows, PATIENTS * columns) == pytest.approx(r, abs=0.02)


def test_halves_are_concordant_as_sheppard_says():
    """Cut at the medians, both are above with probability 1/4 + asin(r) / 2 pi (Sheppard 1899)."""
    above = 0.25 + np.arcsin(0.5) / (2 * np.pi)
    table = PATIENTS * np.array([[above, 0.5 - above], [0.5 - above, above]])
    halves = PATIENTS * np.array([0.5, 0.5])
    assert correlation(table, 0.5, halves, halves) == pytest.approx(0.5, abs=0.005)


def test_mere_noise_has_hardly_a_correlation():
    rng, std, margin = np.random.default_rng(1), 200.0, np.full(20, 50.0)
    found = [correlation(rng.normal(2.5, std, (20, 20)), std, margin, margin) for _ in range(40)]
    assert np.abs(found).max() < 0.1
    assert np.abs(np.mean(found)) < 0.02


def test_the_wider_the_noise_the_less_of_a_correlation_is_believed():
    rows, columns = np.full(6, 1 / 6), np.full(4, 1 / 4)
    table = PATIENTS * cut_normal(0.7, rows, columns)
    found = [correlation(table, std, PATIENTS * rows, PATIENTS * columns) for std in (0.5, 1000.0, 10_000.0)]
    assert found[0] > found[1] > found[2] > 0
    assert found[2] < 0.1


def test_correlations_that_do_not_fit_together_give_the_nearest_that_do():
    """The example of Higham 2002, section 4: the nearest correlation matrix to four figures."""
    factor = root(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    nearest = [[1, 0.7607, 0.1573], [0.7607, 1, 0.7607], [0.1573, 0.7607, 1]]
    assert factor @ factor.T == pytest.approx(np.array(nearest), abs=1e-4)


@given(st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_any_matrix_gets_a_correlation_matrix_and_a_correlation_matrix_stays(entries):
    matrix = np.eye(4)
    matrix[np.triu_indices(4, 1)] = entries
    factor = root(np.triu(matrix) + np.triu(matrix, 1).T)
    valid = factor @ factor.T
    assert np.diag(valid) == pytest.approx(np.ones(4))
    again = root(valid)
    assert again @ again.T == pytest.approx(valid, abs=1e-6)
