"""The dbt project as a hospital and a researcher run it: plain `dbt build`, from any folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from generators.marginal.structure import queries
from runners import publish
from runners.compile.write import stale, write
from runners.errors import GATE, Stop
from specs.lang.read import read
from specs.lang.types import Column, Constraint, Key, Outputs, Parent, Privacy, Study, Table
from tests.dbt.rendered import expected, sums
from tests.generators.studies import HERE, choice, columns, number

pytestmark = pytest.mark.slow
CANARY = "CANARY-4711"
OUTLIER = 4711004711


def ward() -> Study:
    """A study that takes its tables straight from the hospital."""
    patient = Table(
        "patient",
        (Key("patient_id"),),
        columns(number("age", 0, 99, 10), choice("größe", "it's", "{{ x }}", nullable=True), Column("mother", "integer", True,
                references="patient")),
    )  # fmt: skip
    stay = Table(
        "stay",
        (Key("patient_id"), Key("line")),
        columns(number("day", 0, 100, 10), choice("kind", "a", "b"), number("cost", 0, 10, 5, whole=False)),
        parent=Parent("patient", ("patient_id",), 3),
        order_by="day",
        unique=(("kind", "day"),),
    )
    item = Table("item", (Key("item"),), columns(choice("code", "x", "y")), parent=Parent("stay", ("patient_id", "line"), 2))
    rules = (
        Constraint("stay.day <= 60 + patient.age", "stay", ("patient", "stay"), HERE),
        Constraint("stay.day * 4000000000000000000 > stay.day - 1", "stay", ("stay",), HERE),
    )
    tables = {t.name: t for t in (patient, stay, item)}
    return Study("ward-7", "w.yml", "0" * 64, tables, {}, Privacy("patient", None, "made up"), Outputs("out"), constraints=rules)


def project(root: Path, folder: Path, study: Study) -> Path:
    """A copy of the committed project with the study's own models."""
    shutil.copytree(root / "dbt", folder / "dbt", ignore=shutil.ignore_patterns("target", "logs"))
    assert write(study, folder / "dbt")
    return folder / "dbt"


def dbt(project: Path, place: Path, target: str, *select: str, **environ: object) -> subprocess.CompletedProcess[str]:
    """`dbt build` in a process of its own, in a folder that has nothing to do with the project."""
    place.mkdir(exist_ok=True)
    words = [sys.executable, "-m", "dbt.cli.main", "build", "--project-dir", project, "--profiles-dir", project]
    words += ["--target", target, "--select", *select, "--target-path", place / "target", "--log-path", place / "log"]
    env = os.environ | {k: str(v) for k, v in environ.items()}
    return subprocess.run([str(w) for w in words], cwd=place, env=env, capture_output=True, text=True, check=False)


def hospital(path: Path, patients: str, stays: str, items: str = "(1, 1, 1, 'x'), (2, 1, 1, 'x'), (3, 1, 1, 'y')") -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute(f"create table patient as select * from (values {patients}) t(patient_id, age, größe, mother)").fetchall()
        con.execute(f"create table stay as select * from (values {stays}) t(patient_id, line, day, kind, cost)").fetchall()
        con.execute(f"create table item as select * from (values {items}) t(item, patient_id, line, code)").fetchall()
    return path


def everything_written(folder: Path) -> bytes:
    """All bytes of all files but databases."""
    return b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file() and f.suffix != ".duckdb")


PATIENTS = f"(1, 40, 'it''s', 1), (2, 500, '{CANARY}', 1), (3, 7, NULL, {OUTLIER}), (3, 8, NULL, NULL)"
STAYS = f"(1, 1, 5, 'a', 1.5), (1, 2, 5, 'a', 2.5), (1, 3, 90, 'b', 1e300), (2, 1, 7, '{CANARY}', 1), (9, 1, 5, 'a', 1)"


@pytest.fixture(scope="module")
def site(root, tmp_path_factory):
    """A hospital with values that nobody may see, built by plain dbt."""
    folder = tmp_path_factory.mktemp("site")
    models = project(root, folder, ward())
    path = hospital(folder / "hospital.duckdb", PATIENTS, STAYS)
    given = {"WARDLOOM_WORK": folder / "work.duckdb", "WARDLOOM_DATABASE": path}
    return folder, dbt(models, folder / "run", "site", "+path:models/site/ward_7", **given)


