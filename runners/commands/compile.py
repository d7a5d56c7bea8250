"""`wardloom compile`: renders the dbt models of a spec into files to be committed and reviewed."""

from __future__ import annotations

import argparse
from typing import Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE
from runners.out import emit, say


def add(commands: Any) -> None:
    """Declares the command."""
    add_spec(command(commands, "compile", "render the dbt models of a spec into dbt/", "wardloom compile specs/nafld.yml"))


def run(args: argparse.Namespace) -> int:
    """Writes what is new or changed, removes what is no longer asked for."""
    study = study_of(args)
    from runners.compiled import write

    changed = [str(path) for path in write(study)]
    if args.json:
        emit({"changed": changed})
    else:
        say(*(f"changed {path}" for path in changed), f"{len(changed)} files changed; read and commit them")
    return FINE
