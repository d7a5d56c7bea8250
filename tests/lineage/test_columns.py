"""Every column of every table comes from somewhere, and the trail leads to the hospitals' own columns."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from specs.lang.types import Column, Key, Study, Table
from tests.lineage.conftest import PRIVATE, Runner
from tests.lineage.official import origins, valid

RELEASE = "duckdb://release/small"


@pytest.mark.parametrize("sql", [False, True])
def test_a_whole_run_is_valid_and_complete(modelled: Study, dbt: Path, whole: Runner, sql: bool) -> None:
    events = valid(whole(modelled, dbt if sql else None), PRIVATE)
    outputs = {d["name"] for e in events if e["eventType"] == "COMPLETE" for d in e["outputs"]}
    assert {"synthetic.patient", "synthetic.visit", "sampled.patient", "wardloom.noised_sums", "wardloom.facts"} <= outputs


def test_synthetic_columns_lead_to_source_columns_of_every_site(modelled: Study, dbt: Path, whole: Runner) -> None:
    events = valid(whole(modelled, dbt), PRIVATE)
    ends = origins(events, RELEASE, "synthetic.patient", "weight")
    assert {(f"duckdb://{site}", "ward.person", "weight_kg") for site in modelled.sites} <= ends
    ends = origins(events, RELEASE, "synthetic.visit", "value")
    assert {(f"duckdb://{site}", "ward.visit", "value") for site in modelled.sites} <= ends
    assert (RELEASE, "wardloom.noised_sums", "value") in ends


def test_without_sql_the_spec_still_leads_to_the_source(study: Study, whole: Runner) -> None:
    events = valid(whole(study), PRIVATE)
    assert ("duckdb://north", "ward.patient", "sex") in origins(events, RELEASE, "synthetic.patient", "sex")


def test_a_derived_column_comes_from_its_operands(study: Study, whole: Runner) -> None:
    events = valid(whole(study), PRIVATE)
    told = _lineage(events, "sampled.patient")["bmi"]
    direct = {i["field"] for i in told for t in i["transformations"] if t["type"] == "DIRECT"}
    assert direct == {"patient.weight", "patient.height"}


def test_keys_come_from_the_parents_keys_and_from_numbers_of_children(study: Study, whole: Runner) -> None:
    events = valid(whole(study), PRIVATE)
    told = _lineage(events, "sampled.visit")
    assert [(i["name"], i["field"]) for i in told["patient_id"]] == [("sampled.patient", "patient_id")]
    assert [(i["field"], i["transformations"][0]["type"]) for i in told["visit_id"]] == [("patient.visit__count", "INDIRECT")]
    root = _lineage(events, "sampled.patient")["patient_id"]
    assert [(i["name"], i["field"]) for i in root] == [("wardloom.noised_sums", "value")]
    given = valid(whole(replace(study, rows={"patient": 10})), PRIVATE)
    assert ("wardloom://small", "spec", "rows") in origins(given, RELEASE, "sampled.patient", "patient_id")


def test_constraints_decide_about_rows(study: Study, whole: Runner) -> None:
    events = valid(whole(study), PRIVATE)
    made = [d["facets"] for e in events for d in e["outputs"] if d["name"] == "sampled.visit"]
    rows = {(i["name"], i["field"]) for i in made[-1]["columnLineage"]["dataset"]}
    assert ("sampled.patient", "end") in rows and ("wardloom.model", "visit.day__gap") in rows


def test_what_crosses_the_door_is_marked_as_masked(study: Study, whole: Runner) -> None:
    events = valid(whole(study), PRIVATE)
    for name in ("wardloom.noised_sums", "wardloom.model"):
        for inputs in _lineage(events, name).values():
            for told in inputs:
                assert all(t["masking"] is (told["namespace"] in PRIVATE) for t in told["transformations"])


def test_a_site_that_dropped_out_is_not_in_the_sums(study: Study, whole: Runner) -> None:
    events = valid(whole(study, answering=("north",)), PRIVATE)
    assert {i["namespace"] for i in _lineage(events, "wardloom.noised_sums")["value"]} == {"duckdb://north"}
    assert "duckdb://lake" not in {place[0] for place in origins(events, RELEASE, "sampled.visit", "value")}


def test_a_model_that_cannot_be_followed_depends_on_all_it_reads(modelled: Study, dbt: Path, whole: Runner) -> None:
    file = dbt / "models" / "intermediate" / "int_patient.sql"
    file.write_text("pivot {{ ref('stg_person') }} on sex using sum(futime)", encoding="utf-8")
    names = "patient_id sex weight height end".split()
    told = "models:\n- name: int_patient\n  columns: [" + ", ".join(f"{{name: {n}}}" for n in names) + "]\n"
    (file.parent / "int.yml").write_text(told, encoding="utf-8")
    events = valid(whole(modelled, dbt), PRIVATE)
    assert len(_lineage(events, "wardloom.int_patient")["weight"]) == 5
    assert ("duckdb://lake", "ward.person", "futime") in origins(events, RELEASE, "synthetic.patient", "weight")


@pytest.mark.parametrize(
    "broken", ["{{ nothing here", "selec x fro", "select * from {{ ref('gone') }}", "{{ ref('int_patient') }}"]
)
def test_broken_sql_does_not_stop_a_run(modelled: Study, dbt: Path, whole: Runner, broken: str) -> None:
    (dbt / "models" / "intermediate" / "int_patient.sql").write_text(broken, encoding="utf-8")
    valid(whole(modelled, dbt), PRIVATE)


def test_sources_use_the_sites_own_schema(modelled: Study, dbt: Path, whole: Runner) -> None:
    events = valid(whole(modelled, dbt), PRIVATE)
    build = next(e for e in events if e["job"]["name"] == "site_build/lake")
    names = {d["name"]: [f["name"] for f in d["facets"]["schema"]["fields"]] for d in build["inputs"]}
    assert names["ward.person"] == ["person_id", "sex", "weight_kg", "height_cm", "futime"]
    assert set(names) == {"ward.person", "ward.visit", "wardloom.regions"}


def test_our_shared_validator_agrees(modelled: Study, dbt: Path, whole: Runner) -> None:
    """In development only: WARDLOOM_VALIDATOR names a validator of OpenLineage files."""
    tool = os.environ.get("WARDLOOM_VALIDATOR")
    if not tool:
        pytest.skip("WARDLOOM_VALIDATOR is not set")
    import subprocess
    import sys

    words = ["--strict", "--require", "schema,columnLineage,version", "--private-namespace", "duckdb://(north|lake)"]
    words += ["--custom", str(Path(__file__).resolve().parents[2] / "lineage" / "facets")]
    done = subprocess.run([sys.executable, tool, str(whole(modelled, dbt)), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def _lineage(events: list[dict], name: str) -> dict[str, list[dict]]:
    found = [d for e in events for d in e["outputs"] if d["name"] == name and "columnLineage" in d["facets"]]
    return {column: told["inputFields"] for column, told in found[-1]["facets"]["columnLineage"]["fields"].items()}


def test_what_the_compiler_renders_can_be_followed(study: Study, tmp_path: Path, whole: Runner) -> None:
    from runners.compile.write import write

    write(study, tmp_path / "rendered")
    events = valid(whole(study, tmp_path / "rendered"), PRIVATE)
    fields = _lineage(events, "wardloom.small__bounded_visit")
    assert {i["name"] for i in fields["value"]} == {"ward.visit"}
    assert "__patient" in _lineage(events, "wardloom.small__coded_visit")
    assert "wardloom.noised_sums" in {i["name"] for i in _lineage(events, "synthetic.quality_columns")["distance"]}
    ends = origins(events, RELEASE, "synthetic.visit", "kind")
    assert {(f"duckdb://{site}", "ward.visit", "kind") for site in study.sites} <= ends


def test_reference_tables_come_from_the_spec(study: Study, whole: Runner) -> None:
    columns = {"label": Column("label", "string")}
    codes = Table("codes", (Key("code", "string"),), columns, reference="seeds/codes.csv")
    events = valid(whole(replace(study, tables={"codes": codes, **study.tables})), PRIVATE)
    assert {i["field"] for i in _lineage(events, "synthetic.codes")["label"]} == {"label"}
    assert ("wardloom://small", "spec", "codes.label") in origins(events, RELEASE, "synthetic.codes", "label")
