"""`wardloom status`: the latest run of a spec, its stages, and what budget is left."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE
from runners.out import emit, say, seconds, table

if TYPE_CHECKING:
    from runners.ledgers import Left
    from runners.state import State


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
    say(*_run(state), f"release: {released or 'none'}", *(_budgets(budgets) if study.privacy.budget else []))
    return FINE


def _run(state: State | None) -> list[str]:
    if state is None:
        return ["no run yet"]
    stages = [[s.name, s.state, seconds(s.seconds)] for s in state.stages]
    return [f"run {state.run} of {state.started}: {state.summary}", *table(["stage", "state", "took"], stages, "  ")]


def _budgets(budgets: Sequence[Left]) -> list[str]:
    rows = [[b.site, b.data_version, round(b.spent, 6), round(b.left, 6), round(b.epsilon_left, 3)] for b in budgets]
    return table(["site", "data version", "spent (rho)", "left (rho)", "left (epsilon)"], rows, "  ")
