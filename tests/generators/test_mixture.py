"""Latent classes: what is drawn is what was learned, and what is learned is what the sums say and noise allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.arrays import CPU
from generators.marginal.estimate import share
from generators.marginal.fit import Effort
from generators.marginal.mixture import Mixture, cumulative, systematic
from generators.marginal.pairs import pairs
from generators.marginal.structure import structure
from generators.marginal.train import learn_root
from privacy.sums import Sums
from specs.lang.types import Generator, Key, Outputs, Privacy, Study, Table
from tests.generators.studies import choice, columns, number

ROWS = 20_000
SIZES = (3, 4, 5, 16)
NAMES = ("c0", "c1", "c2", "x")


def study():
    shown = [choice(f"c{i}", *(f"v{j}" for j in range(size))) for i, size in enumerate(SIZES[:3])]
    table = Table("row", (Key("id"),), columns(*shown, number("x", 0, 15, 4)))
    return Study(
        "s", "s", "0", {"row": table}, {}, Privacy("row", None, "test"), Outputs("out"), generator=Generator("marginal", "cpu")
    )


def truth(seed=0, classes=3):
    """Weights and shares of a few classes: pairs that depend on each other."""
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(classes) * 5), [rng.dirichlet(np.ones(s) * 0.7, classes) for s in SIZES]


def joint(weight, first, second):
    return np.einsum("k,ka,kb->ab", weight, first, second)


def sums(std, seed=0):
    """All that the root asks, of the truth, with noise."""
    weight, shares = truth()
    rng, plan = np.random.default_rng(seed), structure(study())[0]
    names = {s.variable.name: i for i, s in enumerate(plan.steps)}
    coarse = [*shares[:3], shares[3].reshape(len(weight), 4, 4).sum(2)]
    queries = {q.name: q for q in plan.queries()}
    values = {}
    for name, query in queries.items():
        if len(query.columns) == 1:
            exact = weight @ shares[names[query.columns[0].removesuffix("__fine")]]
        else:
            exact = joint(weight, *(coarse[names[c]] for c in query.columns))
        values[name] = ROWS * exact + rng.normal(0, std, exact.shape)
    return plan, Sums(queries, values, dict.fromkeys(queries, std), ("one",)), (weight, coarse)


def learned(std, seed=0):
    plan, noised, exact = sums(std, seed)
    model = learn_root(CPU, plan, noised, Effort(classes=32, steps=600), np.random.default_rng(1), lambda _: None)
    return model, pairs(plan, noised), exact


def together(model, first, second):
    """What a model says of two variables: those of a couple hang together within classes too."""
    for clique, shares in model.shares.items():
        if {first, second} == {*clique}:
            both = np.einsum("k,kab->ab", model.weight, shares)
            return both if clique == (first, second) else both.T
    return joint(model.weight, model.margins[first], model.margins[second])


def distances(model, known, exact):
    """Total variation distance of every pair, of the model and of independent columns, from the truth."""
    weight, coarse = exact
    margins = np.split(known.margin, known.start[1:-1])
    couples = [(i, j) for i in range(4) for j in range(i)]
    real = [joint(weight, coarse[i], coarse[j]) for i, j in couples]
    off = [np.abs(together(model, NAMES[i], NAMES[j]) - r).sum() / 2 for (i, j), r in zip(couples, real, strict=True)]
    alone = [np.abs(np.outer(margins[i], margins[j]) - r).sum() / 2 for (i, j), r in zip(couples, real, strict=True)]
    return np.mean(off), np.mean(alone)


def test_without_noise_all_pairs_are_found():
    off, alone = distances(*learned(0.0))
    assert alone > 0.05
    assert off < 0.005


def test_with_noise_pairs_are_closer_than_the_noised_pairs_themselves():
    std = 60.0
    model, known, exact = learned(std)
    off, _ = distances(model, known, exact)
    blocks = list(zip(known.start[:-1], known.start[1:], strict=True))
    raw = []
    for i in range(4):
        for j in range(i):
            (a, b), (c, d) = blocks[i], blocks[j]
            raw.append(np.abs(known.shares[a:b, c:d] - joint(exact[0], exact[1][i], exact[1][j])).sum() / 2)
    assert off < 0.8 * np.mean(raw)


def test_noise_that_drowns_pairs_leaves_about_what_independent_columns_would():
    for seed in range(5):
        off, alone = distances(*learned(2_000.0, seed))
        assert off < 1.1 * alone


def test_margins_combine_everything_asked_by_inverse_variance():
    """Their variance is that of the best combination, one over the sum of precisions, less what the common total fixes."""
    std, errors, exact = 40.0, [], None
    for seed in range(200):
        plan, noised, (weight, coarse) = sums(std, seed)
        known = pairs(plan, noised)
        exact = weight @ coarse[2]
        errors.append((known.margin[known.start[2] : known.start[3]] - exact) * ROWS)
    precision = 1 / std**2 * (1 + 1 / 3 + 1 / 4 + 1 / 4)
    assert exact is not None
    assert np.mean(np.square(errors)) == pytest.approx((1 - 1 / 5) / precision, rel=0.15)


@given(st.lists(st.floats(-50, 100), min_size=1, max_size=20), st.integers(0, 2**32))
def test_shares_are_the_closest_distribution(noised, seed):
    """No other distribution is closer to the noised counts (definition of a projection)."""
    noised, rows = np.array(noised), 60.0
    found = share(noised, rows)
    assert found.min() >= 0
    assert found.sum() == pytest.approx(1)
    other = np.random.default_rng(seed).dirichlet(np.ones(len(noised)), 20)
    assert np.square(rows * found - noised).sum() <= np.square(rows * other - noised).sum(1).min() + 0.01


@given(st.integers(1, 5), st.integers(1, 6), st.integers(0, 2**32))
def test_counts_are_expectations_rounded_up_or_down(classes, codes, seed):
    rng = np.random.default_rng(seed)
    shares, sizes = rng.dirichlet(np.ones(codes), classes), rng.integers(0, 50, classes)
    counts = systematic(cumulative(shares), sizes, rng)
    assert counts.sum(1).tolist() == sizes.tolist()
    assert (np.abs(counts - shares * sizes[:, None]) < 1 + 1e-6).all()


def test_counts_are_right_on_average():
    rng = np.random.default_rng(0)
    shares, sizes = np.array([[0.1, 0.25, 0.65]]), np.array([7])
    mean = np.mean([systematic(cumulative(shares), sizes, rng)[0] for _ in range(4_000)], axis=0)
    assert mean == pytest.approx(shares[0] * 7, abs=0.04)


def mixture(couple=False):
    """The truth, or one where the first two columns hang together within classes as well."""
    plan, _, (weight, coarse) = sums(0.0)
    shares = {(name,): c for name, c in zip(NAMES, coarse, strict=True)}
    if couple:
        cells = np.random.default_rng(5).dirichlet(np.full(12, 0.3), len(weight))
        shares = {("c2",): coarse[2], ("x",): coarse[3], ("c0", "c1"): cells.reshape(-1, 3, 4)}
    return Mixture(plan, weight, shares, {"x": np.array([[[0.7, 0.1, 0.1, 0.1]] * 4])})


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32), st.booleans(), st.booleans())
def test_drawn_rows_follow_the_classes(seed, couple, evenly):
    """Every column and couple is met to within a row a class, every other pair within what independent draws would leave."""
    model, rows = mixture(couple), 30_000
    codes = (model.draw_evenly if evenly else model.draw)(rows, np.random.default_rng(seed))
    for name, shares in model.margins.items():
        counts = np.bincount(codes[name], minlength=shares.shape[1])
        assert np.abs(counts - rows * model.weight @ shares).max() <= 4 * (4 * len(model.weight) + 1)
    for first, second, size in (("c0", "c1", 4), ("c1", "c2", 5), ("c0", "x", 4)):
        expected = rows * together(model, first, second)
        counts = np.bincount(codes[first] * size + codes[second], minlength=expected.size).reshape(expected.shape)
        exact = couple and second == "c1"
        assert (np.abs(counts - expected) < (0 if exact else 5 * np.sqrt(expected)) + 10).all()


def test_parts_of_bins_come_as_often_as_they_should():
    model = mixture()
    for draw in (model.draw, model.draw_evenly):
        codes = draw(2_000, np.random.default_rng(0))
        assert (codes["x__fine"] // 4 == codes["x"]).all()
        counts = np.bincount(codes["x__fine"], minlength=16).reshape(4, 4)
        assert np.abs(counts - counts.sum(1, keepdims=True) * [0.7, 0.1, 0.1, 0.1]).max() <= 1


def test_the_order_of_rows_tells_nothing_of_classes():
    codes = mixture().draw(10_000, np.random.default_rng(0))["c2"]
    first, second = (np.bincount(half, minlength=5) / 5_000 for half in (codes[:5_000], codes[5_000:]))
    assert np.abs(first - second).sum() / 2 < 0.05
