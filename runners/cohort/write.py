"""A cohort as a DuckDB file: tables with keys as a release has them, and what a reader should know."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from generators.frame import Frame
from runners.cohort.draw import Drawn
from runners.cohort.weights import Stratum
from runners.columnar import SQL_TYPES, quoted, table_of, types_of
from runners.reference import reference
from specs.lang.cohort import Cohort
from specs.lang.types import Study, Table

WEIGHT = "__weight"
"""Column of the root table of a balanced cohort; no column of a spec has two underscores in a row."""


def write(file: Path, cohort: Cohort, drawn: Drawn, strata: Sequence[Stratum], facts: Mapping[str, Any]) -> None:
    """A new database: the study's tables in its schema, `wardloom.facts`, and `wardloom.strata` of a balanced cohort."""
    study = cohort.study
    with duckdb.connect(str(file)) as connection:
        for schema in (study.outputs.schema, "wardloom"):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        for table in study.tables.values():
            rows = reference(study, table) if table.reference else table_of(study, table.name, drawn.sample.tables[table.name])
            if table.name == study.root.name and cohort.balance:
                weights = weights_of(cohort.balance.column, drawn.sample.tables[table.name], strata)
                rows = rows.append_column(WEIGHT, pa.array(weights))
            connection.execute(ddl(study, table, WEIGHT in rows.column_names))
            _fill(connection, f"{quoted(study.outputs.schema)}.{quoted(table.name)}", rows)
        connection.execute("CREATE TABLE wardloom.facts (name VARCHAR PRIMARY KEY, value VARCHAR)")
        texts = [value if isinstance(value, str) else json.dumps(value) for value in facts.values()]
        _fill(connection, "wardloom.facts", pa.table({"name": pa.array(list(facts)), "value": pa.array(texts)}))
        if strata:
            described = pa.Table.from_pylist([asdict(s) | {"weight": s.weight} for s in strata])
            connection.register("arriving", described)
            connection.execute("CREATE TABLE wardloom.strata AS SELECT * FROM arriving").fetchall()


def weights_of(column: str, root: Frame, strata: Sequence[Stratum]) -> NDArray[np.float64]:
    """One weight per patient."""
    by_value = {s.value: s.weight for s in strata}
    weights = np.asarray([by_value.get(label, np.nan) for label in root[column].labels or ()])
    found: NDArray[np.float64] = weights[root[column].values]
    return found


def ddl(study: Study, table: Table, weighted: bool) -> str:
    """CREATE TABLE with primary and foreign keys, and NOT NULL and UNIQUE (within a parent) where the spec says so."""
    keys = {k.name for k in table.key} | set(table.parent.key if table.parent else ())
    lines = []
    for name, kind in types_of(study, table.name).items():
        column = table.columns.get(name)
        must = name in keys or (column is not None and not column.nullable)
        lines.append(f"{quoted(name)} {SQL_TYPES[kind]}" + (" NOT NULL" if must else ""))
    if weighted:
        lines.append(f"{WEIGHT} DOUBLE NOT NULL")
    if table.key:
        lines.append(f"PRIMARY KEY ({_names([k.name for k in table.key])})")
    if table.parent:
        lines.append(_points(study, table.parent.key, study.tables[table.parent.table]))
        lines += [f"UNIQUE ({_names([*table.parent.key, *columns])})" for columns in table.unique]
    for column in table.columns.values():
        if column.references and column.references != table.name:
            lines.append(_points(study, [column.name], study.tables[column.references]))
    return f"CREATE TABLE {quoted(study.outputs.schema)}.{quoted(table.name)} (\n  " + ",\n  ".join(lines) + "\n)"


def _points(study: Study, columns: Sequence[str], to: Table) -> str:
    target = f"{quoted(study.outputs.schema)}.{quoted(to.name)}"
    return f"FOREIGN KEY ({_names(columns)}) REFERENCES {target} ({_names([k.name for k in to.key])})"


def _names(columns: Sequence[str]) -> str:
    return ", ".join(map(quoted, columns))


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    connection.register("arriving", rows)
    connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM arriving").fetchall()
    connection.unregister("arriving")
