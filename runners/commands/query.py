"""`wardloom query`: SQL over the released synthetic tables."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from runners.commands.base import add_spec, command, study_with_tables
from runners.errors import DATA, FINE, WRONG, Stop
from runners.out import emit, say, table, word

MOST = 40
"""Rows printed as a table; --csv and --json print all."""
NOTES = "the schemas `synthetic` and `wardloom` (noised_sums, facts) are on the search path; nothing can be written"


def add(commands: Any) -> None:
    """Declares the command."""
    example = 'wardloom query specs/nafld.yml "select sex, count(*) from patient group by sex"'
    found = command(commands, "query", "run SQL over the released synthetic tables", example, NOTES)
    add_spec(found)
    found.add_argument("sql", metavar="SQL", help="one SELECT statement in DuckDB's SQL")
    found.add_argument("--csv", action="store_true", help="print CSV")


def run(args: argparse.Namespace) -> int:
    """Prints the rows."""
    study = study_with_tables(args)
    from runners.places import Places

    file = Places(study).database
    if not file.is_file():
        raise Stop(WRONG, f"no release yet: {file}\n  run: wardloom run {word(args.spec)}")
    _print(args, *_asked(file, study.outputs.schema, args.sql))
    return FINE


def _asked(file: Path, schema: str, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Names and rows of what one statement answers. Nothing but the release can be read, and nothing written."""
    import duckdb

    try:
        with duckdb.connect(str(file), read_only=True, config={"enable_external_access": "false"}) as connection:
            connection.execute(f"SET search_path = '{schema},wardloom'")
            connection.execute("SET lock_configuration = true")
            statements = connection.extract_statements(sql)
            if len(statements) != 1:
                raise Stop(WRONG, "one statement, please")
            result = connection.execute(statements[0])
            return [d[0] for d in result.description or []], result.fetchall()
    except duckdb.IOException as error:
        raise Stop(DATA, str(error)) from None
    except duckdb.Error as error:  # everything in the release is public, so its errors are, too
        raise Stop(WRONG, str(error)) from None


def _print(args: argparse.Namespace, heads: list[str], rows: list[tuple[Any, ...]]) -> None:
    if args.json:
        emit([dict(zip(heads, row, strict=True)) for row in rows])
    elif args.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(heads)
        writer.writerows(rows)
    else:
        say(*table(heads, rows[:MOST], exact=True))
        if len(rows) > MOST:
            say(f"... {len(rows) - MOST} more rows (--csv prints all)")
