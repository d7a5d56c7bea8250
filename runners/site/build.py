"""Runs dbt at a site, in a private folder, and says nothing of what dbt says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from runners.places import DBT
from runners.site.diagnose import of_text
from runners.site.trouble import Trouble
from specs.lang.types import Site, Study

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH")
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def build(site: Site, study: Study, folder: Path) -> Path:
    """The work database with bounded, coded and marginal tables. Raises Trouble with public names only."""
    work = folder / "work.duckdb"
    environ = {k: os.environ[k] for k in PASSED_ON if k in os.environ} | QUIET
    environ |= {
        "WARDLOOM_WORK": str(work),
        "WARDLOOM_DATABASE": str(Path(site.database).absolute()),
        "WARDLOOM_SCHEMA": site.schema,
        "TMPDIR": str(folder),
    }
    name = study.name.replace("-", "_")
    code = dbt(["build", "--target", "site", "--select", f"+path:models/site/{name}"], folder, environ)
    if code != 0:
        raise failure(folder / "target" / "run_results.json", folder / "log" / "dbt.log", known_names(study))
    return work


def dbt(arguments: list[str], folder: Path, environ: dict[str, str]) -> int:
    """Runs dbt with its target and logs in `folder`; its exit code. Its output is thrown away."""
    places = ["--project-dir", str(DBT), "--profiles-dir", str(DBT)]
    places += ["--target-path", str(folder / "target"), "--log-path", str(folder / "log")]
    command = [sys.executable, "-m", "dbt.cli.main", "--quiet", "--no-use-colors", *arguments, *places]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode


def failure(results: Path, log: Path, known: set[str]) -> Trouble:
    """What went wrong first, told by names that the repository contains."""
    for result in _results(results):
        status, node = str(result.get("status")), _node(str(result.get("unique_id", "")), known)
        if status == "fail":
            return Trouble("test", part=node)
        if status == "error":
            found = of_text(str(result.get("message") or ""), "model", known)
            return Trouble(found.code, column=found.column, part=node)
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return of_text(text[-20_000:], "dbt")


def known_names(study: Study) -> set[str]:
    """Names anyone may read in the repository: of the spec, and of files and words in the dbt project's own YAML and SQL."""
    names = {c for t in study.tables.values() for c in (t.name, *t.columns, *(k.name for k in t.key))}
    names |= {k for t in study.tables.values() if t.parent for k in t.parent.key}
    for file in (*DBT.glob("models/**/*.yml"), *DBT.glob("models/**/*.sql"), *DBT.glob("tests/**/*.sql")):
        names |= {file.stem, *re.findall(r"[^\W\d]\w*", file.read_text(encoding="utf-8"))}
    return names


def _results(path: Path) -> list[dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))["results"]
        return [r for r in found if isinstance(r, dict)]
    except (OSError, ValueError, KeyError):
        return []


def _node(unique_id: str, known: set[str]) -> str:
    """The name of a model or a test; of a test without a name of its own, at least what it tests."""
    parts = unique_id.split(".")
    name = parts[2] if len(parts) > 2 else ""
    if name in known:
        return name
    inside = [k for k in known if len(k) > 3 and re.search(rf"(^|_){re.escape(k)}(_|$)", name)]
    return max(inside, key=len, default="")
