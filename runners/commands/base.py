"""What all commands share: `--json`, an example and the exit codes in the help."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.errors import EXITS, NO_TABLES, WRONG, Stop

if TYPE_CHECKING:
    from specs.lang.types import Study


def command(commands: Any, name: str, about: str, example: str, notes: str = "") -> argparse.ArgumentParser:
    """A sub-command with `--json`, an example and the exit codes in its help."""
    found: argparse.ArgumentParser = commands.add_parser(
        name,
        help=about,
        description=about[0].upper() + about[1:] + ".",
        epilog=f"example: {example}\n{notes}\n{EXITS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    found.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    return found


def add_spec(found: argparse.ArgumentParser) -> None:
    """The spec's file as the first argument."""
    found.add_argument("spec", type=Path, metavar="SPEC", help="the study's YAML file")


def add_metrics(found: argparse.ArgumentParser) -> None:
    """Where health and metrics are shown."""
    help_ = "show health and metrics there, e.g. 127.0.0.1:9464 (default: nowhere); who can reach it sees when this works"
    found.add_argument("--metrics", metavar="HOST:PORT", help=help_)


def study_with_tables(args: argparse.Namespace) -> Study:
    """The checked study, of which tables are wanted. Raises Stop for one that has none, SpecError as `study_of`."""
    study = study_of(args)
    if study.generator.finds_bins:
        raise Stop(WRONG, NO_TABLES.format(study.name))
    return study


def study_of(args: argparse.Namespace) -> Study:
    """The checked study of the command line. Raises specs.lang.problems.SpecError with all problems at once.

    Where hospitals have machines of their own, their databases are not here, nor the variables that say where they are.
    """
    from runners.site.own import Environ
    from specs.lang.read import read

    found = read(args.spec, Environ())
    return read(args.spec) if found.federation.transport == "embedded" else found
