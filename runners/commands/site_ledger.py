"""`wardloom site ledger`: what was spent at this hospital, and what is left for each state of its data."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from runners.commands.base import command
from runners.commands.here import add_database, site_of
from runners.errors import DATA, FINE, Stop
from runners.out import emit, say, table

if TYPE_CHECKING:
    from privacy.ledger import Entry, Ledger

NOTES = "rho is the privacy loss in zero-concentrated differential privacy, the unit in which spends add up"


def add(actions: Any) -> None:
    """Declares the action."""
    about = "show what was spent here and what is left, by data version"
    add_database(command(actions, "ledger", about, "wardloom site ledger data/north.duckdb", NOTES))


def run(args: argparse.Namespace) -> int:
    """Prints the ledger, once it verifies."""
    site = site_of(args)
    from privacy.errors import Refused
    from privacy.ledger import Ledger
    from runners.places import ledger_of

    if not ledger_of(site).exists():
        found: dict[str, Any] = {"budget": None, "data_versions": [], "spends": []}
    else:
        try:
            found = _facts(Ledger(ledger_of(site), site.name))
        except Refused as refused:
            raise Stop(DATA, f"{ledger_of(site)}: {refused.reason}") from None
    if args.json:
        emit({"site": site.name, **found})
    else:
        say(*_lines(found))
    return FINE


def _facts(ledger: Ledger) -> dict[str, Any]:
    from privacy.chain import Chain

    ledger.verify()
    at = {link.number: link.facts["at"] for link in Chain(ledger.path).links()}
    budget, entries = ledger.budget, ledger.entries()
    found = [_version(ledger, version, budget.delta) for version in dict.fromkeys(e.spend.data_version for e in entries)]
    spends = [{"line": e.number, "at": at[e.number], **_spend(ledger, e)} for e in entries]
    return {"budget": {"epsilon": budget.epsilon, "delta": budget.delta}, "data_versions": found, "spends": spends}


def _version(ledger: Ledger, version: str, delta: float) -> dict[str, Any]:
    from privacy.accountant import epsilon

    spent, left = ledger.spent(version), ledger.left(version)
    rest = epsilon(left, delta) if left else 0.0
    return {"data_version": version, "spent_rho": spent, "left_rho": left, "left_epsilon": rest}


def _spend(ledger: Ledger, entry: Entry) -> dict[str, Any]:
    spend = entry.spend
    return {
        "data_version": spend.data_version,
        "rho": spend.rho,
        "run": spend.run,
        "spec": spend.spec_digest,
        "queries": spend.query_digest,
        "total_of": ledger.released(entry) or (),
    }


def _lines(found: dict[str, Any]) -> list[str]:
    if found["budget"] is None:
        return ["no ledger yet: nothing was spent; the first study (or `wardloom site init --budget`) fixes the budget"]
    budget = found["budget"]
    lines = [f"budget of each data version: epsilon {budget['epsilon']:g}, delta {budget['delta']:g}"]
    if not found["spends"]:
        return [*lines, "nothing was spent"]
    rows = [[v["data_version"], v["spent_rho"], v["left_rho"], v["left_epsilon"]] for v in found["data_versions"]]
    lines += ["", *table(["data version", "spent (rho)", "left (rho)", "left (epsilon)"], rows)]
    spends = [
        [s["line"], s["at"], s["data_version"], s["rho"], s["run"], s["spec"][:12], s["queries"][:12], " ".join(s["total_of"])]
        for s in found["spends"]
    ]
    heads = ["line", "at", "data version", "rho", "run", "spec", "queries", "known in the total of"]
    return [*lines, "", *table(heads, spends)]
