"""A user's partial table: a CSV, Parquet or DuckDB file with some of the columns of a study's root table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from generators.frame import Series
from runners.columnar import SQL_TYPES, from_arrow, quoted, quoted_path
from runners.errors import DATA, WRONG, Stop
from specs.lang.problems import did_you_mean
from specs.lang.problems import quoted as shown
from specs.lang.types import Column

READERS = {".csv": "read_csv({}, header = true, all_varchar = true)", ".parquet": "read_parquet({})"}
DATABASES = (".duckdb", ".db")
KNOWN = ".csv, .parquet, .duckdb"


class Partial:
    """The table, in memory. Raises Stop, which says which file or column, never what is in it."""

    def __init__(self, file: Path, table: str) -> None:
        self.file = file
        if not file.is_file():
            raise Stop(WRONG, f"no such file: {file}")
        if set("*?[") & set(str(file)):
            raise Stop(WRONG, f"{file}: a name with *, ? or [ stands for several files in DuckDB: rename it")
        self.connection = duckdb.connect(":memory:")
        self.connection.execute("SET temp_directory = ''")  # rows that do not fit into memory must not lie on a disk
        with hushed(f"{file} cannot be read"):
            self._load(table)
            described = self.connection.execute("DESCRIBE given").fetchall()
            (self.rows,) = self.connection.execute("SELECT count(*) FROM given").fetchall()[0]
        self.types = {str(row[0]): str(row[1]) for row in described}
        self._names = {name.casefold(): name for name in self.types}

    def name(self, column: str) -> str | None:
        """How the file calls a column: SQL does not look at case."""
        return self._names.get(column.casefold())

    def series(self, column: Column) -> Series:
        """One of the spec's columns; categories as codes into its values. Raises Stop for a value that does not fit."""
        sql = quoted(self._names[column.name.casefold()])
        cast = f"TRY_CAST({sql} AS {SQL_TYPES[column.type]})"
        with hushed(f"{self.file}: column {column.name} cannot be read"):
            select = f"SELECT {cast} AS value, {sql} IS NOT NULL AND {cast} IS NULL AS wrong FROM given"
            found = self.connection.sql(select).to_arrow_table().combine_chunks()
            wrong = bool(found.column("wrong").to_numpy().any())
            series = from_arrow(found.column("value").combine_chunks(), column.type)
        if wrong:
            raise Stop(WRONG, f"{self.file}: column {column.name} has a value that is no {column.type}")
        return self._coded(column, series) if column.type == "string" else series

    def _coded(self, column: Column, series: Series) -> Series:
        codes = {value: code for code, value in enumerate(column.values or ())}
        found = [codes.get(value, -1) for value in series.values.tolist()]
        made = Series(series.null.astype("int64") * 0 + found, series.null, column.values)
        if bool((~made.null & (made.values < 0)).any()):
            raise Stop(WRONG, f"{self.file}: column {column.name} has a value that is not among the spec's values")
        return made

    def _load(self, table: str) -> None:
        kind = self.file.suffix.lower()
        path = quoted_path(self.file)
        if kind in DATABASES:
            self.connection.execute(f"ATTACH {path} AS source (READ_ONLY)")
            self._check(table)
            self.connection.execute(f"CREATE TABLE given AS SELECT * FROM source.{quoted(table)}").fetchall()
            self.connection.execute("DETACH source")
        elif kind in READERS:
            self.connection.execute(f"CREATE TABLE given AS SELECT * FROM {READERS[kind].format(path)}").fetchall()
        else:
            raise Stop(WRONG, f"{self.file}: the table is read from a file that ends in {KNOWN}")

    def _check(self, table: str) -> None:
        select = "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'source' AND table_schema = 'main'"
        names = [str(name) for (name,) in self.connection.execute(select).fetchall()]
        if table.casefold() not in map(str.casefold, names):
            hint = did_you_mean(table, names) or f"it has {len(names)} tables"
            raise Stop(WRONG, f"{self.file}: no table {shown(table)}; {hint}\n  say with --table which one it is")


@contextmanager
def hushed(what: str) -> Iterator[None]:
    """Whatever goes wrong inside may quote a row: only its kind is told."""
    try:
        yield
    except (Stop, MemoryError):
        raise
    except Exception as error:
        raise Stop(DATA, f"{what} ({type(error).__name__})") from None
