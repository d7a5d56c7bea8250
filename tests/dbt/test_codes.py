"""Codes of numbers: SQL at a hospital and NumPy in the generator put every value into the same bin and part."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.marginal.encode import encode
from runners.compile.sql import as_number, bins, fine, number
from specs.lang.domain import WHOLE, domain, equal_bins, geometric_bins
from specs.lang.types import Bins, Column

FEW = settings(max_examples=60, deadline=None)
FINITE = st.floats(-1e7, 1e7, allow_nan=False).map(lambda x: round(x, 3))


@pytest.fixture(scope="module")
def con():
    return duckdb.connect()


@st.composite
def edges(draw, whole: bool) -> tuple[float, ...]:
    """Increasing edges, some of them twice."""
    values = st.integers(-5000, 5000).map(float) if whole else FINITE
    found = sorted(draw(st.sets(values, min_size=2, max_size=8)))
    twice = draw(st.lists(st.sampled_from(found), max_size=2, unique=True))
    return tuple(sorted([*found, *twice]))


def near(cuts: tuple[float, ...], whole: bool) -> list[float]:
    """Values at the edges, beside them, and in between."""
    step = [(-1.0, 1.0)] if whole else [(math.nextafter(e, -math.inf) - e, math.nextafter(e, math.inf) - e) for e in cuts]
    found = {e + d for e in cuts for pair in step for d in (0.0, *pair)}
    found |= {a + (b - a) * i / 7 for a, b in pairwise(cuts) for i in range(8)}
    return sorted({min(max(float(round(x)) if whole else x, cuts[0]), cuts[-1]) for x in found})


def agree(con, column: Column, values: list[float], sql: str = "x", cells: int = 1, by: list[int] | None = None) -> None:
    dom, whole = domain(column), column.type in WHOLE
    kind = np.int64 if whole else np.float64
    arrays = {"row": np.arange(len(values)), "x": np.array(values, kind), "kind": np.array(by or [0] * len(values))}
    con.register("arriving", pa.table(arrays))
    kind_sql = "kind" if dom.by else None
    code = bins(dom, whole, sql, kind_sql)
    got = con.execute(f"select {code}, {fine(dom, whole, sql, f'({code})', kind_sql)} from arriving order by row").fetchnumpy()
    con.unregister("arriving")
    wanted = encode(dom, arrays["x"], np.zeros(len(values), bool), arrays["kind"] if dom.by else None)
    for mine, theirs in zip(got.values(), wanted, strict=True):
        assert np.array_equal(np.asarray(mine), theirs)


@FEW
@given(st.data(), st.booleans())
def test_any_edges(con, data, whole):
    cuts = data.draw(edges(whole))
    column = Column("x", "integer" if whole else "number", range=(cuts[0], cuts[-1]), bins=Bins((cuts,)))
    agree(con, column, near(cuts, whole))


@FEW
@given(st.data())
def test_edges_that_depend_on_another_column(con, data):
    kinds = [data.draw(edges(False)) for _ in range(3)]
    low, high = min(k[0] for k in kinds), max(k[-1] for k in kinds)
    column = Column("x", "number", range=(low, high), bins=Bins(tuple(kinds), "kind"))
    values = [x for k in kinds for x in near(k, False)]
    agree(con, column, values * 3, by=[k for k in range(3) for _ in values])


@FEW
@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5), st.integers(1, 40), st.booleans())
def test_equal_and_growing_bins(con, low, width, count, whole):
    """Edges such as 0.1 + 0.2 have 17 digits: SQL must read them back to the last bit."""
    if whole:
        low, width = math.floor(low), math.ceil(width)
    kind = "integer" if whole else "number"
    for found in (equal_bins(low, low + width, count, whole), geometric_bins(width, whole)):
        cuts = found.edges[0]
        agree(con, Column("x", kind, range=(cuts[0], cuts[-1]), bins=found), near(cuts, whole))


@FEW
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_are_read_back_exactly(con, value):
    found = con.execute(f"select cast({number(value)} as double), typeof({number(value)})").fetchall()[0]
    assert found[0] == value
    assert found[1] in {"DOUBLE", "INTEGER", "BIGINT"}


@FEW
@given(st.dates(date(1700, 1, 1), date(2300, 1, 1)))
def test_dates_are_days_since_1970(con, day):
    sql = as_number(Column("x", "date"), f"date '{day.isoformat()}'")
    assert con.execute(f"select {sql}").fetchall()[0][0] == (day - date(1970, 1, 1)) // timedelta(days=1)


@FEW
@given(st.datetimes(datetime(1700, 1, 1), datetime(2300, 1, 1)))
def test_timestamps_are_whole_seconds_since_1970(con, moment):
    sql = as_number(Column("x", "timestamp"), f"timestamp '{moment.isoformat(sep=' ')}'")
    whole = math.floor((moment.replace(microsecond=0, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    assert con.execute(f"select {sql}").fetchall()[0][0] == whole
