"""The files of the dbt project that a site runs for a study, and their digest: what a steward reads and signs.

All of the project's macros, generic tests and settings; the models of the study and those they are made from, with their yml;
tests of these models alone; and yml that belongs to no model (sources). Neither other studies' models nor those of the
release: a site builds in a copy of these files, so nothing else can have a say. Which versions of dbt, DuckDB and Wardloom
run them is not in the digest.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from privacy.canonical import canonical
from runners.files import sha256
from specs.lang.types import Study

LEFT_OUT = {"target", "logs", "dbt_internal_packages", "__pycache__", "analyses"}
"""Folders that dbt writes itself, or reads and never runs."""
YML = (".yml", ".yaml")
REF = re.compile(r"\bref\(\s*(?:['\"]\w+['\"]\s*,\s*)?['\"](\w+)['\"]")


def files(study: Study, dbt: Path) -> dict[str, str]:
    """SHA-256 of each file, by its path below the project."""
    models = _reached(study, dbt)
    found = [f for f in sorted(dbt.rglob("*")) if f.is_file() and _runs(f, dbt, models)]
    return {f.relative_to(dbt).as_posix(): sha256(f) for f in found}


def digest(found: Mapping[str, str]) -> str:
    """SHA-256 over paths and contents."""
    return hashlib.sha256(canonical(dict(found))).hexdigest()


def copy(study: Study, dbt: Path, to: Path) -> Path:
    """These files alone, in a new project; returns `to`."""
    for path in files(study, dbt):
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(dbt / path, to / path)
    return to


def _runs(file: Path, dbt: Path, models: set[Path]) -> bool:
    steps = file.relative_to(dbt).parts
    if set(steps) & LEFT_OUT or any(step.startswith(".") for step in steps):
        return False
    if steps[0] == "tests" and steps[1] != "generic" and file.suffix == ".sql":
        return set(REF.findall(file.read_text(encoding="utf-8"))) <= {m.stem for m in models}
    if steps[0] != "models":
        return True
    if file.suffix not in YML:
        return file in models
    model = next((m for suffix in (".sql", ".py") if (m := file.with_suffix(suffix)).exists()), None)
    rendered = len(steps) > 2 and steps[1] in ("site", "release")
    return model in models if model else not rendered or file.parent in {m.parent for m in models}


def _reached(study: Study, dbt: Path) -> set[Path]:
    """The study's own models and, through `ref`, all that they are made from."""
    own = dbt / "models" / "site" / study.name.replace("-", "_")
    everything = {f.stem: f for f in (dbt / "models").rglob("*") if f.suffix in (".sql", ".py", ".csv")}
    waiting = [name for name, f in everything.items() if own in f.parents]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in everything and name not in found:
            found.add(name)
            waiting += REF.findall(everything[name].read_text(encoding="utf-8"))
    return {everything[name] for name in found}
