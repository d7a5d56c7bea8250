"""A release of earlier patients, to which a run of new ones adds.

Sums over disjoint patients add up, and so do the variances of their noise. Every patient is in one batch only, so each batch
spends its own budget: parallel composition (McSherry 2009, Privacy Integrated Queries). That batches are disjoint is the
hospitals' promise: nobody else could check it without comparing patients.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from privacy.query import Query
from privacy.sums import Sums
from runners.errors import WRONG, Stop
from runners.files import read_json
from runners.release import MANIFEST, noised_sums
from specs.lang.types import Study

MEANING = ("query", "cell", "labels")


@dataclass(frozen=True)
class Earlier:
    """The facts of a release and its sums."""

    facts: dict[str, Any]
    sums: Sums


def earlier(study: Study, asked: Sequence[Query]) -> Earlier | None:
    """The release that the spec adds to, if it names one.

    Raises Stop, all reasons at once, where it cannot be read, asks other questions, or may hold the same patients.
    """
    if study.outputs.adds_to is None:
        return None
    folder = Path(study.outputs.adds_to)
    facts = read_json(folder / MANIFEST)
    file = folder / f"{facts['spec']}.duckdb" if facts else folder
    if not facts or not file.is_file():
        raise Stop(WRONG, f"{study.file}: outputs.adds_to names no release: {folder}\n  run the earlier study first")
    found = _read(file, facts)
    wrong = [*_other_questions(study, asked, found), *_same_patients(study, facts)]
    if wrong:
        raise Stop(WRONG, "\n".join(f"{study.file}: cannot add to {folder}: {w}" for w in wrong))
    queries = {q.name: q for q in asked}
    values = {q.name: found["value"][q.name].reshape(q.shape) for q in asked}
    return Earlier(facts, Sums(queries, values, {n: float(found["std_error"][n][0]) for n in queries}, tuple(facts["sites"])))


def added(new: Sums, old: Sums) -> Sums:
    """The sums over both batches, with the noise of both."""
    values = {name: value + old.values[name] for name, value in new.values.items()}
    std = {name: math.hypot(error, old.std[name]) for name, error in new.std.items()}
    return Sums(new.queries, values, std, tuple(dict.fromkeys((*old.sites, *new.sites))))


def _read(file: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """The earlier sums: what every cell means, and by query its values and standard errors."""
    sql = "SELECT * FROM wardloom.noised_sums ORDER BY query, cell"
    try:
        with duckdb.connect(str(file), read_only=True) as connection:
            rows: pa.Table = connection.sql(sql).to_arrow_table()
    except duckdb.Error as error:
        raise Stop(WRONG, f"{file}: the release of {facts['spec']} cannot be read ({type(error).__name__})") from None
    names = np.asarray(rows["query"].to_pylist(), str)
    starts = {str(name): np.flatnonzero(names == name) for name in np.unique(names)}
    numbers = {c: {n: np.asarray(rows[c])[at] for n, at in starts.items()} for c in ("value", "std_error")}
    return {"meaning": rows.select(MEANING), **numbers}


def _other_questions(study: Study, asked: Sequence[Query], found: dict[str, Any]) -> list[str]:
    """Every cell must mean the same: the same columns, bins and values."""
    nothing = Sums({q.name: q for q in asked}, {q.name: np.zeros(q.shape) for q in asked}, {q.name: 0.0 for q in asked}, ())
    mine = noised_sums(study, nothing).select(MEANING).sort_by([("query", "ascending"), ("cell", "ascending")])
    same = _plain(mine).equals(_plain(found["meaning"]))
    return [] if same else ["it asked other questions; tables, ranges, bins and values must be the same"]


def _plain(rows: pa.Table) -> pa.Table:
    kinds = (pa.string(), pa.int64(), pa.list_(pa.string()))
    return pa.table({name: rows[name].cast(kind).combine_chunks() for name, kind in zip(MEANING, kinds, strict=True)})


def _same_patients(study: Study, facts: dict[str, Any]) -> list[str]:
    """A hospital's new batch has a name of its own: under the old name it would be the old patients again."""
    before = facts.get("data_versions", {})
    same = [s.name for s in study.sites.values() if s.data_version in before.get(s.name, [])]
    return [f"site {name} has the same data_version as then: new patients need a new one" for name in same]