def test_a_hospital_builds_with_plain_dbt(site):
    folder, done = site
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(folder / "work.duckdb"), read_only=True) as con:
        con.execute("use wardloom")
        got, wanted = sums(con, ward()), expected(con, ward())
        assert con.execute("select count(*) from ward_7__bounded_stay").fetchall() == [(2,)]
        assert con.execute("select count(*) from ward_7__bounded_item").fetchall() == [(2,)]
    for query in queries(ward()):
        assert np.array_equal(got[query.name], wanted[query.name]), query.name


def test_no_value_gets_into_what_dbt_writes_or_says(site):
    folder, done = site
    told = everything_written(folder / "run") + (done.stdout + done.stderr).encode()
    assert CANARY.encode() not in told and str(OUTLIER).encode() not in told


def test_values_that_the_spec_refuses_stop_the_build_without_being_told(root, tmp_path):
    """A test that fails, text where a number should be, a rule that is too big a number for some rows."""
    study = ward()
    refuse = {n: replace(c, outside="refuse") for n, c in study.tables["patient"].columns.items()}
    tables = {**study.tables, "patient": replace(study.tables["patient"], columns=refuse)}
    models = project(root, tmp_path, replace(study, tables=tables))
    patients = f"('1', '40', 'it''s', 1), ('2', '{OUTLIER}', '{CANARY}', 1), ('{CANARY}', '{CANARY}', NULL, 2)"
    path = hospital(tmp_path / "hospital.duckdb", patients, STAYS)
    given = {"WARDLOOM_WORK": tmp_path / "work.duckdb", "WARDLOOM_DATABASE": path}
    done = dbt(models, tmp_path / "run", "site", "+path:models/site/ward_7", **given)
    assert done.returncode == 1
    assert "ward_7__patient__age__inside" in done.stdout and "Got 1 result" in done.stdout
    told = everything_written(tmp_path / "run") + (done.stdout + done.stderr).encode()
    assert CANARY.encode() not in told and str(OUTLIER).encode() not in told


def released(path: Path, stays: str) -> Path:
    """A release as a generator leaves it."""
    path.unlink(missing_ok=True)
    sampled = {
        "patient": ("(1, 40, 'it''s', 1), (2, 30, NULL, NULL)", "patient_id, age, größe, mother"),
        "stay": (stays, "patient_id, line, day, kind, cost"),
        "item": ("(1, 1, 1, 'x'), (2, 1, 1, 'y')", "item, patient_id, line, code"),
    }
    sums = "('patient: age__fine', 'patient', ['age__fine'], 16, [16], ['40 to 42'], 1.5, 0.3)"
    with duckdb.connect(str(path)) as con:
        for schema in ("sampled", "wardloom"):
            con.execute(f"create schema {schema}").fetchall()
        for table, (rows, names) in sampled.items():
            con.execute(f"create view sampled.{table} as select * from (values {rows}) t({names})").fetchall()
        names = "query, table_name, columns, cell, codes, labels, value, std_error"
        con.execute(f"create table wardloom.noised_sums as select * from (values {sums}) t({names})").fetchall()
    return path


BROKEN = "(9, 1, 5, 'a', 1.0), (2, 4, 5, 'a', 1.0), (2, 5, 5, 'a', 1.0), (1, 6, 100, 'a', 1.0), (2, 7, 91, 'a', 1.0)"
TESTS = ("constraint_1", "relationships", "unique_together_ward", "points_to")


@pytest.fixture(scope="module")
def release(root, tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(publish, "DBT", project(root, folder, ward()))
        yield folder, publish.DBT


def test_a_release_is_typed_keyed_and_tested(release):
    folder, models = release
    path = released(folder / "ward-7.duckdb", "(1, 1, 5, 'a', 1.5), (1, 2, 6, 'b', 2.5), (2, 1, 60, 'a', 0)")
    done = dbt(models, folder / "run", "release", "path:models/release/ward_7", WARDLOOM_RELEASE=path)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(path), read_only=True) as con:
        promised = con.execute(
            "select table_name, constraint_type, constraint_column_names[1] from duckdb_constraints()"
        ).fetchall()
        assert {c for t, kind, c in promised if (t, kind) == ("stay", "CHECK")} == {"day", "kind", "cost"}
        types = dict(row[:2] for row in con.execute("describe synthetic.stay").fetchall())
        assert types == {"patient_id": "BIGINT", "line": "BIGINT", "day": "BIGINT", "kind": "VARCHAR", "cost": "DOUBLE"}
        shares = con.execute("select column_name, noised_share, synthetic_share, distance from synthetic.quality_columns")
        assert shares.fetchall() == [("age", 1.0, 1.0, 0.0)]


