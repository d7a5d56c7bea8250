"""What makes sampled tables a release: dbt's contracts and tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from runners.dbt import log, results, run_dbt
from runners.errors import DATA, GATE, Stop
from runners.places import DBT
from runners.release import keep_once
from specs.lang.types import Study

CONTRACT = "Constraint Error:"
"""How DuckDB begins when a row is not what the table's definition says."""


def build_release(study: Study, database: Path, folder: Path) -> None:
    """Builds and tests the release with dbt. Raises Stop; what dbt says here is about synthetic rows, so it is shown."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    name = study.name.replace("-", "_")
    environ = {"WARDLOOM_RELEASE": str(database)}
    words = ["build", "--target", "release", "--select", f"path:models/release/{name}"]
    if run_dbt(words, folder, environ, _project(name, folder / "project")) == 0:
        return keep_once(database, study)
    bad = [r for r in results(folder) if r.get("status") in ("fail", "error")]
    lines = [f"  {str(r.get('unique_id', '')).partition('.')[2]}: {_said(r)[:200]}" for r in bad]
    broken = bool(bad) and all(r.get("status") == "fail" or _said(r).startswith(CONTRACT) for r in bad)
    what = "the release breaks its dbt contract or fails its dbt tests" if broken else "dbt cannot build the release"
    ends = [] if lines else log(folder).splitlines()[-3:]
    raise Stop(GATE if broken else DATA, "\n".join([what, *lines[:10], *ends, f"  details: {folder / 'log' / 'dbt.log'}"]))


def _said(result: dict[str, Any]) -> str:
    """In one line; of a row that breaks the contract what DuckDB says, which names the column."""
    line = " ".join(str(result.get("message")).split())
    return line[max(line.find(CONTRACT), 0) :]


def _project(name: str, to: Path) -> Path:
    """A copy of the dbt project with the models of this release alone: dbt reads all that is there, and that takes seconds."""
    shutil.copytree(DBT, to, ignore=shutil.ignore_patterns("models", "target", "logs", "dbt_internal_packages"))
    shutil.copytree(DBT / "models" / "release" / name, to / "models" / "release" / name)
    return to
