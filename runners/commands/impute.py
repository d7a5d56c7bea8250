"""`wardloom impute`: missing columns of a partial table, from a released model."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE, WRONG, Stop
from runners.out import emit, say

NOTES = """columns of the patients' table that the file lacks are drawn given those that it has; so are gaps in columns where
the spec allows no NULL, and in those named by --fill. Derived columns are computed where they are
missing for want of what was drawn. What is in the file stays, and is printed and logged nowhere.
The result holds the file's rows: it is as private as they are, only its owner can read it. Draws are no measurements.
"""


def add(commands: Any) -> None:
    """Declares the command."""
    example = "wardloom impute specs/nafld.yml some.csv --out filled.csv --fill weight height"
    found = command(commands, "impute", "fill the missing columns of a table from a released model", example, NOTES)
    add_spec(found)
    found.add_argument("file", type=Path, metavar="FILE", help="CSV, Parquet or DuckDB file with some of the columns")
    found.add_argument("--out", type=Path, required=True, metavar="FILE", help="new file: .csv, .parquet or .duckdb")
    found.add_argument("--fill", nargs="+", default=[], metavar="COLUMN", help="columns in which NULL is a gap to be filled")
    found.add_argument("--table", metavar="TABLE", help="table of a DuckDB file (default: the patients' table)")
    found.add_argument("--seed", type=int, metavar="N", help="seed of the draws (default: the spec's)")


def run(args: argparse.Namespace) -> int:
    """Fills the table, then says which columns were drawn."""
    study = study_of(args)
    from runners.impute.make import make

    seed = study.seed if args.seed is None else args.seed
    if seed < 0:
        raise Stop(WRONG, f"--seed: {seed} is below 0")
    done = make(study, args.file, args.out, args.fill, args.table or study.root.name, seed)
    if args.json:
        emit({"file": str(done.file), "added": done.added, "filled": done.completed})
    else:
        say(f"filled: {done.file}")
        say(f"drawn columns: {', '.join(done.added) or 'none'}")
        say(f"gaps, if any, filled in: {', '.join(done.completed) or 'none'}")
    return FINE
