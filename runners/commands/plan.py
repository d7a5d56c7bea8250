"""`wardloom plan`: what a run will ask, spend and reach, and what would stop it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from runners.commands.base import add_spec, command, study_of
from runners.errors import FINE
from runners.out import emit, say, seconds, table

if TYPE_CHECKING:
    from runners.expected import Interval
    from runners.ledgers import Left
    from runners.plan import Outlook
    from specs.lang.types import Study

NOTES = "reads the spec, the files in dbt/, the sites' ledgers, logs and schemas; never a patient's row"


def add(commands: Any) -> None:
    """Declares the command."""
    about = "show what a run will ask, spend and reach, and what would stop it"
    found = command(commands, "plan", about, "wardloom plan specs/nafld.yml --queries", NOTES)
    add_spec(found)
    found.add_argument("--queries", action="store_true", help="list every query")


def run(args: argparse.Namespace) -> int:
    """Prints the outlook; a run that would be stopped is still a plan that was made."""
    study = study_of(args)
    from runners.plan import outlook

    found = outlook(study)
    if args.json:
        emit(_document(found))
    else:
        say(*_lines(found, args.queries))
    return FINE


def _lines(found: Outlook, every: bool) -> list[str]:
    study = found.study
    lines = [f"{study.name}: {study.about}".rstrip(": "), "", *_budget(found), "", *_questions(found), *_unsaid(study)]
    if every:
        rows = [[m.query, m.cells, m.std, _range(m.error)] for m in found.marginals]
        lines += ["", *table(["query", "cells", "noise (patients)", "error"], rows)]
    took = found.estimate
    lines += ["", f"about {seconds(took.seconds)} and {took.gigabytes:.1f} GB of memory ({took.basis})"]
    lines += ["", "warnings:" if found.warnings else "no warnings", *(f"  {w}" for w in found.warnings)]
    lines += ["would stop a run:" if found.stops else "nothing would stop a run", *(f"  {s}" for s in found.stops)]
    return lines


def _budget(found: Outlook) -> list[str]:
    from runners.task import asked, rounds

    budget = found.study.privacy.budget
    if budget is None:
        what = asked(found.study)
        trained = [f"then {trial.number} rounds of training, in each: {what}" for trial in rounds(found.study)]
        return ["privacy: NONE, exact sums leave the sites", *trained]
    head = f"privacy: one {found.study.privacy.unit} with all rows, epsilon {budget.epsilon:g}, delta {budget.delta:g}"
    step = f"one step: all queries at once, rho {found.rho:.6f}, a standard deviation of {found.std:.1f} patients per cell"
    steps = [step]
    for later in rounds(found.study):
        noise = f"noise {later.noise:.3g} times a patient's bound"
        steps.append(f"then {later.number} rounds of training: rho {later.rho:.6f} each, {noise}")
    return [head, *steps, *_left(found.budgets)]


def _left(budgets: Sequence[Left]) -> list[str]:
    """What each site's ledger has left, as a table."""
    heads = ["site", "data version", "budget (epsilon)", "spent (rho)", "left (rho)", "left (epsilon)", "this one paid"]
    rows = [
        [
            b.site,
            b.data_version,
            b.budget.epsilon if b.budget else None,
            round(b.spent, 6),
            round(b.left, 6),
            round(b.epsilon_left, 3),
            "yes" if b.booked else "no",
        ]
        for b in budgets
    ]
    return table(heads, rows, "  ")


def _questions(found: Outlook) -> list[str]:
    from generators.marginal.structure import structure
    from runners.plan import by_table
    from specs.lang.sought import sought

    rows = by_table(structure(found.study), found.marginals)
    heads = ["table", "queries", "cells", "error, 1 column", "2 columns", "3 columns"]
    shown = [[r["table"], r["queries"], r["cells"], r["error_1"], r["error_2"], r["error_3"]] for r in rows]
    cells = [[*row[:3], *(_range(error) for error in row[3:])] for row in shown]
    if found.study.generator.finds_bins:
        columns = ", ".join(c.name for c in sought(found.study.root))
        return [f"finds bins for {columns}", *table(heads[:3], [row[:3] for row in cells], "  ")]
    if not found.patients:
        hint = f"set rows.{found.study.root.name} to see the errors to expect: how many patients there are is not public"
        return [hint, *table(heads[:3], [row[:3] for row in cells], "  ")]
    note = f"error: mean total variation distance from the patients, 90 % interval, if there are {found.patients} patients"
    assumed = f"(that number is the spec's `rows.{found.study.root.name}`: how many there are is not public)"
    return [note, assumed, *table(heads, cells, "  ")]


def _unsaid(study: Study) -> list[str]:
    """Columns with bins by default that could be asked about."""
    from runners.bins_spec import unsaid

    columns = [] if study.generator.finds_bins else unsaid(study)
    return [f"bins by default: {', '.join(columns)} (`wardloom bins` finds where their values lie)"] if columns else []


def _range(error: Interval | None) -> str:
    return "-" if error is None else f"{error.low:.2g} to {error.high:.2g}"


def _document(found: Outlook) -> dict[str, Any]:
    from runners.task import measured, rounds

    study, later = found.study, rounds(found.study)
    budget = study.privacy.budget
    return {
        "spec": study.name,
        "digest": study.digest,
        "epsilon": budget.epsilon if budget else None,
        "delta": budget.delta if budget else None,
        "steps": [
            {"name": "measure", "share": measured(study), "rho": found.rho},
            *({"name": "train", "share": (1 - measured(study)) / len(later), **asdict(trial)} for trial in later),
        ],
        "noise_std_patients": found.std,
        "assumed_patients": found.patients,
        "estimate": asdict(found.estimate),
        "sites": [asdict(b) for b in found.budgets],
        "queries": [asdict(m) for m in found.marginals],
        "warnings": found.warnings,
        "stops": found.stops,
    }
