"""What a demo is made of: where its rows come from, and how its patients are spread over hospitals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Hospital:
    """How a hospital draws: `share` of the patients of age 50; `tilt` > 0 draws older patients, < 0 younger ones."""

    share: float
    tilt: float


@dataclass(frozen=True, slots=True)
class Recipe:
    """One data set.

    `load` fills an empty DuckDB connection with tables; `patients` is the table of patients, with one row each, its `key`,
    and `age` a SQL expression in years. `owned` are the tables whose rows carry the patient's key; `public` tables
    (dictionaries) belong to no patient and are copied whole. With `holdout` 0 no holdout files are written.
    """

    name: str
    load: Callable[[duckdb.DuckDBPyConnection], None]
    patients: str
    key: str
    age: str
    hospitals: Mapping[str, Hospital]
    owned: tuple[str, ...]
    public: tuple[str, ...] = ()
    holdout: float = 0.2
    seed: int = 20260101
    version: int = 1


THREE = {"north": Hospital(0.59, 0.0), "lake": Hospital(0.31, -0.9), "coast": Hospital(0.10, 1.0)}
"""Three unequal hospitals, about 55, 30 and 15 % of NAFLD: a general one, one with younger, a small one with older patients."""
