"""The last stage of a study that finds bins: the lines to copy into the spec they are for."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence

import yaml

from generators.bins.find import find
from generators.bins.grid import grid
from runners.facts import basics
from runners.files import write_text
from runners.labels import text
from runners.release import BINS
from runners.run import Run
from specs.lang.sought import sought
from specs.lang.types import Column


def bins(run: Run) -> None:
    """Finds the bins, and puts them into a file that makes a release of its own."""
    assert run.sums and run.recorder
    with run.recorder.fit(run.sums.sites):
        found = find(run.study, run.sums)
    columns = {c.name: c for c in sought(run.study.root)}
    run.facts = basics(run) | {
        "bins": {name: None if edges is None else written(columns[name], edges) for name, edges in found.items()}
    }
    run.partial.mkdir(parents=True, exist_ok=True)
    write_text(run.partial / BINS, lines(run))


def written(column: Column, edges: Sequence[float]) -> list[int | float | str]:
    """Edges as a spec writes them: dates and times in words, other numbers with as many decimals as matter."""
    if column.type in ("date", "timestamp"):
        return [text(e, column.type) for e in edges]
    if column.type == "integer":
        return [int(e) for e in edges]
    assert column.range is not None
    decimals = max(0, 1 - math.floor(math.log10(grid(column).width)))
    return [e if e in column.range else round(e, decimals) for e in edges]


def lines(run: Run) -> str:
    """The file: what found the bins, and the bins, by column."""
    facts = run.facts
    spent = f"epsilon {facts['epsilon']:g}, delta {facts['delta']:g}" if facts["epsilon"] else "no privacy"
    about = f"Found by run {facts['run']} of {facts['spec']} with {spent}. A study that uses them spends its own budget besides."
    known = {name: {"bins": edges} for name, edges in facts["bins"].items() if edges}
    hidden = [name for name, edges in facts["bins"].items() if not edges]
    note = f"Noise hides how values lie in {', '.join(hidden)}: leave their bins out, or spend more." if hidden else ""
    head = [f"# {line}" for part in (about, note) for line in textwrap.wrap(part, 120)]
    whole = {"tables": {run.study.root.name: {"columns": known}}}
    return "\n".join([*head, yaml.safe_dump(whole, default_flow_style=None, width=120, sort_keys=False, allow_unicode=True)])
