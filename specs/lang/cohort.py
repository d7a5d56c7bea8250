"""Cohort files: patients to be drawn from a released model.

A file of its own: nothing in it can change the spec that was approved, nor its digest.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from specs.lang.document import document
from specs.lang.given import Given, given
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.quotas import quotas
from specs.lang.read import digest, read
from specs.lang.shape import checked, schema
from specs.lang.text import load
from specs.lang.types import Study

TRIES, PER_PATIENT = 400_000, 20
"""Patients that are looked at, if the file does not say how many: so many, or so many for each that is wanted."""
SCHEMA = "cohort.schema.json"


@dataclass(frozen=True, slots=True)
class Balance:
    """A column of the root table, and how many patients of the cohort have each of its values."""

    column: str
    patients: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Cohort:
    """`patients` are drawn from the released model of `study`; all of `given` holds for each. At most `tries` are looked at."""

    name: str
    file: str
    digest: str
    study: Study
    patients: int
    seed: int
    tries: int
    given: tuple[Given, ...] = ()
    balance: Balance | None = None
    about: str = ""


def read_cohort(path: Path, environ: Mapping[str, str] = os.environ) -> Cohort:
    """The checked cohort in a file. Raises SpecError with all problems of the file, or of the spec it names."""
    notes = Notes(document(str(path), load(path, "a cohort"), "a cohort"))
    said = checked(notes, schema(SCHEMA), "a cohort")
    spec = path.parent / said["from"]
    if not spec.is_file():
        notes.say(("from",), f"there is no spec {quoted(said['from'])}", "a path from this file's folder")
        notes.stop()
    study = read(Path(os.path.normpath(spec)), environ)
    patients = _patients(notes, said["rows"], study)
    conditions = [given(notes, ("given", i), sql, study) for i, sql in enumerate(said.get("given", []))]
    cohort = Cohort(
        name=said["cohort"],
        file=str(path),
        digest=digest(notes.document, {}),
        study=study,
        patients=patients,
        seed=int(said.get("seed", study.seed)),
        tries=int(said.get("tries", max(TRIES, PER_PATIENT * patients))),
        given=tuple(g for g in conditions if g is not None),
        balance=_balance(notes, said["balance"], study, patients) if "balance" in said else None,
        about=said.get("about", ""),
    )
    if cohort.tries < patients and "tries" in notes.document.data:
        notes.say(("tries",), f"{cohort.tries} tries cannot find {patients} patients", "at least as many as there are `rows`")
    notes.stop()
    return cohort


def _patients(notes: Notes, said: Mapping[str, Any], study: Study) -> int:
    (name, number), root = next(iter(said.items())), study.root.name
    if name != root:
        hint = did_you_mean(name, [root]) or "the numbers of rows below a patient are drawn"
        notes.say(("rows", name), f"only {quoted(root)} has a number of rows", hint, True)
    return int(number)


def _balance(notes: Notes, said: Mapping[str, Any], study: Study, patients: int) -> Balance | None:
    """Numbers of patients by value; None, with notes, when they cannot be made out."""
    name, shares = next(iter(said.items()))
    path, before = ("balance", name), len(notes.problems)
    column = study.root.columns.get(name)
    able = [c.name for c in study.root.columns.values() if c.values and c.references != study.root.name]
    if column is None or name not in able:
        what = f"{quoted(name)} has no list of values" if column else f"{quoted(study.root.name)} has no column {quoted(name)}"
        notes.say(path, what, did_you_mean(name, able) or "a column with `values`, or a boolean", True)
        return None
    values = column.values or ()
    if shares == "equal":
        shares = dict.fromkeys(values, 1 / len(values))
    for value in shares:
        if value not in values:
            notes.say((*path, value), f"{quoted(value)} is no value of {quoted(name)}", did_you_mean(value, values), True)
    total = sum(shares.values())
    if abs(total - 1) > 1e-6:
        notes.say(path, f"these shares add up to {total:.6g}", "they add up to 1")
    numbers = quotas(patients, shares)
    none = [v for v, n in numbers.items() if n == 0]
    if none:
        notes.say(path, f"of {patients} patients none would have {quoted(none[0])}", "more rows, or larger shares")
    return Balance(name, numbers) if len(notes.problems) == before else None
