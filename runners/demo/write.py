"""Writes one DuckDB file per hospital, and one beside it with its held-out patients. All files are for the owner alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import numpy as np

from runners.demo.recipe import Recipe
from runners.demo.split import split

DONE = "complete.json"
Say = Callable[[str], None]


def files(recipe: Recipe) -> dict[str, tuple[int, bool]]:
    """File name -> (hospital index, is it the holdout?)."""
    names = {f"{h}.duckdb": (i, False) for i, h in enumerate(recipe.hospitals)}
    if recipe.holdout:
        names |= {f"{h}_holdout.duckdb": (i, True) for i, h in enumerate(recipe.hospitals)}
    return names


def facts(recipe: Recipe, patients: int | None) -> dict[str, object]:
    """What must be the same for files written earlier to be used again."""
    spread = {h: [x.share, x.tilt] for h, x in recipe.hospitals.items()}
    tables = [recipe.patients, *recipe.owned, *recipe.public]
    return {
        "recipe": recipe.name, "version": recipe.version, "seed": recipe.seed, "holdout": recipe.holdout,
        "hospitals": spread, "tables": tables, "patients": patients,
    }  # fmt: skip


def complete(directory: Path, recipe: Recipe, patients: int | None = None) -> bool:
    """Are all files there, written to the end by this very recipe?"""
    try:
        said = json.loads((directory / DONE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return bool(said == facts(recipe, patients)) and all((directory / name).is_file() for name in files(recipe))


def write(directory: Path, recipe: Recipe, patients: int | None, say: Say) -> None:
    """Loads, splits and writes; an interrupted run leaves no file that looks complete.

    Raises ModuleNotFoundError when the package with the data is not installed.
    """
    with _private(), duckdb.connect() as con:
        con.execute("SET preserve_insertion_order = true").fetchall()
        say(f"loading {recipe.name}")
        recipe.load(con)
        directory.mkdir(parents=True, exist_ok=True)
        (directory / DONE).unlink(missing_ok=True)
        _assign(con, recipe, patients)
        for name, (hospital, held) in files(recipe).items():
            counts = _file(con, recipe, directory / name, hospital, held)
            say(f"{name}: " + ", ".join(f"{n:,} {table}" for table, n in counts.items()))
        text = json.dumps(facts(recipe, patients), indent=1)
        (directory / DONE).write_text(text + "\n", encoding="utf-8")


@contextmanager
def _private() -> Iterator[None]:
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def _assign(con: duckdb.DuckDBPyConnection, recipe: Recipe, patients: int | None) -> None:
    """Makes the table `assigned(key, hospital, held)`; patients in the order of their keys."""
    some = "" if patients is None else f"LIMIT {int(patients)}"
    rows = con.execute(
        f'SELECT "{recipe.key}" AS key, ({recipe.age})::DOUBLE AS age FROM "{recipe.patients}" ORDER BY key {some}'
    ).fetchnumpy()
    age = np.ma.filled(np.ma.asarray(rows["age"], dtype=np.float64), np.nan)
    site, held = split(age, recipe.hospitals, recipe.holdout, recipe.seed)
    con.register("split_of", {"key": np.asarray(rows["key"]), "hospital": site, "held": held})
    con.execute("CREATE TABLE assigned AS SELECT * FROM split_of").fetchall()
    con.unregister("split_of")


def _file(con: duckdb.DuckDBPyConnection, recipe: Recipe, path: Path, hospital: int, held: bool) -> dict[str, int]:
    """Writes one fresh file; returns its rows per table of patients."""
    part = path.with_name(path.name + ".part")
    for old in (part, part.with_name(part.name + ".wal"), path.with_name(path.name + ".wal")):
        old.unlink(missing_ok=True)
    con.execute(f"ATTACH '{str(part).replace(chr(39), chr(39) * 2)}' AS hospital").fetchall()
    counts = {}
    for table in (recipe.patients, *recipe.owned):
        con.execute(
            f'CREATE TABLE hospital."{table}" AS SELECT t.* FROM "{table}" t JOIN assigned a ON a.key = t."{recipe.key}" '
            f"WHERE a.hospital = {hospital} AND a.held = {held} ORDER BY t.rowid"
        ).fetchall()
        counts[table] = _count(con, table)
    for table in recipe.public:
        con.execute(f'CREATE TABLE hospital."{table}" AS SELECT * FROM "{table}"').fetchall()
    con.execute("DETACH hospital").fetchall()
    part.chmod(0o600)
    part.replace(path)
    return counts


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    row = con.execute(f'SELECT count(*) FROM hospital."{table}"').fetchone()
    return int(row[0]) if row else 0
