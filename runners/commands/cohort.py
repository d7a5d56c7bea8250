"""`wardloom cohort`: patients under conditions, from a released model."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.commands.base import command
from runners.errors import FINE
from runners.out import emit, say, table

if TYPE_CHECKING:
    from runners.cohort.make import Made

EVERY = 5.0
"""Seconds between two lines of progress."""
NOTES = """FILE says how many patients, what holds for each of them (SQL), and in which shares:
  cohort: diabetes-40-60
  from: nafld.yml
  rows: {patient: 1000}
  given: ["age between 40 and 60", "patient_id in (select patient_id from event where event = 'diabetes')"]
  balance: {male: equal}
it costs no privacy and asks no hospital; the same release, file and seed give the same patients
"""


def add(commands: Any) -> None:
    """Declares the command."""
    about = "draw patients under conditions from a released model"
    found = command(commands, "cohort", about, "wardloom cohort specs/cohorts/nafld-diabetes.yml", NOTES)
    found.add_argument("file", type=Path, metavar="FILE", help="the cohort's YAML file")
    found.add_argument("--quiet", action="store_true", help="no progress lines")


def run(args: argparse.Namespace) -> int:
    """Draws and writes the cohort, then prints what was made."""
    from specs.lang.cohort import read_cohort

    cohort = read_cohort(args.file)
    from runners.cohort.make import make

    began = time.monotonic()

    def told(found: int, drawn: int) -> None:
        nonlocal began
        if not args.quiet and time.monotonic() - began >= EVERY:
            began = time.monotonic()
            print(f"found {found:,} of {cohort.patients:,} in {drawn:,} drawn patients", file=sys.stderr, flush=True)

    made = make(cohort, told)
    if args.json:
        emit({**made.facts, "strata": [asdict(s) | {"weight": s.weight} for s in made.strata], "file": str(made.file)})
    else:
        say(*_lines(made))
    return FINE


def _lines(made: Made) -> list[str]:
    lines = [f"cohort: {made.file}", *table(["table", "rows"], list(made.facts["rows"].items()), "  ")]
    if made.facts["given"]:
        lines.append(f"conditions: {made.drawn.odds.text()}")
    if made.strata:
        rows = [[s.value, s.patients, s.share, s.model_share, s.std_error, s.weight] for s in made.strata]
        lines += table(["value", "patients", "share", "in the model", "std error", "__weight"], rows, "  ")
    budget = made.facts["epsilon"]
    return [*lines, f"privacy: that of the release (epsilon {budget:g})" if budget else "privacy: NONE (public data)"]
