"""One hospital, one table of simulated patients: the data of the eleven-line spec."""

from __future__ import annotations

import duckdb
import numpy as np

from runners.demo.recipe import Hospital, Recipe

PATIENTS = 5_000


def load(con: duckdb.DuckDBPyConnection) -> None:
    """Table `patient(patient_id, age, sex, los_days)`: ages in whole years, length of stay in days with one decimal.

    Simulated: older patients stay longer, women are older, a few patients have an unknown sex.
    """
    rng = np.random.default_rng(7)
    sex = rng.choice(["F", "M", "U"], PATIENTS, p=[0.46, 0.52, 0.02])
    age = np.clip(rng.normal(np.where(sex == "F", 71, 66), 13), 18, 103).round().astype(np.int64)
    stay = np.clip(rng.gamma(1.6, 1.5 + np.maximum(age - 40, 0) / 18), 0, 60).round(1)
    con.register("simulated", {"patient_id": np.arange(1, PATIENTS + 1), "age": age, "sex": sex, "los_days": stay})
    con.execute("CREATE TABLE patient AS SELECT patient_id, age, sex::VARCHAR AS sex, los_days FROM simulated").fetchall()
    con.unregister("simulated")


RECIPE = Recipe(
    name="heart", load=load, patients="patient", key="patient_id", age="age", hospitals={"demo": Hospital(1.0, 0.0)},
    owned=(), holdout=0.0,
)  # fmt: skip
