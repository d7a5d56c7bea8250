"""Runs rendered models in a plain DuckDB: references become tables of the same connection."""

from __future__ import annotations

import re

import duckdb

from generators.marginal.structure import structure
from runners.compile import bounded, coded, marginals
from runners.compile.names import model
from specs.lang.types import Study


def build(con: duckdb.DuckDBPyConnection, study: Study) -> None:
    """All site models of a study over the tables of its name."""
    for plan in structure(study):
        table = study.tables[plan.table]
        _put(con, model(study, "bounded", table.name), bounded.bounded(study, table))
    for plan in structure(study):
        table = study.tables[plan.table]
        _put(con, model(study, "coded", table.name), coded.coded(study, table, plan))
        _put(con, model(study, "marginals", table.name), marginals.marginals(study, table, plan.queries()))


def _put(con: duckdb.DuckDBPyConnection, name: str, sql: str) -> None:
    sql = re.sub(r"\{\{ ref\('(\w+)'\) \}\}", r'"\1"', sql)
    sql = re.sub(r"\{\{ source\('\w+', '(\w+)'\) \}\}", r'"\1"', sql)
    con.execute(f'CREATE TABLE "{name}" AS {sql}').fetchall()
