"""What a hospital's SQL does with real life, and that its sums are exactly those of the definition."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from generators.frame import Tables
from generators.marginal.structure import queries
from runners.columnar import table_of
from specs.lang.types import Bins, Column, Key, Parent, Study, Table
from tests.dbt.rendered import build, expected, sums
from tests.generators.studies import choice, clinic, columns, made_up, number


def hospital(study: Study, tables: Tables, parents: dict[str, np.ndarray]) -> duckdb.DuckDBPyConnection:
    """The made-up tables as a hospital would hold them, with keys."""
    con = duckdb.connect()
    patient = tables["patient"]["patient_id"].values
    keyed = {"patient": dict(tables["patient"])}
    for name, owner in (("visit", "patient"), ("charge", "visit")):
        rows = len(parents[name])
        own = np.char.add("v", np.arange(rows).astype(str)) if name == "visit" else np.arange(rows)
        keys = {"visit_id": own, "patient_id": patient[parents[name]]} if name == "visit" else {"line": own}
        if name == "charge":
            keys["visit_id"] = keyed["visit"]["visit_id"].values[parents[name]]
        none = np.zeros(rows, bool)
        keyed[name] = {k: type(patient_series(tables))(v, none) for k, v in keys.items()} | dict(tables[name])
        assert owner
    for name, frame in keyed.items():
        con.register("arriving", table_of(study, name, frame))
        con.execute(f'CREATE TABLE "{name}" AS SELECT * FROM arriving').fetchall()
        con.unregister("arriving")
    return con


def patient_series(tables: Tables):
    return tables["patient"]["age"]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sql_sums_are_exactly_those_of_the_definition(seed):
    """SQL at the hospital and NumPy over the same bounded rows: equal in every cell of every query, as integers."""
    study = clinic()
    con = hospital(study, *made_up(study, 300, seed))
    build(con, study)
    got, wanted = sums(con, study), expected(con, study)
    for query in queries(study):
        assert np.array_equal(got[query.name], wanted[query.name]), query.name


@pytest.mark.parametrize("kind", ["decimal(12, 1)", "double"])
def test_keys_that_would_be_rounded_to_those_of_another_patient_are_none(kind):
    """Patients 7.1 and 7.2 are not patient 7: taken together they would move the sums by more than one patient may."""
    study, found = clinic(), []
    for parts in ((), (0.1, 0.2)):
        con = hospital(study, *made_up(study, 60, 4))
        for table in ("patient", "visit"):
            con.execute(f"ALTER TABLE {table} ALTER patient_id TYPE {kind} USING patient_id").fetchall()
        con.execute("CREATE TABLE mine AS SELECT min(patient_id) AS patient_id FROM visit").fetchall()
        for part in parts:
            key = f"patient_id + {part} AS patient_id"
            con.execute(f"INSERT INTO patient SELECT * REPLACE ({key}) FROM patient SEMI JOIN mine USING (patient_id)").fetchall()
            row = f"SELECT * REPLACE ({key}, visit_id || '{part}' AS visit_id) FROM visit"
            con.execute(f"INSERT INTO visit {row} SEMI JOIN mine USING (patient_id)").fetchall()
        build(con, study)
        found.append(sums(con, study))
    assert all(np.array_equal(found[0][name], found[1][name]) for name in found[0])


def test_one_patient_more_changes_the_sums_within_the_declared_bound():
    """The bound on the real SQL: with and without one patient, all their rows, in L2 over all queries."""
    study = clinic()
    with_all, without = (hospital(study, *made_up(study, 120, 5)) for _ in range(2))
    heaviest = with_all.execute("SELECT patient_id FROM visit GROUP BY 1 ORDER BY count(*) DESC LIMIT 1").fetchall()[0][0]
    without.execute(f"DELETE FROM charge WHERE visit_id IN (SELECT visit_id FROM visit WHERE patient_id = {heaviest})").fetchall()
    without.execute(f"DELETE FROM visit WHERE patient_id = {heaviest}").fetchall()
    without.execute(f"DELETE FROM patient WHERE patient_id = {heaviest}").fetchall()
    for con in (with_all, without):
        build(con, study)
    a, b = sums(with_all, study), sums(without, study)
    moved = sum(int(((a[n] - b[n]) ** 2).sum()) for n in a)
    assert 0 < moved <= sum(q.scale**2 for q in queries(study))


def ward(**given: object) -> Study:
    """One child table with everything that can go wrong."""
    stay = Table(
        "stay",
        (Key("stay_id"),),
        columns(number("day", 0, 100, 10), choice("kind", "a", "b", nullable=True), number("cost", 0, 10, 5, whole=False)),
        parent=Parent("patient", ("patient_id",), 3),
        order_by="day",
    )
    patient = Table("patient", (Key("patient_id"),), columns(number("age", 0, 99, 10)))
    return replace(clinic(), tables={"patient": patient, "stay": replace(stay, **given)}, constraints=())


def rows(study: Study, patients: str, stays: str) -> list[tuple]:
    con = duckdb.connect()
    con.execute(f"CREATE TABLE patient AS SELECT * FROM (VALUES {patients}) t(patient_id, age)").fetchall()
    con.execute(f"CREATE TABLE stay AS SELECT * FROM (VALUES {stays}) t(stay_id, patient_id, day, kind, cost)").fetchall()
    build(con, study)
    return con.execute('SELECT stay_id, day, kind, cost FROM "clinic__bounded_stay" ORDER BY stay_id').fetchall()


def test_values_outside_the_domain_are_moved_to_its_ends():
    found = rows(ward(), "(1, 40), (2, 500)", "(1, 1, -7, 'a', 99.0), (2, 2, 1000, 'zebra', -1.0)")
    assert found == [(1, 0, "a", 10.0), (2, 100, None, 0.0)]


def test_a_string_outside_its_values_leaves_out_the_row_unless_it_may_be_null():
    study = ward(columns=columns(number("day", 0, 100, 10), choice("kind", "a", "b"), number("cost", 0, 10, 5, whole=False)))
    assert rows(study, "(1, 40)", "(1, 1, 5, 'zebra', 1.0), (2, 1, 5, 'a', 1.0)") == [(2, 5, "a", 1.0)]


def test_rows_with_numbers_that_are_not_finite_are_left_out():
    stays = "(1, 1, 5, 'a', 'nan'::double), (2, 1, 5, 'a', 'infinity'::double), (3, 1, 5, 'a', 2.0)"
    assert rows(ward(), "(1, 40)", stays) == [(3, 5, "a", 2.0)]


@pytest.mark.parametrize("kind", ["double", "varchar"])
@pytest.mark.parametrize("odd", ["inf", "-inf", "nan", "1e30", "-1e30"])
def test_rows_with_what_no_whole_number_can_be_are_left_out(odd, kind):
    stays = f"(1, 1, '{odd}'::{kind}, 'a', 1.0), (2, 1, '5'::{kind}, 'a', 2.0), (3, 1, NULL, 'a', 3.0)"
    assert rows(ward(), "(1, 40)", stays) == [(2, 5, "a", 2.0)]


def test_orphans_repeated_keys_and_rows_without_a_key_are_left_out():
    stays = "(1, 1, 5, 'a', 1.0), (1, 1, 6, 'b', 1.0), (2, 99, 5, 'a', 1.0), (NULL, 1, 5, 'a', 1.0)"
    assert rows(ward(), "(1, 40)", stays) == [(1, 5, "a", 1.0)]


def test_only_the_first_rows_of_a_parent_count():
    stays = ", ".join(f"({i}, 1, {50 - i}, 'a', 1.0)" for i in range(10))
    assert [r[0] for r in rows(ward(), "(1, 40)", stays)] == [7, 8, 9]


def test_unique_columns_keep_the_first_row():
    stays = "(1, 1, 9, 'a', 1.0), (2, 1, 3, 'a', 1.0), (3, 1, 4, 'b', 1.0)"
    assert [r[0] for r in rows(ward(unique=(("kind",),)), "(1, 40)", stays)] == [2, 3]


def test_a_hospital_without_patients_answers_zeros():
    study = ward()
    con = duckdb.connect()
    con.execute("CREATE TABLE patient (patient_id BIGINT, age BIGINT)").fetchall()
    con.execute("CREATE TABLE stay (stay_id BIGINT, patient_id BIGINT, day BIGINT, kind VARCHAR, cost DOUBLE)").fetchall()
    build(con, study)
    assert all(total.sum() == 0 for total in sums(con, study).values())


def test_names_and_values_with_quotes_braces_and_other_scripts():
    """Identifiers are quoted, values escaped: for SQL and for dbt's templates."""
    kind = Column("größe_类", "string", values=("it's", "{{ 1 }}", "{% x %}", "–"))
    study = ward(columns=columns(number("day", 0, 100, 10), kind))
    con = duckdb.connect()
    con.execute("CREATE TABLE patient AS SELECT 1 AS patient_id, 30 AS age").fetchall()
    con.register("arriving", pa.table({"stay_id": [1, 2], "patient_id": [1, 1], "day": [1, 2], "größe_类": ["it's", "{{ 1 }}"]}))
    con.execute("CREATE TABLE stay AS SELECT * FROM arriving").fetchall()
    build(con, study)
    found = con.execute('SELECT "größe_类" FROM "clinic__coded_stay" ORDER BY __row').fetchall()
    assert found == [(0,), (1,)]


