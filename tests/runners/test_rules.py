"""Derived columns and constraints against values worked out by hand."""

from dataclasses import replace

import numpy as np
import pytest

from generators.frame import Series, known
from runners.rules import DuckRules
from specs.lang.types import Column, Constraint, Place

PLACE = Place("x.yml", 1, 1)


def with_columns(study, *columns):
    patient = study.tables["patient"]
    more = replace(patient, columns={**patient.columns, **{c.name: c for c in columns}})
    return replace(study, tables={**study.tables, "patient": more})


def constrained(study, sql, table, *tables):
    return replace(study, constraints=(Constraint(sql, table, (table, *tables), PLACE),))


def number(name, **more):
    return Column(name, "number", range=(0.0, 300.0), **more)


def frame(**columns):
    return {name: s if isinstance(s, Series) else known(np.asarray(s)) for name, s in columns.items()}


def test_bmi_is_weight_by_height_squared(study):
    study = with_columns(
        study, number("weight"), number("height"), Column("bmi", "number", derived="weight / (height / 100) ^ 2", decimals=1)
    )
    found = DuckRules(study).derive("patient", frame(weight=[80.0, 50.0], height=[200.0, 160.0]))
    assert found["bmi"].values.tolist() == [20.0, 19.5]  # 50 / 1.6^2 = 19.53


def test_what_cannot_be_computed_is_null(study):
    study = with_columns(study, number("weight"), number("height"), Column("ratio", "number", derived="weight / height"))
    weight = Series(np.asarray([1.0, 1.0]), np.asarray([False, True]))
    found = DuckRules(study).derive("patient", frame(weight=weight, height=[0.0, 2.0]))["ratio"]
    assert found.null.tolist() == [True, True]


def test_derived_columns_may_need_each_other_in_any_order(study):
    study = with_columns(
        study, Column("old", "boolean", derived="decade > 60"), Column("decade", "integer", derived="age - age % 10")
    )
    found = DuckRules(study).derive("patient", frame(age=[69, 70]))
    assert found["decade"].values.tolist() == [60, 70]
    assert found["old"].values.tolist() == [0, 1] and found["old"].labels == ("false", "true")
    assert list(found) == ["age", "old", "decade"]


def test_derived_text(study):
    study = with_columns(study, Column("word", "string", derived="CASE WHEN sex = 'F' AND age < 8 THEN 'girl' ELSE 'other' END"))
    sex = Series(np.asarray([0, 1]), np.asarray([False, False]), ("F", "M"))
    found = DuckRules(study).derive("patient", frame(age=[7, 8], sex=sex))["word"]
    assert found.values.tolist() == ["girl", "other"]


def test_a_constraint_on_a_row(study):
    rules = DuckRules(constrained(study, "patient.age >= 18 OR patient.sex = 'F'", "patient"))
    sex = Series(np.asarray([0, 1, 1, 0]), np.asarray([False, False, False, True]), ("F", "M"))
    found = rules.broken("patient", frame(age=[5, 5, 20, 5], sex=sex), {})
    assert found.tolist() == [False, True, False, False]  # where it is NULL it passes, as a SQL CHECK


def test_a_constraint_between_child_and_parent(study):
    rules = DuckRules(constrained(study, "lab.days <= patient.age", "lab", "patient"))
    above = {"patient": frame(age=[10, 10, 20])}
    assert rules.broken("lab", frame(days=[9, 11, 20]), above).tolist() == [False, True, False]
    assert rules.broken("patient", frame(age=[1]), {}).tolist() == [False]


def test_dates_are_dates(study):
    born = Column("born", "date", range=(0, 30000))
    rules = DuckRules(constrained(with_columns(study, born), "year(patient.born) >= 1971", "patient"))
    assert rules.broken("patient", frame(born=[364, 365]), {}).tolist() == [True, False]


@pytest.mark.parametrize(("nullable", "expected"), [(False, [False, True, True]), (True, [False, True, False])])
def test_derived_values_outside_their_range_are_broken(study, nullable, expected):
    study = with_columns(study, Column("half", "number", derived="age / 2", range=(0, 30), nullable=nullable))
    half = Series(np.asarray([30.0, 30.5, 0.0]), np.asarray([False, False, True]))
    assert DuckRules(study).broken("patient", frame(age=[60, 61, 1], half=half), {}).tolist() == expected


def test_no_rows(study):
    rules = DuckRules(constrained(study, "patient.age >= 18", "patient"))
    assert rules.broken("patient", frame(age=np.zeros(0, np.int64)), {}).tolist() == []


def test_many_rows_agree_with_numpy(study):
    ages = np.random.default_rng(1).integers(0, 100, 300_000)
    rules = DuckRules(constrained(study, "patient.age % 7 <> 3", "patient"))
    assert (rules.broken("patient", frame(age=ages), {}) == (ages % 7 == 3)).all()
