"""Intervals of noised sums: as wide as the noise, no wider."""

import duckdb
import numpy as np
import pytest

from runners.intervals import macros

CELLS = 6
TRUTH = np.array([100.0, 20.0, 0.0, 5.0, 300.0, 40.0])


@pytest.fixture
def release():
    with duckdb.connect() as con:
        con.execute("create schema wardloom")
        for statement in macros("wardloom"):
            con.execute(statement)
        con.execute("create table wardloom.noised_sums (draw int, columns text[], labels text[], value double, std_error double)")
        yield con


def fill(con, draws, std):
    rng = np.random.default_rng(0)
    for cell in range(CELLS):
        noised = TRUTH[cell] + rng.normal(0, std, draws)
        labels = ["f" if cell < 3 else "m", f"age {cell % 3}"]
        con.executemany(
            "insert into wardloom.noised_sums values (?, ['sex', 'age'], ?, ?, ?)",
            [(i, labels, float(v), std) for i, v in enumerate(noised)],
        )


def test_intervals_of_a_condition_hold_the_truth_95_times_in_100(release):
    draws = 800
    fill(release, draws, 12.0)
    held = release.execute(
        """
        select count(*) filter (where ? between e.low and e.high)
        from (
            select wardloom.estimate(value, std_error) as e from wardloom.noised_sums
            where wardloom.label(columns, labels, 'sex') = 'm' group by draw
        )
        """,
        [TRUTH[3:].sum()],
    ).fetchone()[0]
    assert abs(held / draws - 0.95) < 4 * np.sqrt(0.95 * 0.05 / draws)


def test_the_standard_error_is_that_of_a_sum_of_independent_cells(release):
    fill(release, 1, 7.0)
    found = release.execute("select unnest(wardloom.estimate(value, std_error)) from wardloom.noised_sums").fetchone()
    assert found[1] == pytest.approx(7.0 * np.sqrt(CELLS))
    assert found[3] - found[2] == pytest.approx(2 * 1.959964 * found[1])


def test_a_label_of_a_column_that_is_not_there_is_null(release):
    fill(release, 1, 1.0)
    assert release.execute("select distinct wardloom.label(columns, labels, 'weight') from wardloom.noised_sums").fetchall() == [
        (None,)
    ]
