"""`wardloom site revoke`: this hospital answers the study no more."""

from __future__ import annotations

import argparse
from typing import Any

from runners.commands.base import command
from runners.commands.here import add_spec_here, study_here
from runners.errors import FINE
from runners.out import emit, say

NOTES = """stops the next message of every run of a study of this name, whatever the version of its spec
what has left before cannot be called back: it is noised and in totals. `wardloom site egress` lists it
"""


def add(actions: Any) -> None:
    """Declares the action."""
    about = "end all approvals of a study here"
    add_spec_here(command(actions, "revoke", about, "wardloom site revoke specs/nafld.yml --site north", NOTES))


def run(args: argparse.Namespace) -> int:
    """Signs the revocation."""
    study, site = study_here(args)
    from runners.site.agree import revoke

    line = revoke(study, site)
    if args.json:
        emit({"site": site.name, "study": study.name, "line": line.number})
    else:
        say(f"revoked: {study.name}, line {line.number} of the audit log of {site.name}")
    return FINE
