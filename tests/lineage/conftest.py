"""A small study of two hospitals, built without reading a spec file."""

from __future__ import annotations

import pytest

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
)  # fmt: skip


def small() -> Study:
    """Patients and their visits; bmi is derived, a visit lies before the end of follow-up."""
    columns = [
        Column("sex", "string", values=("F", "M")),
        Column("weight", "number", nullable=True, range=(20, 200), bins=Bins(((20, 50, 80, 120, 200),))),
        Column("height", "number", range=(100, 220), bins=Bins(((100, 150, 170, 190, 220),))),
        Column("bmi", "number", derived="weight / (height / 100) ^ 2", about="Body mass index."),
        Column("end", "integer", range=(0, 100), bins=Bins((tuple(range(0, 101, 10)),))),
    ]
    visits = [
        Column("day", "integer", range=(0, 100), bins=Bins((tuple(range(0, 101, 10)),))),
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
