"""Arguments of commands that run at one hospital: its database, or a spec and which of its sites is here."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from runners.errors import WRONG, Stop

if TYPE_CHECKING:
    from specs.lang.types import Budget, Site, Study


def add_database(found: argparse.ArgumentParser) -> None:
    """The hospital's database."""
    found.add_argument("database", type=Path, metavar="DATABASE", help="the hospital's DuckDB file; its logs lie beside it")


def add_spec_here(found: argparse.ArgumentParser) -> None:
    """A spec, and which of its sites is meant."""
    found.add_argument("spec", type=Path, metavar="SPEC", help="the study's YAML file, as it lies at this hospital")
    found.add_argument("--site", metavar="NAME", help="which of the spec's sites this is (may be left out when there is one)")


def site_of(args: argparse.Namespace, name: str | None = None) -> Site:
    """The hospital of the command line. Raises Stop when there is no such file."""
    from specs.lang.types import Site

    if not args.database.is_file():
        raise Stop(WRONG, f"no such file: {args.database}")
    return Site(args.database.stem if name is None else name, str(args.database.absolute()))


def study_here(args: argparse.Namespace) -> tuple[Study, Site]:
    """The study and the site of the command line. Raises Stop and specs.lang.problems.SpecError."""
    from runners.site.own import study_at

    return study_at(args.spec, args.site)


def budget_of(text: str) -> Budget:
    """`EPSILON,DELTA`. Raises argparse.ArgumentTypeError."""
    from specs.lang.types import Budget

    try:
        epsilon, delta = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not EPSILON,DELTA, e.g. 3,1e-6") from None
    if not (0 < epsilon <= 1000 and 0 < delta <= 0.01):
        raise argparse.ArgumentTypeError("epsilon is more than 0 and at most 1000, delta more than 0 and at most 0.01")
    return Budget(epsilon, delta)


def day_of(text: str) -> date:
    """A day as 2027-12-31. Raises argparse.ArgumentTypeError."""
    try:
        if len(text) != len("2027-12-31"):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day, e.g. 2027-12-31") from None
