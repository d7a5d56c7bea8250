"""`wardloom run`: the whole path, from a spec to a release."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.commands.base import add_metrics, add_spec, command, study_of
from runners.errors import FINE
from runners.out import emit, say, table, word

if TYPE_CHECKING:
    from runners.run import Run

NOTES = "interrupted, it goes on where it was: sites repeat the reply they gave, and nothing is spent twice"


def add(commands: Any) -> None:
    """Declares the command."""
    about = "learn from the hospitals and write a release of synthetic tables"
    found = command(commands, "run", about, "wardloom run specs/nafld.yml", NOTES)
    add_spec(found)
    help_ = "begin anew: ask the sites again, who repeat the noised sums that they kept, at no cost; then learn and sample"
    found.add_argument("--new", action="store_true", help=help_)
    help_ = "processes that draw rows (default: as many as CPUs, where that is worth it); the tables are the same for any number"
    found.add_argument("--workers", type=_workers, metavar="N", help=help_)
    help_ = "the coordinator's startup kit, where the spec's transport is NVFLARE (default: as `federation provision` makes it)"
    found.add_argument("--kit", type=Path, metavar="DIR", help=help_)
    add_metrics(found)
    found.add_argument("--quiet", action="store_true", help="no progress lines")


def run(args: argparse.Namespace) -> int:
    """Runs all stages, then prints what was made."""
    study = study_of(args)
    from runners.run import run as run_study
    from runners.service import served

    with served(None, study, args.metrics):
        done = run_study(study, args.spec, args.new, args.quiet, args.workers, args.kit and args.kit.absolute())
    return show(args, done)


def show(args: argparse.Namespace, done: Run) -> int:
    """Prints what was made."""
    if args.json:
        emit({**done.facts, "release": str(done.places.release)})
    else:
        say(*_lines(done, args.spec))
    return FINE


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError("a whole number from 1 on")
    return int(text)


def _lines(done: Run, spec: Any) -> list[str]:
    from evaluation.compare import Level

    if done.study.generator.finds_bins:
        return _bins(done)
    rows = [[name, count] for name, count in done.facts["rows"].items()]
    budget = done.study.privacy.budget
    first = done.study.root.name
    report = done.places.release / "report.html"
    return [
        f"release: {done.places.release}",
        *table(["table", "rows"], rows, "  "),
        f"privacy: epsilon {budget.epsilon:g}, delta {budget.delta:g}" if budget else "privacy: NONE (public data)",
        *(f"quality: {Level(**found).text()}" for found in done.facts["quality"]),
        "next:",
        f'  wardloom query {word(spec)} "select * from {first} limit 5"',
        *([f"  open {word(report)}"] if report.is_file() else [f"  wardloom plan {word(spec)}"]),
        f"  wardloom status {word(spec)}",
    ]


def _bins(done: Run) -> list[str]:
    from runners.release import BINS

    file = done.places.release / BINS
    return [file.read_text(encoding="utf-8").rstrip(), "", f"next: copy these bins into the spec they are for ({file})"]
