"""The released database and model."""

import json
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from generators.frame import Series, known, narrow
from generators.marginal.structure import queries, structure
from privacy.sums import Sums
from runners import release
from runners.columnar import from_arrow, table_of, to_arrow
from runners.files import sha256
from runners.labels import labels
from specs.lang.types import Column, Key, Table


def sums_of(study):
    asked = queries(study)
    values = {q.name: np.arange(q.cells, dtype=float).reshape(q.shape) for q in asked}
    return Sums({q.name: q for q in asked}, values, {q.name: 2.5 for q in asked}, tuple(study.sites))


def tables():
    patient = {
        "patient_id": known(np.arange(3)),
        "age": known(np.asarray([1, 50, 99])),
        "sex": Series(np.asarray([0, 1, 0]), np.asarray([False, False, True]), ("F", "M")),
    }
    lab = {
        "patient_id": known(np.asarray([0, 2])),
        "days": known(np.asarray([5, 6])),
        "test": Series(np.asarray([1, 0]), np.zeros(2, bool), ("hdl", "sbp")),
    }
    return {"patient": patient, "lab": lab}


def files(study, folder):
    """The tables as Parquet files; patients in two of them."""
    found = {}
    for name, frame in tables().items():
        rows = table_of(study, name, frame, drawn=True)
        found[name] = [folder / f"{name}{i}.parquet" for i in range(2)]
        for file, part in zip(found[name], (rows.slice(0, 2), rows.slice(2)), strict=True):
            pq.write_table(part, file)
    return found


@pytest.fixture
def database(study, tmp_path):
    file = tmp_path / "r.duckdb"
    facts = {"spec": study.name, "epsilon": 1.0, "sites": ["a"]}
    release.write_database(file, study, files(study, tmp_path), sums_of(study), facts)
    return duckdb.connect(str(file), read_only=True)


def test_drawn_tables_have_the_types_of_the_spec_but_narrow_integers(database):
    found = database.sql("describe sampled.patient").fetchall()
    assert [(c[0], c[1]) for c in found] == [("patient_id", "BIGINT"), ("age", "INTEGER"), ("sex", "VARCHAR")]
    assert database.sql("select * from sampled.patient order by 1").fetchall() == [(0, 1, "F"), (1, 50, "M"), (2, 99, None)]


def test_every_noised_sum_is_there_with_its_meaning(study, database):
    total = sum(q.cells for q in queries(study))
    assert database.sql("select count(*), min(std_error), max(std_error) from wardloom.noised_sums").fetchall() == [
        (total, 2.5, 2.5)
    ]
    row = database.sql(
        "select codes, labels, value from wardloom.noised_sums where query = 'patient: age, sex' and cell = 5"
    ).fetchall()
    assert row == [([1, 2], ["20 to 39", "NULL"], 5.0)]
    wrong = database.sql(
        "select count(*) from wardloom.noised_sums where len(labels) <> len(codes) or list_contains(labels, NULL)"
    ).fetchall()
    assert wrong == [(0,)]


def test_reference_tables_come_along(study, tmp_path):
    (tmp_path / "seeds").mkdir()
    (tmp_path / "seeds" / "region.csv").write_text("code,people\n01,5\n02,\n")
    region = Table("region", (Key("code", "string"),), {"people": Column("people", "integer")}, reference="seeds/region.csv")
    study = replace(study, tables={"region": region, **study.tables})
    release.write_database(tmp_path / "r.duckdb", study, files(study, tmp_path), sums_of(study), {})
    with duckdb.connect(str(tmp_path / "r.duckdb")) as con:
        assert con.sql("from sampled.region").fetchall() == [("01", 5), ("02", None)]


def test_facts_are_texts(database):
    assert dict(database.sql("from wardloom.facts").fetchall()) == {"spec": "small-one", "epsilon": "1.0", "sites": '["a"]'}


def test_every_code_of_every_query_has_a_label(study):
    plans = {p.table: p for p in structure(study)}
    for query in queries(study):
        for column, size in zip(query.columns, query.shape, strict=True):
            assert len(labels(study, plans, query.table, column)) == size, (query.name, column)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("integer", [1, 2], [1, None]),
        ("number", [1.5, 2.0], [1.5, None]),
        ("date", [0, 1], ["1970-01-01", None]),
        ("timestamp", [86_400, 0], ["1970-01-02 00:00:00", None]),
    ],
)
def test_columns_survive_arrow(kind, values, expected):
    series = Series(np.asarray(values), np.asarray([False, True]))
    array = to_arrow(series, kind)
    shown = [None if v is None else str(v) if kind in ("date", "timestamp") else v for v in array.to_pylist()]
    assert shown == expected
    back = from_arrow(array, kind)
    assert back.values[0] == values[0] and back.null.tolist() == [False, True]


def test_integers_are_narrow_where_their_range_is():
    ranges = {(0, 5): True, (-(2**30), 0): False, (0, 2**40): False}
    assert {ends: narrow(Column("a", "integer", range=ends)) for ends in ranges} == ranges
    assert not narrow(Column("a", "integer")) and not narrow(Column("a", "number", range=(0, 5)))
    small = to_arrow(Series(np.asarray([-5, 7]), np.asarray([False, True])), "integer", small=True)
    assert str(small.type) == "int32" and small.to_pylist() == [-5, None]


def test_strings_and_booleans_survive_arrow():
    words = to_arrow(Series(np.asarray([1, 0]), np.asarray([False, True]), ("false", "true")), "boolean")
    assert words.to_pylist() == [True, None]
    names = from_arrow(to_arrow(Series(np.asarray([1, 0]), np.asarray([False, False]), ("a", "bb")), "string"), "string")
    assert names.values.tolist() == ["bb", "a"]


def test_keys_of_text_become_text(study):
    frame = {
        "patient_id": known(np.asarray(["001", "002"])),
        **{c: s.take(np.asarray([0, 1])) for c, s in tables()["patient"].items() if c != "patient_id"},
    }
    patient = replace(study.tables["patient"], key=(Key("patient_id", "string"),))
    found = table_of(replace(study, tables={**study.tables, "patient": patient}), "patient", frame)
    assert found.column("patient_id").to_pylist() == ["001", "002"]


def test_the_manifest_names_every_file(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a.npz").write_bytes(b"1")
    (tmp_path / "b.html").write_bytes(b"2")
    release.write_manifest(tmp_path, {"spec": "x"})
    found = json.loads((tmp_path / "manifest.json").read_text())
    assert set(found["files"]) == {"model/a.npz", "b.html"}
    assert found["files"]["b.html"]["sha256"] == sha256(tmp_path / "b.html")
