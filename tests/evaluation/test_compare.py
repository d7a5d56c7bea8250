"""Noised sums against synthetic answers: what is said about each query, and about all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluation.compare import compare
from evaluation.distance import tvd
from tests.evaluation.releases import PRIVATE, STD, drawn, noised
from tests.generators.studies import clinic


def test_without_noise_a_copy_is_not_off_at_all():
    found = compare(clinic(), noised(clinic(), drawn(1), 0.0), drawn(1))
    assert all(r.tvd == pytest.approx(0, abs=1e-12) and r.truth.high < 1e-9 for r in found.rows.values())
    assert not found.worst
    assert found.patients == pytest.approx(3000)


def test_without_noise_distances_are_those_of_the_shares():
    found = compare(clinic(), noised(clinic(), drawn(1), 0.0), drawn(2))
    for name, row in found.rows.items():
        a, b = drawn(1)[name], drawn(2)[name]
        assert row.tvd == pytest.approx(tvd(a / a.sum(), b / b.sum()), abs=1e-9), name
        assert row.tvd == row.truth.low == row.truth.high


def test_the_truth_itself_is_within_noise():
    """Synthetic tables that are the patients' own are off by what noise makes, and nothing more is reported."""
    found = [compare(clinic(), noised(clinic(), drawn(1), STD, seed), drawn(1)) for seed in range(8)]
    rows = [r for c in found for r in c.rows.values()]
    assert sum(r.clear for r in rows) <= 0.01 * len(rows)
    ratio = np.mean([r.tvd for r in rows]) / np.mean([r.noise for r in rows])
    assert ratio == pytest.approx(1, abs=0.04)


def test_a_shifted_column_is_found_and_named_first():
    wrong = dict(drawn(1))
    name = "patient: sex"
    wrong[name] = wrong[name] * np.array([1.5, 0.5])
    worst = compare(clinic(), noised(clinic(), drawn(1)), wrong).worst
    assert [r.query.name for r in worst[:1]] == [name]
    assert worst[0].truth.low <= 0.25 * 1.1


def test_size_of_the_synthetic_tables_does_not_matter():
    sums = noised(clinic(), drawn(1))
    small = compare(clinic(), sums, drawn(2))
    large = compare(clinic(), sums, {n: 7 * a for n, a in drawn(2).items()})
    for name, row in small.rows.items():
        assert row.tvd == pytest.approx(large.rows[name].tvd)


def test_the_number_of_patients_is_estimated_within_its_error():
    found = [compare(clinic(), noised(clinic(), drawn(1), STD, seed), drawn(2)) for seed in range(40)]
    errors = np.array([(c.patients - 3000) / c.patients_std for c in found])
    assert 0.6 < errors.std() < 1.4
    assert abs(errors.mean()) < 0.5


def test_noise_that_hides_everything_is_said_and_averages_leave_it_out():
    found = compare(clinic(), noised(clinic(), drawn(1), 5000.0), drawn(1))
    assert not found.worst
    assert all(level.judged == 0 for level in found.levels)
    assert all("noise hides" in line for line in (level.text() for level in found.levels))


def test_cells_no_row_can_be_in_are_no_evidence():
    """`ward` results have three bins, `lab` results four: noise in the fourth is not counted."""
    row = compare(clinic(), noised(clinic(), drawn(1)), drawn(2)).rows["visit: kind, result__fine"]
    assert not row.possible[1, 12:16].any()
    assert not row.noised[~row.possible].any()


def test_answers_of_another_study_are_refused():
    sums = noised(clinic(), drawn(1))
    name = "patient: sex"
    with pytest.raises(ValueError, match=name):
        compare(clinic(), sums, {**drawn(2), name: np.zeros(3)})
    with pytest.raises(KeyError):
        compare(clinic(), sums, {n: a for n, a in drawn(2).items() if n != name})
    with pytest.raises(ValueError, match="epsilon"):
        replace(PRIVATE, none="both")
