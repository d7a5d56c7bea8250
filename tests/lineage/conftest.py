"""A small study of two hospitals, a dbt project for it, and a whole run of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lineage.emitter import Emitter
from lineage.study import Recorder
from specs.lang.types import (
    Bins,
    Budget,
    Column,
    Constraint,
    Federation,
    Key,
    Outputs,
    Parent,
    Place,
    Privacy,
    Site,
    Study,
    Table,
)

PRIVATE = ("duckdb://north", "duckdb://lake")


def small() -> Study:
    """Patients and their visits; bmi is derived, a visit lies before the end of follow-up."""
    tenths = Bins((tuple(range(0, 101, 10)),))
    columns = [
        Column("sex", "string", values=("F", "M")),
        Column("weight", "number", nullable=True, range=(20, 200), bins=Bins(((20, 50, 80, 120, 200),))),
        Column("height", "number", range=(100, 220), bins=Bins(((100, 150, 170, 190, 220),))),
        Column("bmi", "number", derived="weight / (height / 100) ^ 2", about="Body mass index."),
        Column("end", "integer", range=(0, 100), bins=tenths),
    ]
    visits = [
        Column("day", "integer", range=(0, 100), bins=tenths),
        Column("kind", "string", values=("a", "b", "c")),
        Column("value", "number", nullable=True, range=(0, 9), bins=Bins(((0, 3, 6, 9),))),
    ]
    patient = Table("patient", (Key("patient_id"),), {c.name: c for c in columns}, about="One row per patient.")
    edge = Parent("patient", ("patient_id",), 5)
    visit = Table("visit", (Key("visit_id"),), {c.name: c for c in visits}, parent=edge, order_by="day")
    return Study(
        name="small",
        file="small.yml",
        digest="d" * 64,
        tables={"patient": patient, "visit": visit},
        sites={n: Site(n, f"{n}.duckdb", "ward", "7") for n in ("north", "lake")},
        privacy=Privacy("patient", Budget(1.0, 1e-6)),
        outputs=Outputs("out"),
        about="A small study.",
        constraints=(Constraint("visit.day <= patient.end", "visit", ("visit", "patient"), Place("small.yml", 1, 1)),),
        federation=Federation(min_sites=1, dropouts=1),
    )


@pytest.fixture
def study() -> Study:
    """The small study."""
    return small()


@pytest.fixture
def modelled(study: Study) -> Study:
    """The small study, its patients read from a dbt model."""
    patient = replace(study.tables["patient"], model="int_patient")
    return replace(study, tables={**study.tables, "patient": patient})


MODELS = {
    "staging/stg_person.sql": """
        select person_id, sex, weight_kg, height_cm, futime from {{ source('ward', 'person') }} where person_id is not null
    """,
    "intermediate/int_patient.sql": """
        with joined as (select p.*, r.label from {{ ref('stg_person') }} p left join {{ ref('regions') }} r on r.code = p.sex)
        select person_id as patient_id, {{ trimmed('sex') }} as sex, weight_kg as weight, height_cm as height, futime as "end"
        from joined
    """,
    "site/small/small__bounded_patient.sql": """
        {{ config(materialized='table') }}
        select patient_id, sex, greatest(weight, 20) as weight, height, "end" from {{ ref('int_patient') }}
    """,
    "site/small/small__bounded_visit.sql": """
        select visit_id, patient_id, "DAY", kind, value from {{ source('ward', 'visit') }}
        qualify row_number() over (partition by patient_id order by "day") <= 5
    """,
    "site/small/small__coded_patient.sql": """
        select p.patient_id, 1 as __row, case p.sex when 'F' then 0 else 1 end as sex, p.weight, p.weight as weight__fine,
            p.height, p.height as height__fine, p."end", p."end" as end__fine, coalesce(c.n, 0) as visit__count
        from {{ ref('small__bounded_patient') }} p
        left join (select patient_id, count(*) as n from {{ ref('small__bounded_visit') }} group by all) c using (patient_id)
    """,
    "site/small/small__coded_visit.sql": """
        select v.patient_id, row_number() over w as __row, v.day, v.day - lag(v.day) over w as day__gap, v.kind, v.value,
            p.sex as patient__sex, lag(v.kind) over w as kind__prev
        from {{ ref('small__bounded_visit') }} v join {{ ref('small__bounded_patient') }} p using (patient_id)
        window w as (partition by v.patient_id order by v.day)
    """,
    "site/small/small__marginals_patient.sql": """
        select 'patient: sex' as query, cast(sex as bigint) as cell, sum(1024) as total
        from {{ ref('small__coded_patient') }} group by sex
        union all
        select 'patient: weight', weight, sum(1024) from {{ ref('small__coded_patient') }} group by weight
    """,
    "site/small/small__marginals_visit.sql": """
        select 'visit: kind' as query, kind as cell, sum(w) as total
        from (select kind, 1024 // count(*) over (partition by patient_id) as w from {{ ref('small__coded_visit') }})
        group by kind
    """,
    "release/small/small__patient.sql": """
        {{ config(alias='patient', schema='synthetic') }} select * from {{ source('sampled', 'patient') }}
    """,
    "release/small/small__visit.sql": """
        {{ config(alias='visit', schema='synthetic') }}
        select v.* from {{ source('sampled', 'visit') }} v join {{ ref('small__patient') }} p using (patient_id)
    """,
    "site/small/sources.yml": """
        sources:
          - name: ward
            schema: "{{ env_var('WARDLOOM_SCHEMA', 'main') }}"
            tables:
              - {name: person, columns: [{name: person_id}, {name: sex, data_type: varchar}]}
              - {name: visit}
          - name: sampled
            tables: [{name: patient}, {name: visit}]
    """,
}


@pytest.fixture
def dbt(tmp_path: Path) -> Path:
    """A dbt project: staging, features, and what a compiler would render of the small study."""
    folder = tmp_path / "dbt"
    for name, text in MODELS.items():
        file = folder / "models" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (folder / "macros").mkdir()
    (folder / "macros" / "trimmed.sql").write_text("{% macro trimmed(c) %}trim({{ c }}){% endmacro %}", encoding="utf-8")
    (folder / "macros" / "is_odd.sql").write_text("{% test is_odd(model) %}select 1{% endtest %}", encoding="utf-8")
    (folder / "seeds").mkdir()
    (folder / "seeds" / "regions.csv").write_text("code,label\nF,x\n", encoding="utf-8")
    return folder


Runner = Callable[..., Path]


@pytest.fixture
def whole(tmp_path: Path) -> Runner:
    """Runs all stages of a study; returns the event file. `answering`: the sites whose shares are in the sums."""

    def run(study: Study, dbt: Path | None = None, answering: tuple[str, ...] | None = None) -> Path:
        path = tmp_path / "lineage.ndjson"
        with Emitter(path) as emitter:
            stages(Recorder(study, emitter, "run-1", dbt), study, answering)
        return path

    return run


def stages(recorder: Recorder, study: Study, answering: tuple[str, ...] | None = None) -> None:
    """Every stage, as the runner does it."""
    sites = answering or tuple(study.sites)
    with recorder.run():
        for site in study.sites:
            with recorder.site_build(site):
                pass
        with recorder.round(tuple(study.sites)) as stage:
            stage.answered(sites, 0.01 if study.privacy.budget else None)
        with recorder.fit(sites):
            pass
        with recorder.sample() as stage:
            for table in study.patient_tables():
                with stage.table(table.name):
                    pass
        with recorder.release_build():
            pass
        with recorder.report():
            pass
