"""Small studies and made-up tables for the generator's tests."""

from __future__ import annotations

import numpy as np

from generators.frame import Series, Tables, known
from specs.lang.domain import equal_bins
from specs.lang.types import Bins, Column, Constraint, Generator, Key, Outputs, Parent, Place, Privacy, Study, Table

HERE = Place("study.yml", 1, 1)


def number(name: str, low: float, high: float, bins: int, whole: bool = True, nullable: bool = False) -> Column:
    return Column(
        name,
        "integer" if whole else "number",
        nullable,
        range=(low, high),
        bins=equal_bins(low, high, bins, whole),
        decimals=None if whole else 1,
    )


def choice(name: str, *values: str, nullable: bool = False) -> Column:
    return Column(name, "string", nullable, values=values)


def columns(*found: Column) -> dict[str, Column]:
    return {c.name: c for c in found}


def clinic() -> Study:
    """Patients with visits in order of days, visits with charges; values binned by kind; a bound and a unique column."""
    patient = Table(
        "patient",
        (Key("patient_id"),),
        columns(
            number("age", 0, 99, 10),
            choice("sex", "f", "m"),
            number("weight", 30, 130, 10, whole=False, nullable=True),
            number("until", 0, 1000, 10),
            Column("buddy", "integer", True, references="patient"),
        ),
    )
    by_kind = Bins(((0.0, 1.0, 2.0, 3.0, 4.0), (0.0, 0.0, 10.0, 100.0)), "kind")
    visit = Table(
        "visit",
        (Key("visit_id", "string"),),
        columns(
            number("day", 0, 1000, 20), choice("kind", "lab", "ward"), Column("result", "number", range=(0, 100), bins=by_kind)
        ),
        parent=Parent("patient", ("patient_id",), 12),
        order_by="day",
    )
    charge = Table(
        "charge",
        (Key("visit_id", "string"), Key("line")),
        columns(choice("code", "a", "b", "c"), number("units", 1, 5, 5)),
        parent=Parent("visit", ("visit_id",), 3),
        unique=(("code",),),
    )
    tables = {t.name: t for t in (patient, visit, charge)}
    bound = Constraint("visit.day <= patient.until", "visit", ("patient", "visit"), HERE)
    return Study(
        "clinic",
        "clinic.yml",
        "0" * 64,
        tables,
        {},
        Privacy("patient", None, "made up"),
        Outputs("out"),
        constraints=(bound,),
        generator=Generator("marginal", "cpu"),
    )


def made_up(study: Study, patients: int, seed: int) -> tuple[Tables, dict[str, np.ndarray]]:
    """Tables of `clinic` with strong dependencies: age with sex and weight, kind with the previous kind, result with kind."""
    rng = np.random.default_rng(seed)
    sex = rng.integers(0, 2, patients)
    age = np.clip(rng.normal(40 + 20 * sex, 10, patients), 0, 99).astype(np.int64)
    weight = np.clip(rng.normal(60 + 15 * sex, 8, patients), 30, 130)
    until = rng.integers(0, 1001, patients)
    key = np.arange(1, patients + 1)
    root = {
        "patient_id": known(key),
        "age": known(age),
        "sex": Series(sex, np.zeros(patients, bool), ("f", "m")),
        "weight": Series(weight, rng.random(patients) < 0.2),
        "until": known(until),
        "buddy": Series(np.where(rng.random(patients) < 0.5, key, 1), rng.random(patients) < 0.1),
    }
    number = np.minimum(rng.poisson(1 + age / 20), 12)
    up = np.repeat(np.arange(patients), number)
    day = np.floor(rng.random(len(up)) * (until[up] + 1)).astype(np.int64)
    kind = (rng.random(len(up)) < 0.3 + 0.4 * sex[up]).astype(np.int64)
    result = np.where(kind == 1, np.where(rng.random(len(up)) < 0.5, 0.0, rng.random(len(up)) * 100), rng.random(len(up)) * 4)
    none = np.zeros(len(up), bool)
    visit = {"day": known(day), "kind": Series(kind, none, ("lab", "ward")), "result": known(result)}
    rows = np.minimum(rng.poisson(0.7, len(up)), 3)
    above = np.repeat(np.arange(len(up)), rows)
    starts = np.concatenate([[0], np.cumsum(rows)[:-1]])
    code = (np.arange(len(above)) - starts[above] + rng.integers(0, 3, len(up))[above]) % 3
    units = 1 + np.minimum(code + (rng.random(len(above)) < 0.3), 4)
    charge = {"code": Series(code, np.zeros(len(above), bool), ("a", "b", "c")), "units": known(units)}
    return {"patient": root, "visit": visit, "charge": charge}, {"visit": up, "charge": above}
