"""The search finds what it must find: otherwise finding nothing would prove nothing."""

import gzip
import shutil

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.e2e.hospitals import date, make, plant, real, text, whole
from tests.e2e.search import found_in, leaks, tables


@pytest.mark.parametrize("n", [0, 1, 7, 998, 1999])
def test_every_form_of_a_canary_is_found(n):
    days = duckdb.sql(f"select {date(n)}, datediff('day', date '1970-01-01', {date(n)})").fetchall()[0]
    forms = [
        text(n).encode(),
        text(n).upper().encode(),
        text(n).encode("utf-16"),
        str(whole(n)).encode(),
        f"{whole(n):,}".encode(),
        f"{real(n):.12e}".encode(),
        str(duckdb.sql(f"select ({date(n)})::varchar").fetchall()[0][0]).encode(),
        whole(n).to_bytes(8, "little", signed=True),
        np.float64(real(n)).tobytes(),
    ]
    forms.append((days[1] * 86_400_000_000).to_bytes(8, "little") if n % 2 == 0 else days[1].to_bytes(8, "little"))
    for form in forms:
        assert found_in(b"abc" + form + b"defghijk"), form
        assert found_in(form), form


def test_honest_bytes_hold_none():
    rng = np.random.default_rng(5)
    assert found_in(rng.bytes(1 << 20)) == ""
    assert found_in(rng.integers(-(10**6), 10**6, 10**5).tobytes()) == ""
    assert found_in(b"2026-01-31 1234567890 patient 5412345 7316") == ""


def test_canaries_are_found_in_what_is_packed(tmp_path):
    (tmp_path / "a.gz").write_bytes(gzip.compress(text(1).encode() * 3))
    np.savez_compressed(tmp_path / "b.npz", some=np.asarray([1, whole(5), 2]))
    pq.write_table(pa.table({"x": [real(4), 1.0]}), tmp_path / "c.parquet", compression="zstd")
    with duckdb.connect(str(tmp_path / "d.duckdb")) as con:
        con.execute(f"create table t as select {date(8)} as d from range(5000)")
    found = leaks(tmp_path)
    assert all(any(name in line for line in found) for name in ("a.gz", "b.npz", "c.parquet", "d.duckdb"))


def test_what_is_planted_is_there(tmp_path):
    file = make(tmp_path / "h" / "h.duckdb", 0)
    assert plant(file, 0) >= 500
    copy = tmp_path / "copy.duckdb"
    shutil.copy(file, copy)
    assert any(found_in(data) for _, data in tables(copy))
