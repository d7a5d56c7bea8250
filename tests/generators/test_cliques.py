"""Couples: columns that decide each other are found and kept together; what noise could have made is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from generators.arrays import CPU, Arrays
from generators.marginal.classes import SMOOTH, _Problem, fit
from generators.marginal.cliques import ALL_CELLS, CELLS, Columns, cliques
from generators.marginal.pairs import Pairs
from tests.generators.away import CUPY

ROWS = 20_000.0


def known(joints, sizes, std, rng):
    """Pairs of columns that are independent but for `joints` {(first, second): shares}, with noise of `std` rows a cell."""
    start = np.cumsum([0, *sizes])
    margins = [np.full(size, 1 / size) for size in sizes]
    for (first, second), shares in joints.items():
        margins[first], margins[second] = shares.sum(1), shares.sum(0)
    margin, sd = np.concatenate(margins), max(std, 1.0) / ROWS
    shares, precision = np.outer(margin, margin), np.full((start[-1], start[-1]), sd**-2)
    for first, size in enumerate(sizes):
        one = slice(start[first], start[first] + size)
        precision[one, one] = 0.0
        for second in range(first + 1, len(sizes)):
            other = slice(start[second], start[second + 1])
            exact = joints.get((first, second), np.outer(margins[first], margins[second]))
            shares[one, other] = exact + rng.normal(0, std / ROWS, exact.shape)
            shares[other, one] = shares[one, other].T
    neighbours = np.zeros(start[-1] - 1, bool)
    return Pairs(start, ROWS, shares, precision, margin, np.full(len(margin), sd**-2), margin, neighbours)


def decided(first, second, rng):
    """Every code of the first column has one of the second, with as many rows as the others."""
    shares = np.zeros((first, second))
    shares[np.arange(first), rng.permutation(first) % second] = 1 / first
    return shares


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_columns_that_decide_each_other_go_together_and_no_others(seed):
    rng = np.random.default_rng(seed)
    found = cliques(known({(0, 2): decided(12, 6, rng)}, (12, 5, 6, 8), 40.0, rng))
    assert found.couples == ((0, 2),)
    assert sorted(v for clique in found.of for v in clique) == [0, 1, 2, 3]


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(1.0, 1e5))
@example(seed=13, std=997.0)  # one cell of noise is clear, and is a fifth of all rows
def test_noise_makes_no_couples(seed, std):
    assert cliques(known({}, (20, 25, 3, 8), std, np.random.default_rng(seed))).couples == ()


def test_couples_have_few_cells_and_share_no_column():
    rng = np.random.default_rng(0)
    joints = {(0, 1): decided(26, 27, rng), (2, 3): decided(24, 24, rng), (3, 4): decided(24, 24, rng)}
    joints |= {(5, 6): decided(25, 25, rng), (7, 8): decided(26, 26, rng)}
    sizes = (26, 27, 24, 24, 24, 25, 25, 26, 26)
    found = cliques(known(joints, sizes, 1.0, rng))
    cells = [sizes[a] * sizes[b] for a, b in found.couples]
    assert max(cells) <= CELLS and sum(cells) <= ALL_CELLS
    assert (0, 1) not in found.couples
    assert len({v for couple in found.couples for v in couple}) == 2 * len(found.couples) > 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.floats(1.0, 60.0))
def test_a_couple_begins_near_its_histogram_and_at_its_margins(seed, std):
    """Cells that noise cannot hide are known; what is left of rows is little, and goes where the margins say."""
    rng = np.random.default_rng(seed)
    shares = 0.9 * decided(8, 4, rng) + 0.1 / 32
    found = cliques(known({(0, 1): shares}, (8, 4), std, rng))
    assert found.of == ((0, 1),)
    margin = found.margin.reshape(8, 4)
    assert margin.sum() == pytest.approx(1) and margin.min() > 0
    assert margin.sum(1) == pytest.approx(shares.sum(1), abs=1e-3)
    assert margin.sum(0) == pytest.approx(shares.sum(0), abs=1e-3)
    assert np.abs(margin - shares).sum() / 2 < 0.1


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_slopes_go_back_the_way_shares_came(seed):
    """`back` is the transpose of `of`: <of(x), y> = <x, back(y)>."""
    rng = np.random.default_rng(seed)
    pairs = known({(1, 3): decided(6, 3, rng)}, (4, 6, 5, 3), 1.0, rng)
    found = cliques(pairs)
    columns = Columns(CPU, pairs, found, 2)
    x, y = (rng.normal(size=(2, n)).astype(np.float32) for n in (len(found.margin), len(pairs.margin)))
    there, back = columns.of(x).copy(), columns.back(y, np.empty_like(x))
    assert (there * y).sum() == pytest.approx((x * back).sum(), rel=1e-3, abs=1e-3)


def objective(problem, pairs, together, logits, log_weight):
    """What `classes` says it minimises, by definition and cell by cell."""
    shares = np.exp(logits)
    blocks = [slice(a, b) for a, b in zip(together.start[:-1], together.start[1:], strict=True)]
    for block in blocks:
        shares[:, block] /= shares[:, block].sum(1, keepdims=True)
    weight = np.exp(log_weight[0]) / np.exp(log_weight[0]).sum()
    size = np.diff(pairs.start)
    columns = {}
    for block, clique in zip(blocks, together.of, strict=True):
        joint = shares[:, block].reshape(len(weight), *size[list(clique)])
        for axis, v in enumerate(clique):
            columns[v] = joint.sum(tuple(a + 1 for a in range(len(clique)) if a != axis))
    found = 0.0
    for a, one in columns.items():
        found += ((weight @ one - pairs.single[pairs.block(a)]) ** 2 * pairs.single_precision[pairs.block(a)]).sum() / 2
        for b, other in columns.items():
            if a < b and (a, b) not in together.couples:
                off = np.einsum("k,ka,kb->ab", weight, one, other) - pairs.shares[pairs.block(a), pairs.block(b)]
                found += (off**2 * pairs.precision[pairs.block(a), pairs.block(b)]).sum() / 2
    found += ((weight @ shares - together.shares) ** 2 * together.precision).sum() / 2
    found += problem.plain * (weight[:, None] * shares * np.log(shares / together.margin)).sum()
    return found + roughness(together, logits)


def roughness(together, logits):
    """The part of it that is about neighbouring bins."""
    step = np.diff(logits - np.log(together.margin), axis=1)
    return SMOOTH / 2 * (step**2 * together.next).sum()


def binned(rng):
    """Columns of which the second and fourth are a couple, and all but the fourth are bins."""
    apart = np.outer(rng.dirichlet(np.full(4, 3.0)), rng.dirichlet(np.full(5, 3.0)))
    pairs = known({(1, 3): decided(6, 3, rng), (0, 2): apart}, (4, 6, 5, 3), 20.0, rng)
    pairs = replace(pairs, next=~np.isin(np.arange(17), (3, 9, *range(14, 17))))
    together = cliques(pairs)
    assert together.couples == ((1, 3),) and together.next.sum() == 3 + 4  # those of the first and the third
    return pairs, together, _Problem(CPU, pairs, together, 5)


@pytest.mark.parametrize("seed", range(3))
def test_slopes_are_those_of_what_is_minimised(seed):
    """Against central differences, along random directions."""
    rng = np.random.default_rng(seed)
    pairs, together, problem = binned(rng)
    at = np.log(together.margin) + rng.normal(size=(5, len(together.margin))), rng.normal(size=(1, 5))
    slopes = problem.slopes(*(part.astype(np.float32) for part in at))
    for part, slope in enumerate(slopes):
        way, step = rng.normal(size=at[part].shape), 1e-5
        there, back = (
            objective(problem, pairs, together, *(a + sign * step * way if i == part else a for i, a in enumerate(at)))
            for sign in (1, -1)
        )
        assert (there - back) / (2 * step) == pytest.approx(float((slope * way).sum()), rel=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_neighbouring_bins_pull_at_each_other(seed):
    """By itself, for beside the pairs' slopes it is little: against differences of what is quadratic, so they are exact."""
    rng = np.random.default_rng(seed)
    _, together, problem = binned(rng)
    logits = np.log(together.margin) + rng.normal(size=(5, len(together.margin)))
    slope = np.zeros(logits.shape, np.float32)
    problem._smooth(logits.astype(np.float32), slope)
    for _ in range(5):
        way = rng.normal(size=logits.shape)
        exact = (roughness(together, logits + way) - roughness(together, logits - way)) / 2
        assert float((slope * way).sum()) == pytest.approx(exact, rel=1e-4, abs=1e-4)


