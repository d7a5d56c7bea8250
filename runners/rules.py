"""Derived columns and constraints of a study, evaluated by DuckDB on columns in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from generators.frame import Frame, Series, length
from runners.columnar import SQL_TYPES, from_arrow, quoted, to_arrow, types_of
from runners.errors import WRONG, Stop
from specs.lang.expression import columns, parse
from specs.lang.types import Column, Constraint, Study, Table

LIMITS = ("SET memory_limit = '1GB'", "SET threads = 2", "SET lock_configuration = true")


def engine() -> duckdb.DuckDBPyConnection:
    """An empty DuckDB in memory that reaches no file and no network."""
    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    for setting in LIMITS:
        connection.execute(setting)
    return connection


@cache
def mentioned(sql: str) -> tuple[tuple[str | None, str], ...]:
    """Columns of an expression, with their tables where it says them."""
    return tuple(columns(parse(sql)))


def operands(table: Table, name: str) -> set[str]:
    """The measured columns behind a derived one."""
    column = table.columns[name]
    return set[str]().union(*(operands(table, c) for _, c in mentioned(str(column.derived)))) if column.derived else {name}


class DuckRules:
    """`generators.rules.Rules` of one study.

    A rule that SQL cannot evaluate on a row (a cast of a word to a number, say) is NULL there: a derived column is NULL,
    a constraint passes.
    """

    def __init__(self, study: Study) -> None:
        self.study = study
        self.engine = engine()

    def derive(self, table: str, frame: Frame) -> Frame:
        """The frame with its derived columns, in spec order. Raises Stop when DuckDB cannot read an expression."""
        found = dict(frame)
        for column in self._derived(table):
            sql = f"TRY_CAST(TRY({column.derived}) AS {SQL_TYPES[column.type]})"
            used = {c for _, c in mentioned(str(column.derived))}
            array = self._evaluate(sql, {table: {c: found[c] for c in found if c in used}}, length(frame), column.name)
            found[column.name] = _rounded(from_arrow(array, column.type), column)
        order = [*(c for c in frame if c not in self.study.tables[table].columns), *self.study.tables[table].columns]
        return {c: found[c] for c in order if c in found}

    def broken(self, table: str, frame: Frame, above: Mapping[str, Frame]) -> NDArray[np.bool_]:
        """Rows that break a constraint whose deepest table is `table`, or whose derived columns leave their domain."""
        rows = length(frame)
        bad = np.zeros(rows, bool)
        for column in self.study.tables[table].columns.values():
            if not column.measured and column.name in frame:
                bad |= _outside(column, frame[column.name])
        for constraint in self.study.constraints:
            if constraint.table == table and rows:
                bad |= self._breaks(constraint, {**above, table: frame}, rows)
        return bad

    def _breaks(self, constraint: Constraint, frames: Mapping[str, Frame], rows: int) -> NDArray[np.bool_]:
        used: dict[str, Frame] = {name: {} for name in constraint.tables}
        for qualifier, name in mentioned(constraint.sql):
            owner = qualifier or constraint.table
            used[owner][name] = frames[owner][name]
        array = self._evaluate(f"NOT coalesce(TRY({constraint.sql}), true)", used, rows, constraint.sql)
        return np.asarray(array).astype(bool)

    def _derived(self, table: str) -> Sequence[Column]:
        """Derived columns, those that others are computed from first."""
        waiting = [c for c in self.study.tables[table].columns.values() if not c.measured]
        ordered: list[Column] = []
        while waiting:
            names = {c.name for c in waiting}
            ready = [c for c in waiting if not names & {n for _, n in mentioned(str(c.derived))}]
            if not ready:
                raise Stop(WRONG, f"table {table}: derived columns need each other: {', '.join(sorted(names))}")
            ordered += ready
            waiting = [c for c in waiting if c not in ready]
        return ordered

    def _evaluate(self, sql: str, frames: Mapping[str, Frame], rows: int, what: str) -> pa.Array:
        """One value per row; frames lie side by side, row by row."""
        names = []
        for i, (name, frame) in enumerate(frames.items()):
            types = types_of(self.study, name)
            data = {c: to_arrow(series, types[c]) for c, series in frame.items()}
            self.engine.register(f"frame_{i}", pa.table(data or {"__row": np.arange(rows)}))
            names.append(f"frame_{i} AS {quoted(name)}")
        try:
            result = self.engine.sql(f"SELECT {sql} AS value FROM {' POSITIONAL JOIN '.join(names)}").to_arrow_table()
        except duckdb.Error as error:
            raise Stop(WRONG, f"{self.study.file}: DuckDB cannot evaluate `{what}` ({type(error).__name__})") from None
        finally:
            for i in range(len(frames)):
                self.engine.unregister(f"frame_{i}")
        return result.column(0).combine_chunks()


def _rounded(series: Series, column: Column) -> Series:
    if not isinstance(column.decimals, int) or column.type != "number":
        return series
    return Series(np.round(series.values, column.decimals), series.null)


def _outside(column: Column, series: Series) -> NDArray[np.bool_]:
    """Derived values that the spec rules out: NULL where it is not allowed, or outside the range."""
    bad = np.zeros(len(series), bool) if column.nullable else series.null.copy()
    if column.range is not None and series.labels is None:
        bad |= ~series.null & ((series.values < column.range[0]) | (series.values > column.range[1]))
    return bad
