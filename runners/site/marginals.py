"""Reads the exact integer sums of the asked queries from a site's work database, and checks that they can be true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from privacy.query import Query, grouped
from runners.columnar import quoted
from runners.site.trouble import Trouble
from specs.lang.types import Study, Table

SETTINGS: dict[str, str | bool | int | float | list[str]] = {"enable_external_access": "false", "lock_configuration": "true"}


def read(work: Path, study: Study, asked: Sequence[Query]) -> NDArray[np.int64]:
    """The stacked answers (all cells of all queries, in order). Raises Trouble when rows or sums break a declared bound."""
    with duckdb.connect(str(work), read_only=True, config=SETTINGS) as connection:
        for table in study.patient_tables():
            bounded(connection, study, table)
        patients = _number(connection, f"SELECT count(*) FROM {place(connection, study, 'coded', study.root.name)}")
        vector = np.zeros(sum(q.cells for q in asked), np.int64)
        starts = dict(zip((q.name for q in asked), accumulate((q.cells for q in asked), initial=0), strict=False))
        for table in study.patient_tables():
            _add(connection, study, table.name, asked, starts, vector)
    _plausible(asked, starts, vector, patients)
    return vector


def _add(
    connection: duckdb.DuckDBPyConnection,
    study: Study,
    table: str,
    asked: Sequence[Query],
    starts: dict[str, int],
    vector: NDArray[np.int64],
) -> None:
    """Adds a table's cells to `vector`; each query begins where `starts` says. Raises Trouble for cells not asked for."""
    where = place(connection, study, "marginals", table)
    sql = f"SELECT query, CAST(cell AS BIGINT) AS cell, CAST(total AS BIGINT) AS total FROM {where}"
    rows: pa.Table = connection.sql(sql).to_arrow_table().combine_chunks()
    if rows.num_rows == 0:
        return
    coded = rows.column("query").combine_chunks().dictionary_encode()
    cells = {q.name: q.cells for q in asked if q.table == table}
    names = coded.dictionary.to_pylist()
    if not set(names) <= set(cells):
        raise Trouble("marginals", table=table)
    # NumPy's own way in: `np.asarray` has pyarrow import pandas, wherever that is installed
    code, cell, total = map(np.from_dlpack, (coded.indices, *(rows.column(c).combine_chunks() for c in ("cell", "total"))))
    sizes, begins = np.asarray([cells[n] for n in names]), np.asarray([starts[n] for n in names])
    if ((cell < 0) | (cell >= sizes[code])).any():
        raise Trouble("marginals", table=table)
    np.add.at(vector, begins[code] + cell, total)


def _plausible(asked: Sequence[Query], starts: dict[str, int], vector: NDArray[np.int64], patients: int) -> None:
    """One patient adds between 0 and sqrt(k) * scale to a cell of a group of k queries."""
    for members in grouped(asked).values():
        most = patients * math.isqrt(len(members) * members[0].scale ** 2)
        for query in members:
            answer = vector[starts[query.name] : starts[query.name] + query.cells]
            if answer.min(initial=0) < 0 or answer.max(initial=0) > most:
                raise Trouble("marginals", table=query.table)


def bounded(connection: duckdb.DuckDBPyConnection, study: Study, table: Table) -> None:
    """No parent has more children than the spec says, and no key is there twice."""
    where = place(connection, study, "coded", table.name)
    keys = (table.parent.key, table.parent.max_children) if table.parent else (tuple(k.name for k in table.key), 1)
    by = ", ".join(quoted(name) for name in keys[0])
    most = _number(connection, f"SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM {where} GROUP BY {by})")
    if most > keys[1]:
        raise Trouble("bound", table=table.name)


def place(connection: duckdb.DuckDBPyConnection, study: Study, kind: str, table: str) -> str:
    """The schema-qualified name of a rendered model. Raises Trouble when dbt did not build it."""
    name = f"{study.name.replace('-', '_')}__{kind}_{table}"
    sql = "SELECT table_schema FROM information_schema.tables WHERE table_name = ? AND table_catalog = current_database()"
    found = connection.execute(sql, [name]).fetchall()
    if not found:
        raise Trouble("model", table=table, part=name)
    return f"{quoted(str(found[0][0]))}.{quoted(name)}"


def _number(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(connection.execute(sql).fetchall()[0][0])
