"""Where columns are cut, from noised counts of their cells."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.bins.cut import EQUAL, MOST, cut
from generators.bins.grid import BRANCH, Grid, grid
from generators.bins.tree import consistent
from generators.marginal.structure import MOST_CELLS
from specs.lang.binning import default_bins
from specs.lang.bounds import check_edges
from specs.lang.domain import domain
from specs.lang.types import Bins, Column

WHOLE = grid(Column("x", "integer", range=(0, 9_999)))
OTHER = grid(Column("x", "number", range=(-1.0, 3.0)))


def levels(cells: Grid, counts: np.ndarray, std: float = 0.0, seed: int = 0) -> list[np.ndarray]:
    """What a hospital would answer for each level, with noise."""
    rng = np.random.default_rng(seed)
    sums = [np.add.reduceat(counts.astype(float), np.arange(0, len(counts), level)) for level in cells.levels]
    return [s + rng.normal(0, std, len(s)) if std else s for s in sums]


def found(cells: Grid, counts: np.ndarray, std: float = 0.0, seed: int = 0) -> tuple[float, ...] | None:
    return cut(cells, consistent(levels(cells, counts, std, seed)), std)


def counted(cells: Grid, values: np.ndarray) -> np.ndarray:
    return np.bincount(((values - cells.low) // cells.width).astype(int), minlength=cells.cells)


@pytest.mark.parametrize("low", [-(2**53), 1 - 2**53, 0])
@pytest.mark.parametrize("high", [1, 2**53])
def test_the_last_number_of_the_widest_range_has_a_cell(low: int, high: int) -> None:
    """As integers: a difference of floats has no place for the one that both ends count."""
    cells = grid(Column("x", "integer", range=(float(low), float(high))))
    assert (high - low) // int(cells.width) < cells.cells


# the tree


@pytest.mark.parametrize("cells", [33, 16 * 16, 16 * 16 + 1, 700])
def test_all_levels_together_are_met_as_least_squares_meet_them(cells: int) -> None:
    """The definition: each cell of each level is one equally uncertain equation over the finest cells."""
    rng = np.random.default_rng(cells)
    widths = [1, BRANCH, BRANCH**2] if cells > 512 else [1, BRANCH]
    rows = [np.kron(np.eye(math.ceil(cells / w)), np.ones(w))[:, :cells] for w in widths]
    answers = [r @ rng.poisson(30, cells) + rng.normal(0, 9, len(r)) for r in rows]
    wanted = np.linalg.lstsq(np.concatenate(rows), np.concatenate(answers), rcond=None)[0]
    assert np.allclose(consistent(answers), wanted, atol=1e-8)


def test_exact_counts_come_back_as_they_are() -> None:
    counts = np.random.default_rng(0).poisson(3, WHOLE.cells)
    assert np.allclose(consistent(levels(WHOLE, counts)), counts)


def test_wide_intervals_are_known_nearly_as_well_as_one_cell() -> None:
    """Half of 10,000 cells would be uncertain by 71 standard errors if the finest were added up."""
    off = [consistent(levels(WHOLE, np.zeros(WHOLE.cells), 1.0, seed))[:5_000].sum() for seed in range(200)]
    assert np.std(off) < 5


# cuts


def test_values_that_many_share_have_bins_of_their_own() -> None:
    rng = np.random.default_rng(1)
    shared = (np.zeros(900), np.full(60, 7_298), np.full(70, 7_299), np.full(30, 9_999))
    values = np.concatenate([*shared, rng.integers(0, 9_999, 300)])
    edges = found(WHOLE, counted(WHOLE, values))
    assert edges is not None
    for value in (0, 7_298, 7_299):
        assert {value, value + 1} <= set(edges)
    assert edges[-2:] == (9_999, 9_999)
    assert len(edges) - 1 < EQUAL * 2 + 8


def test_where_people_round_the_round_numbers_have_bins() -> None:
    rng = np.random.default_rng(2)
    values = np.clip(rng.normal(5_000, 700, 60_000), 0, 9_999).astype(int)
    round_ones = rng.random(len(values)) < 0.5
    values[round_ones] = values[round_ones] // 500 * 500
    edges = found(WHOLE, counted(WHOLE, values))
    assert edges is not None and {4_500, 4_501, 5_000, 5_001, 5_500, 5_501} <= set(edges)


@pytest.mark.parametrize("std", [0.0, 10.0])
@pytest.mark.parametrize("seed", range(5))
def test_values_that_come_by_chance_have_none(std: float, seed: int) -> None:
    """A smooth distribution, thin and dense: nothing but the parts of equal weight and of equal width."""
    rng = np.random.default_rng(seed)
    for rows in (500, 5_000, 100_000):
        edges = found(WHOLE, counted(WHOLE, np.minimum(rng.exponential(900, rows), 9_999).astype(int)), std, seed)
        assert edges is not None and len(edges) - 1 <= 2 * EQUAL - 1


def test_bins_are_neither_heavy_nor_wide() -> None:
    values = np.minimum(np.random.default_rng(3).exponential(400, 100_000), 9_999)
    edges = found(WHOLE, counted(WHOLE, values), 20.0)
    assert edges is not None
    shares = np.histogram(values, edges)[0] / len(values)
    assert shares.max() < 1.2 / EQUAL
    assert np.diff(edges).max() <= math.ceil(10_000 / EQUAL)


@pytest.mark.parametrize("cells", [WHOLE, OTHER])
def test_noise_alone_gives_no_bins(cells: Grid) -> None:
    for seed in range(20):
        assert found(cells, np.zeros(cells.cells), 30.0, seed) is None


def test_the_ends_of_other_numbers_have_bins_where_many_lie_there() -> None:
    inside = np.full(OTHER.cells - 2, 1)
    assert (edges := found(OTHER, np.array([500, *inside, 400]))) and edges[:2] == (-1.0, -1.0) and edges[-2:] == (3.0, 3.0)
    assert (edges := found(OTHER, np.array([0, *inside, 1]))) and edges[1] > -1.0 and edges[-2] < 3.0


@given(
    st.sampled_from([(0, 300), (-5, 40_000), (0, 5_000_000)]),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 10_000)), max_size=200),
    st.sampled_from([0.0, 0.5, 30.0]),
    st.booleans(),
)
@settings(deadline=None, max_examples=150)
def test_whatever_the_counts_edges_are_those_of_a_spec(
    ends: tuple[int, int], counts: list[tuple[float, int]], std: float, whole: bool
) -> None:
    cells = grid(Column("x", "integer" if whole else "number", range=ends))
    told = np.zeros(cells.cells)
    for place, rows in counts:
        told[int(place * (cells.cells - 1))] += rows
    edges = found(cells, told, std)
    if edges is None:
        return
    assert not check_edges(list(edges))
    assert (edges[0], edges[-1]) == ends
    assert len(edges) - 1 <= MOST + 2


def test_two_columns_with_most_bins_are_still_asked_about_together() -> None:
    assert (MOST + 1) ** 2 <= MOST_CELLS


@pytest.mark.parametrize("std", [0.0, 30.0])
def test_skewed_numbers_are_told_better_than_by_the_bins_of_default(std: float) -> None:
    """Largest distance between distribution functions where values are spread evenly in each part of a bin."""
    values = np.minimum(np.exp(np.random.default_rng(5).normal(1, 1, 20_000)), 500.0)
    column = Column("x", "number", range=(0.0, 500.0))
    cells = grid(column)
    told = 1 + np.minimum(4_095, (values * 4_096 / 500).astype(int))
    edges = found(cells, np.bincount(np.where(values == 500, cells.cells - 1, told), minlength=cells.cells), std)
    assert edges is not None
    assert 4 * spread(edges, values) < spread(default_bins(0.0, 500.0, 64, False).edges[0], values)


def spread(edges: tuple[float, ...], values: np.ndarray) -> float:
    (bins,) = domain(Column("x", "number", range=(edges[0], edges[-1]), bins=Bins((edges,)))).cells
    ends = np.unique([b.low + (b.high - b.low) * part / b.parts for b in bins for part in range(b.parts + 1)])
    at = np.sort(values)
    true = np.searchsorted(at, at, side="right") / len(at)
    known = np.searchsorted(at, ends, side="right") / len(at)
    return float(np.abs(np.interp(at, ends, known) - true).max())
