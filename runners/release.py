"""Builds a release: a fresh DuckDB file that never held a real row, the noised sums, the model, and a manifest."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from generators.marginal.model import Model
from generators.marginal.structure import structure
from privacy.query import Query
from privacy.sums import Sums
from runners.arrow import numbers, words
from runners.columnar import quoted, quoted_path
from runners.files import read_json, sha256, write_atomic, write_json
from runners.intervals import macros
from runners.labels import labels
from runners.reference import reference
from specs.lang.types import Study

SAMPLED = "sampled"
"""Schema of the tables that dbt's models at the release read: views of the rows that the generator drew, afterwards of the
released tables, so that rows are there once and dbt can be run again."""
MANIFEST = "manifest.json"
BINS = "bins.yml"
"""What a study that finds bins releases, in place of a database."""
MEMORY = "1GB"
"""What DuckDB may take while it copies rows; what does not fit goes to disk."""


def write_database(file: Path, study: Study, rows: Mapping[str, Sequence[Path]], sums: Sums, facts: Mapping[str, Any]) -> None:
    """Views of Parquet files (`rows[table]`, in order), `wardloom.noised_sums` with macros for it, and `wardloom.facts` in a
    new file.
    """
    with duckdb.connect(str(file), config={"memory_limit": MEMORY}) as connection:
        for schema in (SAMPLED, study.outputs.schema, "wardloom"):
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}")
        for table in study.tables.values():
            if table.reference:
                _put(connection, SAMPLED, table.name, reference(study, table))
        for name, files in rows.items():
            _view(connection, name, f"read_parquet([{', '.join(map(quoted_path, files))}])")
        _put(connection, "wardloom", "noised_sums", noised_sums(study, sums))
        _put(connection, "wardloom", "facts", _facts(facts))
        for statement in macros("wardloom"):
            connection.execute(statement)


def _put(connection: duckdb.DuckDBPyConnection, schema: str, name: str, rows: pa.Table) -> None:
    connection.register("arriving", rows)
    connection.execute(f"CREATE TABLE {quoted(schema)}.{quoted(name)} AS SELECT * FROM arriving").fetchall()
    connection.unregister("arriving")


def keep_once(file: Path, study: Study) -> None:
    """When dbt has made the tables: what was read from Parquet files is read from them."""
    with duckdb.connect(str(file)) as connection:
        for table in study.patient_tables():
            _view(connection, table.name, f"{quoted(study.outputs.schema)}.{quoted(table.name)}")


def _view(connection: duckdb.DuckDBPyConnection, name: str, rows: str) -> None:
    connection.execute(f"CREATE OR REPLACE VIEW {quoted(SAMPLED)}.{quoted(name)} AS SELECT * FROM {rows}").fetchall()


def noised_sums(study: Study, sums: Sums) -> pa.Table:
    """One row per cell of every query: its codes, what they mean, the noised sum in patients, its standard error."""
    plans = {plan.table: plan for plan in structure(study)}
    known: dict[tuple[str, str], list[str]] = {}
    parts = []
    for query in sums.queries.values():
        for column in query.columns:
            if (query.table, column) not in known:
                known[query.table, column] = labels(study, plans, query.table, column)
        parts.append(_cells(query, [known[query.table, c] for c in query.columns], sums))
    return pa.concat_tables(parts)


def _cells(query: Query, known: Sequence[Sequence[str]], sums: Sums) -> pa.Table:
    codes = np.stack(np.unravel_index(np.arange(query.cells), query.shape), axis=1).astype(np.int32)
    offsets = numbers(np.arange(query.cells + 1, dtype=np.int32) * len(query.columns))
    begins = np.cumsum([0, *map(len, known)], dtype=np.int32)[:-1]
    meant = words([label for labels_ in known for label in labels_]).take(numbers((codes + begins).ravel()))
    each, same = np.tile(np.arange(len(query.columns)), query.cells), numbers(np.zeros(query.cells, np.int32))
    return pa.table(
        {
            "query": words([query.name]).take(same),
            "table_name": words([query.table]).take(same),
            "columns": pa.ListArray.from_arrays(offsets, words(query.columns).take(numbers(each))),
            "cell": numbers(np.arange(query.cells)),
            "codes": pa.ListArray.from_arrays(offsets, numbers(codes.ravel())),
            "labels": pa.ListArray.from_arrays(offsets, meant),
            "value": numbers(sums.values[query.name].ravel()),
            "std_error": numbers(np.full(query.cells, float(sums.std[query.name]))),
        }
    )


def _facts(facts: Mapping[str, Any]) -> pa.Table:
    texts = [value if isinstance(value, str) else json.dumps(value) for value in facts.values()]
    return pa.table({"name": words(list(facts)), "value": words(texts)})


def save_model(folder: Path, model: Model) -> None:
    """The model as arrays (no pickles) and JSON. Not compressed: that takes long, and saves little on such numbers."""
    arrays = model.arrays()

    def put(path: Path) -> None:
        with path.open("wb") as out:
            np.savez(out, **arrays)  # type: ignore[arg-type]

    write_atomic(folder / "arrays.npz", put)
    write_json(folder / "model.json", model.facts())


def load_model(folder: Path, study: Study) -> Model | None:
    """The model in a folder; None when there is none, or none of this spec."""
    facts = read_json(folder / "model.json")
    if facts is None:
        return None
    try:
        with np.load(folder / "arrays.npz", allow_pickle=False) as found:
            return Model.restore(study, {name: found[name] for name in found.files}, facts)
    except (OSError, ValueError, KeyError):
        return None


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    """Every file of the release with its size and SHA-256."""
    files = {str(f.relative_to(folder)): {"bytes": f.stat().st_size, "sha256": sha256(f)} for f in _files(folder)}
    write_json(folder / MANIFEST, {**facts, "files": files})


def _files(folder: Path) -> Iterator[Path]:
    return (f for f in sorted(folder.rglob("*")) if f.is_file() and f.name != MANIFEST)
