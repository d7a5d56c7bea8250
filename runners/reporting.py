"""The report of a release: from what the run has at hand, or again from the released files alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from evaluation.compare import Comparison, compare
from evaluation.facts import Facts
from evaluation.report.page import page
from generators.marginal.ask import in_patients
from generators.marginal.structure import queries
from privacy.sums import Sums
from runners.errors import DATA, WRONG, Stop
from runners.files import read_json, write_text
from runners.places import Places
from runners.release import MANIFEST, write_manifest
from runners.sampling.tally import Tally
from runners.task import measured
from specs.lang.types import Study

REPORT = "report.html"
ANSWERS = "answers.npz"
"""What the synthetic tables answer to the study's questions, so that the report can be built again without their rows."""


def write_report(study: Study, compared: Comparison, facts: Mapping[str, Any], release: Path) -> Path:
    """One HTML file in the folder `release`; `compared` are the synthetic tables with the sums, `facts` are those of the run."""
    write_text(release / REPORT, page(study, compared, said(study, facts)))
    return release / REPORT


def said(study: Study, facts: Mapping[str, Any]) -> Facts:
    """What the report says about the run."""
    rho = facts["rho"] if facts["epsilon"] is not None else None
    tables, before = [t.name for t in study.patient_tables()], facts.get("adds_to")
    return Facts(
        digest=facts["digest"],
        created=facts["made"],
        sites=tuple(facts["sites"]),
        epsilon=facts["epsilon"],
        delta=facts["delta"],
        rho=rho,
        none=study.privacy.none if rho is None else None,
        versions={"wardloom": facts["wardloom"]},
        rows={t: facts["rows"][t] for t in tables},
        rejected={t: facts["rejected"][t] for t in tables},
        spend=_spend(study, rho) if rho is not None else {},
        adds_to=f"run {before['run']}, made with epsilon {before['epsilon']}" if before else "",
    )


def _spend(study: Study, rho: float) -> dict[str, float]:
    """What each step took of the budget."""
    first = measured(study) * rho
    return {"measure": first, "train": rho - first} if study.generator.trains else {"measure": rho}


def rebuild_report(study: Study) -> Path:
    """The report again, from the sums in the released database and from what the released tables answer. Raises Stop."""
    places = Places(study)
    facts = read_json(places.release / MANIFEST)
    tally = Tally.load(places.release / ANSWERS)
    if not facts or facts.get("digest") != study.digest or tally is None:
        raise Stop(WRONG, f"the release in {places.release} was made from another version of the spec: run it again")
    sums = released_sums(study, places.database, tuple(facts["sites"]))
    file = write_report(study, compare(study, sums, in_patients(study, tally.totals)), facts, places.release)
    write_manifest(places.release, {k: v for k, v in facts.items() if k != "files"})
    return file


def released_sums(study: Study, database: Path, sites: tuple[str, ...]) -> Sums:
    """The noised sums of a released database. Raises Stop when they are not those of the study."""
    asked = {q.name: q for q in queries(study)}
    sql = "SELECT query, list(value ORDER BY cell), any_value(std_error) FROM wardloom.noised_sums GROUP BY query"
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(sql).fetchall()
    if {name for name, _, _ in rows} != set(asked) or any(len(v) != asked[name].cells for name, v, _ in rows):
        raise Stop(DATA, f"the noised sums in {database} are not those of the spec")
    values = {name: np.asarray(v, float).reshape(asked[name].shape) for name, v, _ in rows}
    return Sums(asked, values, {name: float(std) for name, _, std in rows}, sites)
