"""Runs dbt in a process of its own, its target and logs in a folder of ours, and reads what became of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from runners.places import DBT, HOUSE

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "VIRTUAL_ENV", "SYSTEMROOT", "LD_LIBRARY_PATH")
START = ("-P", str(HOUSE / "runners" / "dbt_start.py"))
"""A script, and no folder of it to import from: dbt gets nothing of this house's."""
QUIET = {"DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DO_NOT_TRACK": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def run_dbt(arguments: list[str], folder: Path, environ: dict[str, str], project: Path | None = None) -> int:
    """The exit code of dbt on `project` (the house's own if left out). Its output is lost; logs and results are in `folder`."""
    places = ["--project-dir", str(project or DBT), "--profiles-dir", str(project or DBT)]
    places += ["--target-path", str(folder / "target"), "--log-path", str(folder / "log")]
    passed_on = {k: os.environ[k] for k in PASSED_ON if k in os.environ}
    done = subprocess.run(
        [sys.executable, *START, "--quiet", "--no-use-colors", "--no-partial-parse", *arguments, *places],
        cwd=folder,
        env=passed_on | QUIET | {"TMPDIR": str(folder)} | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode


def results(folder: Path) -> list[dict[str, Any]]:
    """What dbt says of each node it ran; empty when it did not get that far."""
    try:
        found = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
        return [r for r in found if isinstance(r, dict)]
    except (OSError, ValueError, KeyError):
        return []


def log(folder: Path) -> str:
    """The end of dbt's log."""
    file = folder / "log" / "dbt.log"
    return file.read_text(encoding="utf-8", errors="replace")[-20_000:] if file.exists() else ""
