"""What a hospital counts for a study that finds bins: exactly the cells of the definition, one row of a patient in each."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import replace

import duckdb
import numpy as np
import pytest

import runners.compile.coded
from generators.bins.find import find
from generators.bins.grid import grid
from generators.marginal.plan import Plan
from generators.marginal.structure import queries
from privacy.query import UNIT
from privacy.sums import Sums
from specs.lang.bounds import bound
from specs.lang.domain import equal_bins
from specs.lang.types import Column, Generator, Key, Study, Table
from tests.dbt.rendered import build, sums
from tests.generators.studies import choice, clinic, columns

DAYS = (bound("1950-01-01", "date"), bound("2029-12-31", "date"))
WIDE = (
    Column("cost", "integer", range=(-100, 99_999), bins=equal_bins(-100, 99_999, 32, True)),
    Column("weight", "integer", nullable=True, range=(0, 900_000), bins=equal_bins(0, 900_000, 32, True)),
    Column("level", "number", nullable=True, range=(-0.5, 60.0), bins=equal_bins(-0.5, 60.0, 32, False)),
    Column("born", "date", range=DAYS, bins=equal_bins(*DAYS, 32, True)),
)
FEW = Column("age", "integer", range=(0, 110), bins=equal_bins(0, 110, 32, True))


def wide() -> Study:
    """Four columns that bins are sought for, and two that need none."""
    patient = Table("patient", (Key("patient_id"),), columns(*WIDE, FEW, choice("sex", "f", "m")))
    return replace(clinic(), tables={"patient": patient}, constraints=(), generator=Generator("bins", "cpu"))


def people(number: int, seed: int) -> list[tuple[object, ...]]:
    """Values inside, at the ends of and outside of the ranges, and NULLs where they may be."""
    rng = np.random.default_rng(seed)
    found: list[tuple[object, ...]] = []
    for i in range(number):
        cost = int(rng.choice([0, -100, 99_999, 120_000, rng.integers(-200, 100_000)]))
        weight = None if rng.random() < 0.2 else int(rng.integers(-5, 900_100))
        level = None if rng.random() < 0.2 else float(rng.choice([-0.5, 60.0, 61.0, -7.0, rng.uniform(-0.5, 60)]))
        born = datetime.date(1950, 1, 1) + datetime.timedelta(days=int(rng.integers(-40, 29_300)))
        found.append((i, cost, weight, level, born, int(rng.integers(0, 110)), "f"))
    return found


def hospital(rows: Sequence[tuple[object, ...]]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    kinds = "patient_id bigint, cost bigint, weight bigint, level double, born date, age bigint, sex varchar"
    con.execute(f"create table patient ({kinds})")
    con.executemany("insert into patient values (?, ?, ?, ?, ?, ?, ?)", rows)
    build(con, wide())
    return con


def cell(column: Column, value: object) -> int:
    """The finest cell by its definition, of a value that is first moved into the range."""
    assert column.range
    low, high = column.range
    number = bound(value.isoformat(), "date") if isinstance(value, datetime.date) else float(str(value))
    number = min(max(number, low), high)
    if column.type == "number":
        ends = {low: 0, high: grid(column).cells - 1}
        return ends.get(number, 1 + math.floor((number - low) / (high - low) * 4096))
    return int((number - low) // grid(column).width)


def counts_are_those_of_the_definition(seed: int) -> None:
    rows = people(400, seed)
    found = sums(hospital(rows), wide())
    wanted = {q.name: np.zeros(q.cells, np.int64) for q in queries(wide())}
    for row in rows:
        for column, value in zip(WIDE, row[1:5], strict=True):
            for level in grid(column).levels if value is not None else ():
                wanted[f"patient: {column.name}__{level}"][cell(column, value) // level] += UNIT
    assert found.keys() == wanted.keys()
    for name, counts in wanted.items():
        assert np.array_equal(found[name], counts), name


@pytest.mark.parametrize("seed", [1, 2])
def test_sql_counts_are_exactly_those_of_the_definition(seed: int) -> None:
    counts_are_those_of_the_definition(seed)


def test_only_columns_of_many_numbers_are_asked_about() -> None:
    assert {q.columns[0].split("__")[0] for q in queries(wide())} == {column.name for column in WIDE}


def bound_is_reached() -> None:
    """With and without one patient, in L2 over all queries. Without NULL the declared bound is met exactly."""
    rows = [row for row in people(60, 3) if None not in row]
    a, b = sums(hospital(rows), wide()), sums(hospital(rows[1:]), wide())
    moved = sum(int(((a[n] - b[n]) ** 2).sum()) for n in a)
    assert moved == sum(q.scale**2 for q in queries(wide()))


def test_one_patient_more_changes_the_counts_within_the_declared_bound() -> None:
    bound_is_reached()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("from finest", "from finest, (values (1), (2)) twice"),
        ('"weight__1" // 256', '("weight__1" // 256) * (patient_id % 2)'),
        ("from finest", "from finest where patient_id > 1"),
    ],
)
def test_planted_bugs_in_the_coded_table_are_caught(monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    made = runners.compile.coded.gridded

    def planted(study: Study, plan: Plan) -> str:
        sql = made(study, plan)
        if right not in sql:
            pytest.fail("nothing to plant")
        return sql.replace(right, wrong)

    monkeypatch.setattr(runners.compile.coded, "gridded", planted)
    with pytest.raises(AssertionError):
        bound_is_reached()
        counts_are_those_of_the_definition(1)


def test_a_value_that_many_share_is_found_from_the_hospitals_counts() -> None:
    """From rows to edges without noise: numbers, days and the end of other numbers, each in its own units."""
    rows = people(500, 4)
    shared = [(1_000 + i, 7_298, 450_000, 60.0, datetime.date(2000, 2, 29), 50, "m") for i in range(100)]
    study = wide()
    exact = {n: v / UNIT for n, v in sums(hospital([*rows, *shared]), study).items()}
    asked = {q.name: q for q in queries(study)}
    found = find(study, Sums(asked, exact, dict.fromkeys(exact, 0.0), ("one",)))
    cost, level, born = found["cost"], found["level"], found["born"]
    assert cost and level and born and found["weight"]
    day = bound("2000-02-29", "date")
    assert {7_298, 7_299} <= set(cost) and {day, day + 1} <= set(born) and level[-2:] == (60.0, 60.0)