def test_a_bin_that_holds_one_value_is_told_from_its_neighbours():
    cost = Column("cost", "number", range=(0, 10), bins=Bins(((0.0, 0.0, 1.0, 10.0),)))
    study = ward(columns=columns(number("day", 0, 100, 10), cost))
    con = duckdb.connect()
    con.execute("CREATE TABLE patient AS SELECT 1 AS patient_id, 30 AS age").fetchall()
    con.execute("CREATE TABLE stay AS SELECT i AS stay_id, 1 AS patient_id, i AS day, v AS cost "
                "FROM (VALUES (1, 0.0), (2, 0.5), (3, 1.0)) t(i, v)").fetchall()  # fmt: skip
    build(con, study)
    assert con.execute('SELECT cost FROM "clinic__coded_stay" ORDER BY __row').fetchall() == [(0,), (1,), (2,)]


@pytest.mark.parametrize("size", [2, 63, 254, 255, 256, 257])
def test_columns_with_any_number_of_codes_are_counted_exactly(size):
    """A bin for each number, and categories, around what one byte holds, NULL included; in the root table and below it."""
    many = [str(i) for i in range(size)]
    asked = [number("age", 0, size - 1, size, nullable=True), choice("code", *many, nullable=True), number("dose", 0, 9, 3)]
    patient = Table("patient", (Key("patient_id"),), columns(*asked))
    kind = columns(choice("kind", *many, nullable=True))
    stay = Table("stay", (Key("stay_id"),), kind, parent=Parent("patient", ("patient_id",), 2))
    study = replace(ward(), tables={"patient": patient, "stay": stay})
    con = duckdb.connect()
    code = f"case when i % 7 > 0 then i % {size} end"
    made = f"i AS patient_id, {code} AS age, {code} AS code, i % 10 AS dose"
    con.execute(f"CREATE TABLE patient AS SELECT {made} FROM range({3 * size}) t(i)").fetchall()
    made = f"i AS stay_id, i // 2 AS patient_id, {code} AS kind"
    con.execute(f"CREATE TABLE stay AS SELECT {made} FROM range({4 * size}) t(i)").fetchall()
    build(con, study)
    got, wanted = sums(con, study), expected(con, study)
    for query in queries(study):
        assert np.array_equal(got[query.name], wanted[query.name]), query.name
