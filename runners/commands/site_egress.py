"""`wardloom site egress`: every vector that ever left this hospital."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from runners.commands.base import command
from runners.commands.here import add_database, site_of
from runners.errors import DATA, FINE, Stop
from runners.out import emit, say, table

if TYPE_CHECKING:
    from privacy.links import Link

NOTES = """stage `sums`: the vector left, masked; stage `reveal`: the site helped to unmask the total of the survivors.
noise is the standard deviation of this site's own share in a cell, in integer units (1024 stand for one patient)
"""


def add(actions: Any) -> None:
    """Declares the action."""
    about = "list every vector that ever left this hospital: query, shape, bound, noise, recipients, transcript"
    found = command(actions, "egress", about, "wardloom site egress data/north.duckdb --queries", NOTES)
    add_database(found)
    found.add_argument("--queries", action="store_true", help="list the queries behind each digest, with shapes and bounds")


def run(args: argparse.Namespace) -> int:
    """Prints what the log says, once it verifies."""
    site = site_of(args)
    from privacy.links import Broken
    from runners.places import audit_of
    from runners.site.audit import read

    try:
        lines = read(site)
        sent, asked = [_sent(line) for line in lines if line.facts["kind"] == "sent"], _asked(lines)
    except Broken as broken:
        raise Stop(DATA, f"{audit_of(site)}: {broken}") from None
    if args.json:
        emit({"site": site.name, "sent": sent, "queries": asked})
        return FINE
    say(*_lines(sent))
    for digest, queries in asked.items():
        cells = sum(math.prod(q["shape"]) for q in queries)
        say("", f"queries {digest}: {len(queries)} histograms, {cells} cells")
        if args.queries:
            rows = [[q["name"], q["table"], ", ".join(q["columns"]), "x".join(map(str, q["shape"])), q["bound"]] for q in queries]
            say(*table(["query", "table", "columns", "shape", "bound"], rows, "  "))
    return FINE


def _sent(line: Link) -> dict[str, Any]:
    said = dict(line.facts)
    noise = math.sqrt(Fraction(str(said["variance"])))
    names = ("at", "run", "round", "stage", "spec", "queries", "data_version", "cells", "bytes", "sha256", "transcript")
    sites = {part: str(said[part]).split() for part in ("recipients", "survivors")}
    return {"line": line.number, **{name: said[name] for name in names}, "own_noise_std": noise, **sites}


def _asked(lines: Sequence[Link]) -> dict[str, list[Any]]:
    """By query digest what was asked."""
    from runners.site.sent import queries_of, shown

    asked = (line for line in lines if line.facts["kind"] == "queries")
    return {str(line.facts["digest"]): [shown(query) for query in queries_of(line)] for line in asked}


def _lines(sent: Sequence[dict[str, Any]]) -> list[str]:
    if not sent:
        return ["nothing has ever left"]
    heads = ["line", "at", "run", "stage", "queries", "cells", "noise", "recipients", "survivors", "transcript", "message"]
    rows = [
        [
            *(s["line"], s["at"], s["run"], s["stage"], s["queries"][:12], s["cells"], s["own_noise_std"]),
            *(" ".join(s["recipients"]), " ".join(s["survivors"]), s["transcript"][:12], s["sha256"][:12]),
        ]
        for s in sent
    ]
    return table(heads, rows)
