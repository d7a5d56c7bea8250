"""Reads a site's code columns from its work database: what rounds of training compute on."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np

from generators.marginal.code import Codes
from generators.marginal.plan import Plan
from generators.marginal.structure import structure
from generators.trained import Coded
from runners.columnar import quoted
from runners.compile.coded import sizes, whole_bins
from runners.site.marginals import SETTINGS, bounded, place
from specs.lang.domain import SPLIT
from specs.lang.types import Study


def read(work: Path, study: Study) -> Coded:
    """All code columns of all patients' tables, -1 where one does not apply. Raises Trouble for rows beyond a bound."""
    with duckdb.connect(str(work), read_only=True, config=SETTINGS) as connection:
        for table in study.patient_tables():
            bounded(connection, study, table)
        return {plan.table: _codes(connection, study, plan) for plan in structure(study)}


def _codes(connection: duckdb.DuckDBPyConnection, study: Study, plan: Plan) -> Codes:
    codes = {n: quoted(n) for n in sizes(plan)} | {n: f"{quoted(v)}::BIGINT * {SPLIT}" for n, v in whole_bins(plan).items()}
    columns = ", ".join(f"coalesce({sql}, -1)::BIGINT AS {quoted(n)}" for n, sql in codes.items())
    parent = study.tables[plan.table].parent
    patient = "__patient" if parent else "rowid"
    above = f"dense_rank() over (order by {', '.join(map(quoted, parent.key))}) - 1" if parent else patient
    row = "__row - 1" if parent else "0"
    order = f"{patient}::BIGINT AS __patient, ({above})::BIGINT AS __parent, ({row})::BIGINT AS __row"
    sql = f"SELECT {columns}, {order} FROM {place(connection, study, 'coded', plan.table)}"
    found = connection.sql(sql).to_arrow_table()
    values = {name: np.asarray(found.column(name)) for name in found.column_names}
    return Codes(values, *(values.pop(name) for name in ("__patient", "__parent", "__row")))
