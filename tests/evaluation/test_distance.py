"""Distances and what noise does to them: closed forms against definitions and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evaluation.distance import beyond, noise_spread, noise_tvd, truth, tvd

shares = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=30).map(lambda x: np.array(x) / sum(x))
small = st.floats(0, 2)


def test_tvd_is_the_share_of_rows_that_must_move():
    assert tvd(np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.2, 0.3])) == pytest.approx(0.3)
    assert tvd(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1.0


@given(shares, st.randoms(use_true_random=False))
def test_tvd_is_the_largest_difference_of_any_set_of_cells(a, random):
    b = np.array(random.sample(list(a), len(a)))
    assert tvd(a, b) == pytest.approx(np.maximum(a - b, 0).sum(), abs=1e-12)
    assert tvd(a, b) == pytest.approx(tvd(b, a))
    assert 0 <= tvd(a, b) <= 1 + 1e-12


@pytest.mark.parametrize("std", [np.full(40, 0.01), np.linspace(0.0, 0.05, 25), np.array([0.1, 0.0, 0.0, 0.02])])
def test_noise_alone_makes_the_distance_the_closed_form_says(std):
    rng = np.random.default_rng(7)
    found = np.abs(rng.normal(0, 1, (100_000, len(std))) * std).sum(axis=1) / 2
    assert noise_tvd(std) == pytest.approx(found.mean(), rel=0.01)
    assert noise_spread(std) == pytest.approx(found.std(), rel=0.02)


@given(small, small)
@example(1.6295406829761583e-155, 0.0)
def test_the_true_distance_is_within_its_ends(distance, noise):
    ends = truth(distance, noise)
    assert 0 <= ends.low <= ends.high
    assert ends.high <= distance + noise + 1e-12  # the triangle inequality never says less
    assert beyond(distance, noise) <= ends.low + 1e-12 or distance < noise


@given(small)
def test_without_noise_the_distance_is_the_true_one(distance):
    assert (truth(distance, 0).low, truth(distance, 0).high) == pytest.approx((distance, distance))
    assert beyond(distance, 0) == pytest.approx(distance)


@given(small)
def test_a_perfect_copy_of_the_noised_sums_is_as_far_from_the_truth_as_they_are(noise):
    assert (truth(0, noise).low, truth(0, noise).high) == pytest.approx((noise, noise))
    assert beyond(0, noise) == 0


@pytest.mark.parametrize("copied", [0.0, 0.3, 0.7, 1.0])
@pytest.mark.parametrize("fault", [0.0, 0.0002, 0.0006])
def test_the_ends_hold_the_true_distance_whatever_part_of_the_noise_was_learned(copied, fault):
    rng = np.random.default_rng(11)
    cells, sigma = 400, 0.0004
    true = rng.dirichlet(np.full(cells, 5.0))
    slack = 0.12 * noise_tvd(np.full(cells, sigma))  # near D = N the root makes much of a small error of the mean
    observed, real = [], []
    for _ in range(200):
        noise = rng.normal(0, sigma, cells)
        synthetic = true + rng.normal(0, fault, cells) + copied * noise
        observed.append(tvd(true + noise, synthetic))
        real.append(tvd(true, synthetic))
    ends = truth(float(np.mean(observed)), noise_tvd(np.full(cells, sigma)))
    assert ends.low - slack <= np.mean(real) <= ends.high + slack
