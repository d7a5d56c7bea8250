"""A small study without files of a spec, a hospital's database, and a stand-in for dbt."""

import shutil
from dataclasses import replace
from pathlib import Path

import duckdb

from generators.marginal.structure import queries
from runners.compile import write as compile_write
from specs.lang.domain import equal_bins
from specs.lang.types import Budget, Column, Federation, Key, Outputs, Parent, Privacy, Site, Study, Table

PATIENTS = 30


def table_patient():
    columns = [
        Column("age", "integer", range=(0, 99), bins=equal_bins(0, 99, 5, True)),
        Column("sex", "string", values=("F", "M"), nullable=True),
    ]
    return Table("patient", (Key("patient_id"),), {c.name: c for c in columns})


def table_lab():
    columns = [
        Column("days", "integer", range=(0, 1000), bins=equal_bins(0, 1000, 5, True)),
        Column("test", "string", values=("hdl", "sbp")),
    ]
    parent = Parent("patient", ("patient_id",), 4)
    return Table("lab", (), {c.name: c for c in columns}, parent=parent, order_by="days")


def small_study(tmp_path):
    """Three hospitals, two tables, epsilon 1; the hospitals allow 3."""
    sites = {}
    for name in ("north", "lake", "coast"):
        sites[name] = Site(name, str(tmp_path / name / f"{name}.duckdb"), budget=Budget(3.0, 1e-6))
    tables = {t.name: t for t in (table_patient(), table_lab())}
    return Study(
        name="small-one",
        file=str(tmp_path / "small-one.yml"),
        digest="5" * 64,
        tables=tables,
        sites=sites,
        privacy=Privacy("patient", Budget(1.0, 1e-6)),
        outputs=Outputs(str(tmp_path / "out" / "small-one")),
        rows={"patient": 50},
        federation=Federation(min_sites=3),
    )


def public(study):
    """The same study of public data."""
    return replace(study, privacy=Privacy(study.privacy.unit, None, "public"))


def make_hospital(site):
    path = Path(site.database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as con:
        con.execute(f"create table patient as select i as patient_id, i % 100 as age, 'F' as sex from range({PATIENTS}) t(i)")
        con.execute("create table lab as select i % 30 as patient_id, i * 5 as days, 'hdl' as test from range(60) t(i)")
    return path


def built(site, study, folder):
    """What dbt would build, but every query counts as many in each of its cells."""
    work = folder / "work.duckdb"
    with duckdb.connect(str(work)) as con:
        con.execute(f"attach '{site.database}' as hospital (read_only)")
        for table in study.patient_tables():
            con.execute(f"create table small_one__coded_{table.name} as select * from hospital.{table.name}")
            con.execute(f"create table small_one__marginals_{table.name} (query varchar, cell bigint, total bigint)")
            for query in (q for q in queries(study) if q.table == table.name):
                sql = f"insert into small_one__marginals_{table.name} select ?, i, ? from range({query.cells}) t(i)"
                con.execute(sql, [query.name, query.scale * PATIENTS // query.cells])
    return work


SPEC = """\
spec: small-one
sites:
  north: {database: "{env:SMALL_DATA}/north/north.duckdb", budget: {epsilon: 3.0, delta: 1e-6}}
  lake: {database: "{env:SMALL_DATA}/lake/lake.duckdb", budget: {epsilon: 3.0, delta: 1e-6}}
  coast: {database: "{env:SMALL_DATA}/coast/coast.duckdb", budget: {epsilon: 3.0, delta: 1e-6}}
tables:
  patient:
    key: patient_id
    columns:
      age: {type: integer, range: [0, 99], bins: 5}
      sex: {values: [F, M], nullable: true}
  lab:
    parent: {table: patient, key: patient_id, max_children: 4}
    order_by: days
    columns:
      days: {type: integer, range: [0, 1000], bins: 5}
      test: {values: [hdl, sbp]}
privacy: {unit: patient, epsilon: 1.0, delta: 1e-6}
federation: {min_sites: 3}
rows: {patient: 50}
constraints: ["patient.age >= 0"]
outputs: {directory: out/small-one}
"""


def write_spec(folder, monkeypatch):
    """The small study as a file, its hospitals' place in the environment, and a dbt project of its own."""
    root = Path(__file__).resolve().parents[2]
    project = folder / "dbt"
    shutil.copytree(root / "dbt", project, ignore=shutil.ignore_patterns("site", "release", "target", "logs"))
    site = [f"runners.site.{name}" for name in ("agree", "approval", "build", "sources")]
    for module in ("runners.places", "runners.dbt", "runners.prove", *site):
        monkeypatch.setattr(f"{module}.DBT", project)
    for name in ("stale", "write"):
        real = getattr(compile_write, name)
        monkeypatch.setattr(compile_write, name, lambda study, given=None, real=real: real(study, project))
    monkeypatch.setenv("WARDLOOM_DBT", str(project))
    monkeypatch.setenv("SMALL_DATA", str(folder))
    file = folder / "small-one.yml"
    file.write_text(SPEC)
    return file
