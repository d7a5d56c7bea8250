"""Swaps within classes: nothing but who has which value changes, and pairs come nearer to what the classes say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.marginal.even import swapped
from tests.generators.test_mixture import NAMES, joint, mixture, truth

SINGLE = [np.array([i]) for i in range(4)]
COUPLE = [np.array([2]), np.array([3]), np.array([0, 1])]


def drawn(seed, rows):
    """Codes (rows, variables) of the truth's classes, drawn independently; each row's class; weight and shares as they came."""
    weight, shares = truth(seed)
    rng = np.random.default_rng(seed)
    label = rng.choice(len(weight), rows, p=weight).astype(np.uint16)
    codes = np.stack([(rng.random((rows, 1)) > np.cumsum(s, axis=1)[label][:, :-1]).sum(1) for s in shares], axis=1)
    came = [joint(np.ones(rows), np.eye(len(weight))[label], np.eye(s.shape[1])[c]) for c, s in zip(codes.T, shares, strict=True)]
    sizes = np.maximum(came[0].sum(1), 1)
    return codes, label, sizes / max(rows, 1), [c / sizes[:, None] for c in came]


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
@given(st.integers(0, 2**32), st.integers(0, 400), st.sampled_from([SINGLE, COUPLE]))
def test_each_class_keeps_its_values_clique_by_clique(seed, rows, cliques):
    codes, label, weight, shares = drawn(seed, rows)
    even = swapped(codes, label, weight, shares, cliques, np.random.default_rng(seed))
    for k in range(len(weight)):
        for clique in cliques:
            before, after = (np.sort(c[label == k][:, clique] @ 100 ** np.arange(len(clique))) for c in (codes, even))
            assert (before == after).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_pairs_come_much_nearer_than_chance_leaves_them(seed):
    codes, label, weight, shares = drawn(seed, 8_000)
    even = swapped(codes, label, weight, shares, SINGLE, np.random.default_rng(seed))
    assert distance(even, weight, shares) < distance(codes, weight, shares) / 10


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_couples_move_together_and_other_pairs_come_nearer(seed):
    codes, label, weight, shares = drawn(seed, 8_000)
    even = swapped(codes, label, weight, shares, COUPLE, np.random.default_rng(seed))
    assert (np.unique(codes[:, :2], axis=0, return_counts=True)[1] == np.unique(even[:, :2], axis=0, return_counts=True)[1]).all()
    others = [distance(c[:, [i, j]], weight, [shares[i], shares[j]]) for c in (codes, even) for i, j in ((0, 2), (1, 2), (2, 3))]
    assert sum(others[3:]) < sum(others[:3]) / 4


def test_two_rows_that_gain_by_it_swap():
    """One class, two columns of two codes: of four rows two have (0, 0) and two (1, 1), where one of each kind is due."""
    codes, label, shares = np.repeat([[0, 0], [1, 1]], 2, axis=0), np.zeros(4, np.uint16), [np.full((1, 2), 0.5)] * 2
    found = set()
    for seed in range(20):
        even = swapped(codes, label, np.ones(1), shares, SINGLE[:2], np.random.default_rng(seed))
        found.add(tuple(sorted(map(tuple, even.tolist()))))
    assert ((0, 0), (0, 1), (1, 0), (1, 1)) in found


def test_rows_of_different_classes_never_swap():
    codes, label = np.array([[0, 0], [1, 1]]), np.array([0, 1], np.uint16)
    even = swapped(codes, label, np.full(2, 0.5), [np.full((2, 2), 0.5)] * 2, SINGLE[:2], np.random.default_rng(0))
    assert (even == codes).all()


def test_an_even_draw_is_nearer_in_pairs_and_the_same_in_columns():
    model, rows = mixture(), 10_000
    weight, shares = model.weight, [model.margins[name] for name in NAMES]
    plain, even = (draw(rows, np.random.default_rng(3)) for draw in (model.draw, model.draw_evenly))
    for name in NAMES:
        assert (np.bincount(plain[name]) == np.bincount(even[name])).all()
    off = [distance(np.stack([d[name] for name in NAMES], axis=1), weight, shares) for d in (plain, even)]
    assert off[1] < off[0] / 10
