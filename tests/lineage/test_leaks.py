"""What events never say: messages, paths, counts, seeds, values."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lineage import facets
from lineage.emitter import Emitter
from lineage.study import Recorder
from specs.lang.types import Privacy, Study
from tests.lineage.conftest import PRIVATE, Runner, stages
from tests.lineage.official import valid

CANARY = "Zygmunt-1931-04-05"


def canaried(study: Study) -> Study:
    """The study with a canary in everything that lineage has no business with."""
    sites = {n: replace(s, database=f"/secret/{CANARY}/{n}.duckdb") for n, s in study.sites.items()}
    outputs = replace(study.outputs, directory=f"/secret/{CANARY}")
    return replace(study, sites=sites, outputs=outputs, file=f"/secret/{CANARY}.yml", seed=19310405)


@pytest.mark.parametrize("stage", ["run", "site_build", "round", "fit", "sample", "table", "release_build", "report"])
def test_a_sites_error_leaves_no_word_of_its_message(tmp_path: Path, study: Study, stage: str) -> None:
    path = tmp_path / "e.ndjson"
    study = canaried(study)
    with Emitter(path) as emitter:
        recorder = Recorder(study, emitter)
        try:
            with recorder.run():
                _fail(recorder, stage)
        except ValueError:
            pass
    events = valid(path, PRIVATE)
    assert {e["eventType"] for e in events} == {"START", "FAIL"}
    _clean(tmp_path)


def _fail(recorder: Recorder, stage: str) -> None:
    problem = ValueError(f"conversion of {CANARY} failed in /secret/{CANARY}")
    problem.code = CANARY  # type: ignore[attr-defined]
    problem.__cause__ = RuntimeError(CANARY)
    if stage == "run":
        raise problem
    if stage == "table":
        with recorder.sample() as sample, sample.table("visit"):
            raise problem
    arguments = {"site_build": ("north",), "round": (("north",),)}
    with getattr(recorder, stage)(*arguments.get(stage, ())):
        raise problem


def test_a_whole_run_says_nothing_of_paths_and_seeds(study: Study, whole: Runner) -> None:
    path = whole(canaried(study))
    valid(path, PRIVATE)
    _clean(path.parent)


def _clean(folder: Path) -> None:
    for file in folder.rglob("*"):
        text = file.read_text() if file.is_file() else ""
        for word in (CANARY, "secret", "19310405", str(folder)):
            assert word not in text and word not in file.name


def test_sql_and_its_literals_stay_out(modelled: Study, dbt: Path, whole: Runner) -> None:
    file = dbt / "models" / "staging" / "stg_person.sql"
    text = f"select person_id, '{CANARY}' as sex, weight_kg, height_cm, futime from {{{{ source('ward', 'person') }}}}"
    file.write_text(text + f" where note <> '{CANARY}' -- {CANARY}", encoding="utf-8")
    path = whole(modelled, dbt)
    valid(path, PRIVATE)
    assert CANARY not in path.read_text()


def test_public_data_say_so_everywhere(study: Study, whole: Runner) -> None:
    public = replace(study, privacy=Privacy("patient", None, none="a published data set"))
    for event in valid(whole(public), PRIVATE):
        told = event["run"]["facets"]["wardloom_privacy"]
        assert told["none"] == "a published data set" and "epsilon" not in told


def test_the_spend_is_told(study: Study, whole: Runner) -> None:
    events = valid(whole(study), PRIVATE)
    rounds = [e["run"]["facets"] for e in events if e["job"]["name"] == "round"]
    assert rounds[1]["wardloom_privacy"]["epsilon"] == 1.0 and rounds[1]["wardloom_privacy"]["rho"] == 0.01
    assert rounds[1]["wardloom_federation"]["sites"] == ["north", "lake"]


def test_names_of_sites_are_safe_in_a_namespace(tmp_path: Path, study: Study) -> None:
    odd = replace(study.sites["north"], name="nörth ward/2")
    path = tmp_path / "e.ndjson"
    with Emitter(path) as emitter:
        both = replace(study, sites={odd.name: odd, "lake": study.sites["lake"]})
        stages(Recorder(both, emitter), both)
    valid(path, ("duckdb://n%C3%B6rth%20ward%2F2", "duckdb://lake"))


def test_our_schemas_allow_nothing_else() -> None:
    folder = Path(facets.__file__).parent / "facets"
    for file in folder.glob("*.json"):
        schema = json.loads(file.read_text())
        assert schema["$id"] == f"https://wardloom.org/spec/facets/1-0-0/{file.name}"
        assert list(schema["properties"]) == [file.stem] and file.stem.startswith("wardloom_")
        (told,) = schema["$defs"].values()
        assert told["unevaluatedProperties"] is False


def test_versions_of_official_facets_are_those_of_the_client() -> None:
    base = pytest.importorskip("openlineage.client.facet_v2")
    made = {
        "columnLineage": base.column_lineage_dataset.ColumnLineageDatasetFacet,
        "datasetType": base.dataset_type_dataset.DatasetTypeDatasetFacet,
        "documentation": base.documentation_dataset.DocumentationDatasetFacet,
        "jobType": base.job_type_job.JobTypeJobFacet,
        "parent": base.parent_run.ParentRunFacet,
        "schema": base.schema_dataset.SchemaDatasetFacet,
        "version": base.dataset_version_dataset.DatasetVersionDatasetFacet,
    }
    for key, kind in made.items():
        assert facets.official(key)[key]["_schemaURL"] == kind._get_schema()
