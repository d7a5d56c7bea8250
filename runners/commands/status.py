"""`wardloom status`: the latest run of a spec, its stages, and what budget is left."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE
from runners.out import emit, say, seconds, table


def add(commands: Any) -> None:
    """Declares the command."""
    about = "show the latest run, its stages and the budget left"
    add_spec(command(commands, "status", about, "wardloom status specs/nafld.yml"))


def run(args: argparse.Namespace) -> int:
    """Prints the latest run's state."""
    study = study_of(args)
    from generators.marginal.structure import queries
    from runners.ledgers import left_at
    from runners.places import Places
    from runners.release import BINS
    from runners.state import latest

    places = Places(study)
    state = latest(places.runs)
    budgets = [left_at(site, study, queries(study)) for site in study.sites.values()]
    made = places.release / BINS if study.generator.finds_bins else places.database
    released = str(made) if made.is_file() else None
    if args.json:
        emit({"run": state.facts() if state else None, "release": released, "sites": [asdict(b) for b in budgets]})
        return FINE
    if state is None:
        say("no run yet")
    else:
        say(f"run {state.run} of {state.started}: {state.summary}")
        say(*table(["stage", "state", "took"], [[s.name, s.state, seconds(s.seconds)] for s in state.stages], "  "))
    say(f"release: {released or 'none'}")
    if study.privacy.budget:
        rows = [[b.site, b.data_version, round(b.spent, 6), round(b.left, 6), round(b.epsilon_left, 3)] for b in budgets]
        say(*table(["site", "data version", "spent (rho)", "left (rho)", "left (epsilon)"], rows, "  "))
    return FINE
