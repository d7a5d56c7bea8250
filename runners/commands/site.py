"""`wardloom site ...`: what a hospital's steward does, on the hospital's own machine."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any

from runners.errors import EXITS

ACTIONS = ("init", "approve", "revoke", "ledger", "egress", "serve")
ABOUT = "for a hospital's steward: make its key, approve or revoke a study, see what was spent and what left"
EPILOG = f"""example: wardloom site approve specs/nafld.yml --site north
each ACTION has a --help of its own, and --json for one JSON document instead of text

{EXITS}"""


def add(commands: Any) -> None:
    """Declares the command and its actions, each in a file of its own."""
    found: argparse.ArgumentParser = commands.add_parser(
        "site",
        help=ABOUT,
        description=ABOUT[0].upper() + ABOUT[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = found.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(found))
    for name in ACTIONS:
        import_module(f"runners.commands.site_{name}").add(actions)


def run(args: argparse.Namespace) -> int:
    """Does the action."""
    return int(import_module(f"runners.commands.site_{args.action}").run(args))