def test_classes_with_a_couple_are_the_same_wherever_they_are_fitted():
    rng = np.random.default_rng(7)
    pairs = known({(0, 2): decided(12, 6, rng)}, (12, 5, 6, 8), 40.0, rng)
    here, there = (
        fit(device, pairs, cliques(pairs), 16, 30, np.random.default_rng(1), lambda _: None) for device in (CPU, Arrays(CUPY))
    )
    assert np.allclose(here.weight, there.weight, atol=1e-6) and np.allclose(here.shares, there.shares, atol=1e-6)


def test_classes_meet_a_couple_and_its_pairs_with_others():
    """Three columns, the first two decide each other, the third follows from them: all pairs are met, and all three at once."""
    rng = np.random.default_rng(1)
    couple, follows = decided(8, 8, rng), rng.dirichlet(np.full(4, 0.5), 8)
    exact = couple[:, :, None] * follows[:, None, :]
    joints = {(0, 1): couple, (0, 2): exact.sum(1), (1, 2): exact.sum(0)}
    pairs = known(joints, (8, 8, 4), 20.0, rng)
    together = cliques(pairs)
    assert together.couples == ((0, 1),)
    found = fit(CPU, pairs, together, 32, 300, rng, lambda _: None)
    single, both = np.split(found.shares, together.start[1:-1], axis=1)
    model = np.einsum("k,kab,kc->abc", found.weight, both.reshape(-1, 8, 8), single)
    assert np.abs(model - exact).sum() / 2 < 0.1
