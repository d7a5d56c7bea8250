"""What pictures are made from: means, shares and joined cells carry the errors they say, and lose nothing."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.compare import Row, compare
from evaluation.report.bars import Bar, joined, largest
from evaluation.report.heat import MOST, field
from evaluation.report.histogram import histogram, split
from evaluation.report.relations import means, shares
from evaluation.report.svg import Scale, ticks
from tests.evaluation.releases import drawn, noised
from tests.generators.studies import clinic


@pytest.fixture(scope="module")
def rows() -> dict[str, Row]:
    return dict(compare(clinic(), noised(clinic(), drawn(1), 0.0), drawn(1)).rows)


def redrawn(row: Row, std: float, times: int = 800) -> list[Row]:
    """The same true shares, noised again and again."""
    rng = np.random.default_rng(3)
    return [
        replace(row, noised=row.synthetic + row.possible * rng.normal(0, std, row.possible.shape), std=std) for _ in range(times)
    ]


def test_the_error_of_a_mean_is_what_simulation_shows(rows):
    row, std = rows["patient: sex, visit__count"], 0.0005
    found = [means(r) for r in redrawn(row, std)]
    for code in range(2):
        values = np.array([f[code].noised for f in found])
        assert values.std() == pytest.approx(found[0][code].std, rel=0.12)
        assert values.mean() == pytest.approx(found[0][code].synthetic, abs=4 * values.std() / len(values) ** 0.5 + 1e-3)


def test_the_error_of_a_share_within_a_line_is_what_simulation_shows(rows):
    row, std = rows["visit: patient__age, kind"], 0.001
    found = [shares(r, 1) for r in redrawn(row, std)]
    assert {len(f) for f in found} == {len(found[0])}
    for code in range(len(found[0])):
        values = np.array([f[code].noised for f in found])
        assert values.std() == pytest.approx(np.median([f[code].std for f in found]), rel=0.12)


def test_means_are_those_of_the_rows(rows):
    """Mean number of visits by sex, from the histogram alone, against a count of 12 whole-number codes by hand."""
    row = rows["patient: sex, visit__count"]
    for code, bar in enumerate(means(row)):
        p, spans = row.synthetic[code], row.axes[1].spans[0]
        middle = [(s[0] + s[1] - 1) / 2 for s in spans if s]
        assert bar.synthetic == pytest.approx((p * middle).sum() / p.sum())
        assert bar.noised == pytest.approx(bar.synthetic)


shares_of = st.lists(st.tuples(st.floats(0, 1), st.floats(-0.1, 1), st.floats(0, 0.1)), min_size=1, max_size=40)


@given(shares_of)
def test_joining_bars_keeps_sums_and_adds_variances(found):
    bars = [Bar(str(i), *x) for i, x in enumerate(found)]
    one = joined("all", bars)
    assert one.synthetic == pytest.approx(sum(b.synthetic for b in bars))
    assert one.noised == pytest.approx(sum(b.noised for b in bars))
    assert one.std**2 == pytest.approx(sum(b.std**2 for b in bars))
    few = largest(bars, 5)
    assert len(few) <= 5
    assert sum(b.noised for b in few) == pytest.approx(one.noised)


@given(st.lists(st.tuples(st.floats(0.01, 5000), st.floats(0, 1)), min_size=1, max_size=30), st.booleans())
def test_what_is_not_drawn_is_told(found, spike):
    edges = np.cumsum([0.0, *(w for w, _ in found)])
    bars = [Bar(f"{a} to {b}", s, s, 0.0, a, b) for a, b, (_, s) in zip(edges[:-1], edges[1:], found, strict=True)]
    bars += [Bar("0", 0.3, 0.3, 0.0, 0.0, 0.0)] if spike else []
    drawn_, told = split(bars)
    assert sum(b.synthetic for b in [*drawn_, *told]) == pytest.approx(sum(b.synthetic for b in bars))
    assert all(b.high > b.low for b in drawn_)
    assert all(a.high == b.low for a, b in pairwise(drawn_))


def test_area_is_share_whatever_the_widths():
    """Two bins of equal share, one ten times as wide: a tenth as high."""
    bars = [Bar("0 to 1", 0.5, 0.5, 0.0, 0.0, 1.0), Bar("1 to 11", 0.5, 0.5, 0.0, 1.0, 11.0)]
    html = histogram(bars, "number", "kg", "alt", bars)
    area = html.split('class="s" d="')[1].split('"')[0]
    heights = [float(x.split("H")[0]) for x in area.split("V")[1:3]]
    base = float(area.split("V")[0].split()[1])
    assert (base - heights[0]) == pytest.approx(10 * (base - heights[1]), rel=0.05)


def test_a_field_keeps_every_row_of_small_tables(rows):
    for row in rows.values():
        if row.ways > 1:
            found = field(row)
            assert found.synthetic.shape == (len(found.down), len(found.across)) == found.std.shape
            assert max(found.synthetic.shape) <= MOST + max(a.size for a in row.axes)
            assert found.synthetic.sum() == pytest.approx(row.synthetic.sum()), row.query.name


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 8))
def test_marks_are_round_and_inside(low, width, about):
    found = ticks(low, low + width, about)
    assert len(found) <= 2 * about + 2
    slack = 1e-6 * max(abs(low), width)
    assert all(low - slack <= t <= low + width + slack for t in found)


def test_a_scale_never_leaves_its_picture():
    scale = Scale(0, 10, 30, 300)
    assert [scale(x) for x in (-5, 0, 5, 10, 99)] == [30, 30, 165, 300, 300]
