"""Runs rendered models in a plain DuckDB: references become tables of the same connection."""

from __future__ import annotations

import re

import duckdb
import numpy as np

from generators.frame import Frame, Series, Tables
from generators.marginal.ask import answers
from generators.marginal.structure import queries, structure
from runners.columnar import from_arrow, types_of
from runners.compile import bounded, coded, marginals
from runners.compile.names import model
from runners.rules import DuckRules
from specs.lang.types import Study


def build(con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """All site models of a study over the tables of its name."""
    for plan in structure(study):
        table = study.tables[plan.table]
        _put(con, model(study, "bounded", table.name), bounded.bounded(study, table))
    for plan in structure(study):
        table = study.tables[plan.table]
        _put(con, model(study, "coded", table.name), coded.coded(study, table, plan))
        _put(con, model(study, "marginals", table.name), marginals.marginals(study, table, plan))


def _put(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r'"\1"', sql)
    sql = re.sub(r"\{\{ source\('\w+', '(\w+)'\) \}\}", r'"\1"', sql)
    con.execute(f'CREATE TABLE "{name}" AS {sql}').fetchall()


def sums(con: duckdb.DuckDBPyConnection, study: Study) -> dict[str, np.ndarray]:
    """Each query's flat answer, as the marginals models hold it."""
    found = {q.name: np.zeros(q.cells, np.int64) for q in queries(study)}
    for table in study.patient_tables():
        rows = con.execute(f'SELECT * FROM "{model(study, "marginals", table.name)}"').fetchall()
        assert len(rows) == len({row[:2] for row in rows})
        for query, cell, total in rows:
            found[query][cell] += total
    return found


def expected(con: duckdb.DuckDBPyConnection, study: Study) -> dict[str, np.ndarray]:
    """Each query's flat answer by its definition, in NumPy, over the bounded rows."""
    found = answers(study, *frames(con, study))
    return {q.name: np.rint(found[q.name].ravel() * q.scale).astype(np.int64) for q in queries(study)}


def frames(con: duckdb.DuckDBPyConnection, study: Study) -> tuple[Tables, dict[str, np.ndarray]]:
    """The bounded models as frames, with derived columns, in the database's own order; and the row of each parent."""
    tables: Tables = {}
    parents: dict[str, np.ndarray] = {}
    rows: dict[str, dict[tuple, int]] = {}
    rules = DuckRules(study)
    for table in study.patient_tables():
        frame = tables[table.name] = rules.derive(table.name, _frame(con, study, table.name))
        keys = zip(*(frame[k.name].values.tolist() for k in table.key), strict=True)
        rows[table.name] = {key: i for i, key in enumerate(keys)}
        if table.parent:
            owners = zip(*(frame[k].values.tolist() for k in table.parent.key), strict=True)
            parents[table.name] = np.array([rows[table.parent.table][o] for o in owners], np.int64)
    return tables, parents


def _frame(con: duckdb.DuckDBPyConnection, study: Study, table: str) -> Frame:
    found = con.sql(f'SELECT * FROM "{model(study, "bounded", table)}"').to_arrow_table()
    frame: Frame = {}
    for name in found.column_names:
        series = from_arrow(found.column(name).combine_chunks(), types_of(study, table)[name])
        column = study.tables[table].columns.get(name)
        if column and column.type == "string" and column.values:
            known = {value: code for code, value in enumerate(column.values)}
            codes = [0 if null else known[v] for v, null in zip(series.values.tolist(), series.null, strict=True)]
            series = Series(np.array(codes, np.int64), series.null, column.values)
        frame[name] = series
    return frame
