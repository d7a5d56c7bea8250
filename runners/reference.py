"""Public reference tables: the rows of their CSV file, typed as the spec says."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from runners.columnar import SQL_TYPES, quoted, types_of
from runners.errors import WRONG, Stop
from specs.lang.types import Study, Table


def reference(study: Study, table: Table) -> pa.Table:
    """The table's key and columns. The file's path is read from the spec's folder. Raises Stop when it is not as described."""
    file = Path(study.file).parent / str(table.reference)
    types = types_of(study, table.name)
    casts = ", ".join(f"CAST({quoted(c)} AS {SQL_TYPES[kind]}) AS {quoted(c)}" for c, kind in types.items())
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute("CREATE TABLE file AS SELECT * FROM read_csv(?, header = true, all_varchar = true)", [str(file)])
            return connection.sql(f"SELECT {casts} FROM file").to_arrow_table()
    except duckdb.Error as error:
        first = str(error).splitlines()[0]
        raise Stop(WRONG, f"{study.file}: reference table {table.name} cannot be read from {file}: {first}") from None