def test_a_release_that_breaks_its_word_fails(release):
    folder, models = release
    path = released(folder / "ward-7.duckdb", BROKEN)
    done = dbt(models, folder / "run", "release", "path:models/release/ward_7", WARDLOOM_RELEASE=path)
    assert done.returncode == 1
    failed = [line for line in done.stdout.splitlines() if " FAIL " in line]
    assert [name for name in TESTS if not any(name in line for line in failed)] == []


OUTSIDE = {
    "day": "(1, 2, 101, 'a', 1.0)",
    "kind": "(1, 2, 6, 'c', 1.0)",
    "cost": "(1, 2, 6, 'a', 'nan'::double)",
}


@pytest.mark.parametrize("column", OUTSIDE)
def test_a_release_with_a_value_outside_its_domain_fails_and_names_the_column(release, column):
    folder, _ = release
    path = released(folder / "ward-7.duckdb", f"(1, 1, 5, 'a', 1.5), {OUTSIDE[column]}")
    with pytest.raises(Stop, match=rf"breaks its dbt contract.*\n.*ward_7__stay: .*CHECK.*{column}") as found:
        publish.build_release(ward(), path, folder / "built")
    assert found.value.code == GATE


def test_a_release_with_a_key_twice_fails(release):
    folder, models = release
    path = released(folder / "ward-7.duckdb", "(1, 1, 5, 'a', 1.5), (1, 1, 6, 'b', 1.0)")
    done = dbt(models, folder / "run", "release", "ward_7__patient", "ward_7__stay", WARDLOOM_RELEASE=path)
    failed = [line for line in done.stdout.splitlines() if " FAIL " in line]
    assert done.returncode == 1 and any("unique_together_ward_7__stay" in line for line in failed)


def test_a_release_that_lacks_a_value_it_must_have_fails(release):
    folder, models = release
    path = released(folder / "ward-7.duckdb", "(1, 1, 5, 'a', 1.5), (1, 2, 6, NULL, 1.0)")
    done = dbt(models, folder / "run", "release", "ward_7__patient", "ward_7__stay", WARDLOOM_RELEASE=path)
    assert done.returncode == 1 and "not null" in done.stdout.lower() and "kind" in done.stdout


def test_source_data_that_are_not_in_order_are_warned_of_without_counts(root, tmp_path):
    with duckdb.connect(str(tmp_path / "hospital.duckdb")) as con:
        con.execute("create table patient as select 1 as patient_id, 50 as age, 1 as male, 80.0 as weight, 180.0 as height, "
                    "24.7 as bmi, 1 as case_id, 100 as futime, 0 as status from range(3)").fetchall()  # fmt: skip
        con.execute(f"create table lab as select i as lab_id, 1 as patient_id, i as days, test, {OUTLIER}.5 as value "
                    f"from range(5) r(i), (values ('hdl'), ('chol'), ('dbp'), ('{CANARY}')) t(test)").fetchall()  # fmt: skip
        con.execute(f"create table event as select 1 as event_id, 7 as patient_id, 1 as days, '{CANARY}' as event").fetchall()
    given = {"WARDLOOM_WORK": tmp_path / "work.duckdb", "WARDLOOM_DATABASE": tmp_path / "hospital.duckdb"}
    done = dbt(root / "dbt", tmp_path / "run", "site", "+path:models/site/nafld", **given)
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "work.duckdb"), read_only=True) as con:
        found = con.execute("select distinct test from wardloom.int_nafld_lab").fetchall()
        assert set(found) == {("hdl",), (CANARY,)}  # chol and dbp are copies of other tests
        assert con.execute("select count(*) from wardloom.nafld__bounded_lab").fetchall() == [(5,)]
    assert "WARN 1 unique_stg_nafld__patient_patient_id" in done.stdout and "WARN 2" not in done.stdout
    told = everything_written(tmp_path / "run") + done.stdout.encode()
    assert CANARY.encode() not in told and str(OUTLIER).encode() not in told


def test_committed_models_are_what_the_specs_render_to(root):
    for spec in sorted((root / "specs").glob("*.yml")):
        assert stale(read(spec), root / "dbt") == []


def test_writing_again_changes_nothing_and_removes_what_is_no_longer_asked_for(tmp_path):
    study, place = ward(), tmp_path / "dbt"
    assert write(study, place)
    assert write(study, place) == []
    fewer = replace(study, tables={n: t for n, t in study.tables.items() if n != "item"})
    assert {p.stem for p in stale(fewer, place)} >= {"ward_7__bounded_item", "ward_7__item"}
    write(fewer, place)
    assert stale(fewer, place) == []
    assert not list(place.rglob("*item*"))
