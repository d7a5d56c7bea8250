"""`wardloom bins`: the spec of a study that finds bins for another one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE, WRONG, Stop
from runners.out import emit, say, word

NOTES = "writes SPEC_bins.yml beside SPEC; compile, commit and run it like any other, then copy the bins it finds"


def add(commands: Any) -> None:
    """Declares the command."""
    about = "write a spec that finds bins for the patients' columns through the door"
    found = command(commands, "bins", about, "wardloom bins specs/costs.yml --epsilon 0.2 --delta 1e-9", NOTES)
    add_spec(found)
    found.add_argument("--epsilon", type=float, metavar="E", help="what finding bins may cost, besides what the study costs")
    found.add_argument("--delta", type=float, metavar="D", help="the delta of that budget")


def run(args: argparse.Namespace) -> int:
    """Writes the spec; nothing is asked yet."""
    study = study_of(args)
    from runners.bins_spec import bins_spec, unsaid
    from runners.files import write_text
    from specs.lang.read import parse

    columns = unsaid(study)
    if not columns:
        raise Stop(WRONG, f"{args.spec}: no column of {study.root.name} with many numbers is without `bins`: nothing to find")
    private = study.privacy.budget is not None
    if private and None in (args.epsilon, args.delta):
        raise Stop(WRONG, "say what finding bins may cost: --epsilon E --delta D")
    if not private and (args.epsilon, args.delta) != (None, None):
        raise Stop(WRONG, "this study keeps no privacy: leave --epsilon and --delta out")
    file = args.spec.with_name(f"{args.spec.stem}_bins{args.spec.suffix}")
    text = bins_spec(study, columns, args.epsilon, args.delta)
    parse(str(file), text)
    if file.exists() and file.read_text(encoding="utf-8") != text:
        raise Stop(WRONG, f"{file} is there already, and says something else\n  move it away, or compile and run it as it is")
    write_text(file, text)
    return _show(args, file, columns)


def _show(args: argparse.Namespace, file: Path, columns: list[str]) -> int:
    if args.json:
        emit({"spec": str(file), "columns": columns})
    else:
        say(f"wrote {file}, which finds bins for {', '.join(columns)}")
        say("next:", f"  wardloom compile {word(file)}", f"  wardloom run {word(file)}")
    return FINE
