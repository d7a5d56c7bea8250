"""`wardloom cohort`: from a released model to a file of patients, whole or not at all."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generators.frame import length
from lineage.emitter import Emitter
from lineage.study import Recorder
from runners.cohort.draw import Drawn, Told, draw
from runners.cohort.weights import Stratum, strata
from runners.cohort.write import write
from runners.errors import WRONG, Stop
from runners.files import read_json, write_atomic
from runners.intact import released_model
from runners.out import word
from runners.places import DBT, Places
from runners.prove import URL
from runners.release import MANIFEST
from runners.rules import DuckRules
from specs.lang.cohort import Cohort


@dataclass(frozen=True)
class Made:
    """A cohort that was written to `file`."""

    file: Path
    drawn: Drawn
    strata: tuple[Stratum, ...]
    facts: dict[str, Any]


def make(cohort: Cohort, told: Told) -> Made:
    """Draws and writes the cohort. Raises Stop when there is no release of the spec, or when its tries do not suffice."""
    study, places = cohort.study, Places(cohort.study)
    released = read_json(places.release / MANIFEST) or {}
    model = released_model(places.release, study)
    if model is None:
        what = f"no release of this version of {study.file}: {places.release}"
        raise Stop(WRONG, f"{what}\n  run: wardloom run {word(study.file)}")
    file = place(cohort)
    with Emitter(file.with_suffix(".lineage.ndjson"), os.environ.get(URL)) as emitter:
        recorder = Recorder(study, emitter, version=str(released["run"]), dbt=DBT)
        with recorder.cohort(cohort, released["sites"]):
            drawn = draw(cohort, model, DuckRules(study), told)
            found = strata(cohort.balance, drawn) if cohort.balance else ()
            facts = _facts(cohort, drawn, released)
            write_atomic(file, lambda part: write(part, cohort, drawn, found, facts))
    return Made(file, drawn, found, facts)


def place(cohort: Cohort) -> Path:
    """Beside the release, which a later run replaces: `out/nafld.cohorts/NAME.duckdb`."""
    home = Places(cohort.study).release
    return home.with_name(f"{home.name}.cohorts") / f"{cohort.name}.duckdb"


def _facts(cohort: Cohort, drawn: Drawn, released: dict[str, Any]) -> dict[str, Any]:
    """What a reader of the cohort should know first. What protects patients is what protects those of the release."""
    kept = {name: released.get(name) for name in ("spec", "run", "privacy", "epsilon", "delta", "generator", "wardloom")}
    return {
        "cohort": cohort.name,
        "cohort_digest": cohort.digest,
        "about": cohort.about,
        "spec_digest": cohort.study.digest,
        **kept,
        "seed": cohort.seed,
        "given": [given.sql for given in cohort.given],
        "balance": dict(cohort.balance.patients) if cohort.balance else None,
        "rows": {name: length(frame) for name, frame in drawn.sample.tables.items()},
        "drawn": drawn.odds.drawn,
        "met": drawn.odds.met,
        "probability": drawn.odds.facts()["probability"],
        "interval": [drawn.odds.low, drawn.odds.high],
    }
