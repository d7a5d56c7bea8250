"""`wardloom report`: builds the report of the release again."""

from __future__ import annotations

import argparse
from typing import Any

from runners.commands.base import add_spec, command, study_with_tables
from runners.errors import FINE, WRONG, Stop
from runners.out import emit, say, word


def add(commands: Any) -> None:
    """Declares the command."""
    add_spec(command(commands, "report", "build the HTML report of the release again", "wardloom report specs/nafld.yml"))


def run(args: argparse.Namespace) -> int:
    """From the released files alone; prints where the report is."""
    study = study_with_tables(args)
    from runners.places import Places

    places = Places(study)
    if not places.database.is_file():
        raise Stop(WRONG, f"no release yet: {places.database}\n  run: wardloom run {word(args.spec)}")
    from runners.reporting import rebuild_report

    file = rebuild_report(study)
    if args.json:
        emit({"report": str(file)})
    else:
        say(f"report: {file}")
    return FINE
