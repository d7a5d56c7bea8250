"""The spec of a small study that finds bins for another one: its patients' table, its hospitals, a budget of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from specs.lang.document import document
from specs.lang.sought import sought
from specs.lang.text import load
from specs.lang.types import Study

KEPT = ("about", "model", "key")
"""What a table without its rows below, and without rules, still says."""
DOMAIN = ("type", "range", "nullable", "outside", "unit")


def unsaid(study: Study) -> list[str]:
    """Columns that bins are sought for, where the spec does not say them."""
    said = _said(study)["tables"][study.root.name]["columns"]
    return [c.name for c in sought(study.root) if "bins" not in said[c.name]]


def bins_spec(study: Study, columns: list[str], epsilon: float | None, delta: float | None) -> str:
    """The text of the spec; without a budget it is without privacy, as the study is."""
    said = _said(study)
    table = said["tables"][study.root.name]
    budget = {"none": said["privacy"]["none"]} if epsilon is None else {"epsilon": epsilon, "delta": delta}
    kept: dict[str, Any] = {word: table[word] for word in KEPT if word in table}
    asked = {name: {word: table["columns"][name][word] for word in DOMAIN if word in table["columns"][name]} for name in columns}
    found = {
        "spec": f"{study.name}-bins",
        "about": f"Finds bins for {study.name}.",
        "sites": _sites(study, said["sites"], epsilon, delta),
        "tables": {study.root.name: kept | {"columns": asked}},
        "privacy": {"unit": study.root.name, **budget},
        "generator": {"name": "bins"},
        **{word: said[word] for word in ("federation", "governance") if word in said},
    }
    if "directory" in said.get("outputs", {}):
        found["outputs"] = {"directory": f"{said['outputs']['directory'].rstrip('/')}-bins"}
    head = f"# Made by `wardloom bins {Path(study.file).name}`: how the values of these columns lie, for a budget of its own.\n"
    return head + yaml.safe_dump(found, sort_keys=False, width=120, allow_unicode=True, default_flow_style=None)


def _said(study: Study) -> Any:
    """The spec as it is written."""
    return document(study.file, load(Path(study.file))).data


def _sites(study: Study, said: dict[str, Any], epsilon: float | None, delta: float | None) -> dict[str, Any]:
    """The hospitals as they are. One that does not say what it allows in all allows what both studies ask for.

    A hospital's ledger is opened by the first study that asks, and allows what that one says.
    """
    budget = study.privacy.budget
    if budget is None or epsilon is None or delta is None:
        return said
    both = [float(f"{a + b:.12g}") for a, b in ((budget.epsilon, epsilon), (budget.delta, delta))]
    return {name: {"budget": dict(zip(("epsilon", "delta"), both, strict=True))} | site for name, site in said.items()}
