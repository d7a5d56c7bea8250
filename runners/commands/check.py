"""`wardloom check`: is the spec right, and is the SQL in dbt/ what it says?"""

from __future__ import annotations

import argparse
from typing import Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE, WRONG, Stop
from runners.out import emit, say


def add(commands: Any) -> None:
    """Declares the command."""
    about = "check a spec, and that the SQL rendered from it is up to date"
    add_spec(command(commands, "check", about, "wardloom check specs/nafld.yml"))


def run(args: argparse.Namespace) -> int:
    """All problems at once."""
    study = study_of(args)
    from runners.compiled import stale, unlike
    from runners.shadow import shadowed

    old = stale(study)
    others = shadowed()
    if old or others:
        lines = unlike(study, old) + others
        raise Stop(WRONG, "\n".join(lines), {"stale": [str(path) for path in old], "shadowed": others})
    tables, columns = len(study.tables), sum(len(t.columns) for t in study.tables.values())
    facts = {"spec": study.name, "digest": study.digest, "tables": tables, "columns": columns, "sites": list(study.sites)}
    if args.json:
        emit(facts)
    else:
        say(f"{args.spec}: fine ({tables} tables, {columns} columns, {len(study.sites)} sites, digest {study.digest[:12]})")
    return FINE
