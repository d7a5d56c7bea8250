"""Looks at a hospital's database before anything is spent: is it there, and does it have the tables, columns and types asked for?

No row is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from runners.columnar import quoted
from runners.site.diagnose import of_duckdb
from runners.site.sources import family, readable, wanted
from runners.site.trouble import Trouble
from specs.lang.types import Consent, Site, Study


def check(site: Site, study: Study) -> None:
    """Raises Trouble naming the first table or column that is missing or of another type."""
    types = column_types(site)
    for want in wanted(study):
        found = types.get(want.table.lower())
        if found is None:
            raise Trouble("table", table=want.table)
        for column, expected in want.columns.items():
            if column.lower() not in found:
                raise Trouble("column", table=want.table, column=column)
            if not readable(expected, found[column.lower()]):
                kinds = family(expected), family(found[column.lower()])
                raise Trouble("type", table=want.table, column=column, expected=kinds[0], found=kinds[1])
    if study.governance.consent:
        _binds(site, study.governance.consent)


def _binds(site: Site, consent: Consent) -> None:
    """Raises Trouble when the condition does not fit the types of the columns it names. It is bound, not evaluated."""
    sql = f"EXPLAIN SELECT 1 FROM hospital.{quoted(site.schema)}.{quoted(consent.table)} WHERE try({consent.where})"
    try:
        with _attached(Path(site.database)) as connection:
            connection.execute(sql).fetchall()
    except duckdb.BinderException:
        raise Trouble("type", table=consent.table, part="governance.consent.where") from None
    except duckdb.Error as error:
        raise of_duckdb(error, "corrupt") from None


@contextmanager
def _attached(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{str(path.absolute()).replace(chr(39), chr(39) * 2)}' AS hospital (READ_ONLY)")
        yield connection


def column_types(site: Site) -> dict[str, dict[str, str]]:
    """SQL type of every column of every table in the site's schema, names in lower case. Raises Trouble."""
    path = Path(site.database)
    if not path.is_file():
        raise Trouble("database")
    sql = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = ? AND table_catalog = ?"
    try:
        with _attached(path) as connection:
            rows = connection.execute(sql, [site.schema, "hospital"]).fetchall()
    except duckdb.Error as error:
        raise of_duckdb(error, "corrupt") from None
    types: dict[str, dict[str, str]] = {}
    for table, column, kind in rows:
        types.setdefault(str(table).lower(), {})[str(column).lower()] = str(kind)
    return types
