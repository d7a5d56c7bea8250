"""Builds a study's marginals at a site with dbt, in a private folder, and says nothing of what dbt says."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from runners.dbt import log, results, run_dbt
from runners.places import DBT
from runners.site import approval, project
from runners.site.diagnose import of_text
from runners.site.trouble import Trouble
from specs.lang.types import Site, Study

ROOM_BYTES = 64 << 20  # dbt that fails with less than this left failed for want of it: a full disk leaves no room to say so


def build(site: Site, study: Study, folder: Path) -> Path:
    """The work database with bounded, coded and marginal tables. Raises Trouble with public names only.

    dbt sees a private copy of the study's files, and the copy is what has to be approved: it cannot change meanwhile.
    """
    work, copied = folder / "work.duckdb", project.copy(study, DBT, folder / "project")
    approval.check(site, study, copied)
    environ = {
        "WARDLOOM_WORK": str(work),
        "WARDLOOM_DATABASE": str(Path(site.database).absolute()),
        "WARDLOOM_SCHEMA": site.schema,
    }
    name = study.name.replace("-", "_")
    if run_dbt(["build", "--target", "site", "--select", f"+path:models/site/{name}"], folder, environ, copied) != 0:
        raise enough_room(folder, failure(folder, known_names(study)))
    return work


def enough_room(folder: Path, otherwise: Trouble) -> Trouble:
    """Trouble "disk" where the disk is nearly full and dbt gave no better reason than that it failed."""
    full = shutil.disk_usage(folder).free < ROOM_BYTES
    return Trouble("disk") if full and otherwise.code in ("dbt", "model", "database") else otherwise


def failure(folder: Path, known: set[str]) -> Trouble:
    """What went wrong first, told by names that the repository contains."""
    for result in results(folder):
        status, node = str(result.get("status")), _node(str(result.get("unique_id", "")), known)
        if status == "fail":
            return Trouble("test", part=node)
        if status == "error":
            found = of_text(str(result.get("message") or ""), "model", known)
            return Trouble(found.code, column=found.column, part=node)
    errors = "\n".join(line for line in log(folder).splitlines() if "Error" in line)
    return of_text(errors, "dbt")


def known_names(study: Study) -> set[str]:
    """Names anyone may read in the repository: of the spec, and of files and words in the dbt project's own YAML and SQL."""
    names = {c for t in study.tables.values() for c in (t.name, *t.columns, *(k.name for k in t.key))}
    names |= {k for t in study.tables.values() if t.parent for k in t.parent.key}
    for file in (*DBT.glob("models/**/*.yml"), *DBT.glob("models/**/*.sql"), *DBT.glob("tests/**/*.sql")):
        names |= {file.stem, *re.findall(r"[^\W\d]\w*", file.read_text(encoding="utf-8"))}
    return names


def _node(unique_id: str, known: set[str]) -> str:
    """The name of a model or a test; of a test without a name of its own, at least what it tests."""
    parts = unique_id.split(".")
    name = parts[2] if len(parts) > 2 else ""
    if name in known:
        return name
    inside = [k for k in known if len(k) > 3 and re.search(rf"(^|_){re.escape(k)}(_|$)", name)]
    return max(inside, key=len, default="")
