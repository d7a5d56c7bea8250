"""Swaps within classes: nothing but who has which value changes, and pairs come nearer to what the classes say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.marginal.even import swapped
from generators.marginal.mixture import Mixture
from tests.generators.test_mixture import joint, mixture, sums, truth

NAMES = ("c0", "c1", "c2", "x")


def drawn(seed, rows):
    """Codes (rows, variables) of the truth's classes, drawn independently; each row's class; weight and shares as they came."""
    weight, shares = truth(seed)
    rng = np.random.default_rng(seed)
    label = rng.choice(len(weight), rows, p=weight).astype(np.uint16)
    codes = np.stack([(rng.random((rows, 1)) > np.cumsum(s, axis=1)[label][:, :-1]).sum(1) for s in shares], axis=1)
    came = [joint(np.ones(rows), np.eye(len(weight))[label], np.eye(s.shape[1])[c]) for c, s in zip(codes.T, shares, strict=True)]
    sizes = np.maximum(came[0].sum(1), 1)
    return codes, label, sizes / max(rows, 1), [c / sizes[:, None] for c in came]


def moved(codes, came):
    return np.take_along_axis(codes, came, axis=0)


def distance(codes, weight, shares):
    """Sum of squared differences between counts of pairs and their expectations."""
    found = 0.0
    for a, second in enumerate(shares):
        for b, first in enumerate(shares[:a]):
            shape = first.shape[1], second.shape[1]
            counts = np.bincount(codes[:, b] * shape[1] + codes[:, a], minlength=shape[0] * shape[1]).reshape(shape)
            found += ((counts - len(codes) * joint(weight, first, second)) ** 2).sum()
    return found


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 400))
def test_each_class_keeps_its_values(seed, rows):
    codes, label, weight, shares = drawn(seed, rows)
    came = swapped(codes, label, weight, shares, np.random.default_rng(seed))
    for column, values in zip(came.T, moved(codes, came).T, strict=True):
        assert (np.sort(column) == np.arange(rows)).all()
        assert (label[column] == label).all()
        assert ((values >= 0) & (values < 16)).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_pairs_come_much_nearer_than_chance_leaves_them(seed):
    codes, label, weight, shares = drawn(seed, 8_000)
    came = swapped(codes, label, weight, shares, np.random.default_rng(seed))
    assert distance(moved(codes, came), weight, shares) < distance(codes, weight, shares) / 10


def test_two_rows_that_gain_by_it_swap():
    """One class, two columns of two codes: of four rows two have (0, 0) and two (1, 1), where one of each kind is due."""
    codes, label = np.repeat([[0, 0], [1, 1]], 2, axis=0), np.zeros(4, np.uint16)
    found = set()
    for seed in range(20):
        came = swapped(codes, label, np.ones(1), [np.full((1, 2), 0.5)] * 2, np.random.default_rng(seed))
        found.add(tuple(sorted(map(tuple, moved(codes, came).tolist()))))
    assert ((0, 0), (0, 1), (1, 0), (1, 1)) in found


def test_rows_of_different_classes_never_swap():
    codes, label = np.array([[0, 0], [1, 1]]), np.array([0, 1], np.uint16)
    came = swapped(codes, label, np.full(2, 0.5), [np.full((2, 2), 0.5)] * 2, np.random.default_rng(0))
    assert (came == [[0, 0], [1, 1]]).all()


def test_an_even_draw_is_nearer_in_pairs_and_the_same_in_columns():
    model, rows = mixture(), 10_000
    weight, shares = model.weight, [model.shares[name] for name in NAMES]
    plain, even = (draw(rows, np.random.default_rng(3)) for draw in (model.draw, model.draw_evenly))
    for name in NAMES:
        assert (np.bincount(plain[name]) == np.bincount(even[name])).all()
    off = [distance(np.stack([d[name] for name in NAMES], axis=1), weight, shares) for d in (plain, even)]
    assert off[1] < off[0] / 10


def test_parts_of_a_bin_travel_with_it():
    plan, _, (weight, coarse) = sums(0.0)
    parts = np.array([[[0.7, 0.1, 0.1, 0.1]] * 4])
    model = Mixture(plan, weight, {s.variable.name: c for s, c in zip(plan.steps, coarse, strict=True)}, {"x": parts})
    codes = model.draw_evenly(2_000, np.random.default_rng(0))
    assert (codes["x__fine"] // 4 == codes["x"]).all()
    assert abs(np.mean(codes["x__fine"] % 4 == 0) - 0.7) < 0.02
