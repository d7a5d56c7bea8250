"""A learned root table: the first row of every sequence, drawn column after column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.diffusion.device import placed, wished
from generators.marginal.chain import draw
from generators.marginal.learned import Learned
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, below, named, of
from generators.timeline.chain import chain
from generators.timeline.layout import Layout
from generators.timeline.reader import Reader
from specs.lang.domain import SPLIT

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Beginning:
    """`weights` (length,) of the layout's network; `within[variable]` (givens, codes, SPLIT) of variables it knows coarsely."""

    layout: Layout
    weights: NDArray[np.float32]
    within: Mapping[str, Floats]

    @property
    def plan(self) -> Plan:
        """The root table's plan."""
        return self.layout.plans[0]

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` root rows, and fine codes of those variables that the network knows finely."""
        sheet, everyone = self.layout.sheets[0], np.arange(rows)
        flat = placed(self.weights, self.layout.device)
        reader = Reader(self.layout, flat, 0, (), everyone, np.zeros(rows, np.int64))
        tokens = np.full((rows, len(sheet.columns)), -1)
        for step in sheet.order:
            tokens[:, len(sheet.context) + step] = draw(reader.ask(tokens, step, everyone), None, rng.random(rows))
        codes: dict[str, Ints] = {}
        for step_, column, drawn in zip(self.plan.steps, sheet.columns, tokens.T, strict=True):
            codes[column.name] = column.back(drawn)
            if column.codes:
                codes[step_.variable.name] = np.minimum(codes[column.name] // SPLIT, step_.variable.size - 1)
        return codes

    def arrays(self) -> Stored:
        """All parameters: "weights", "trunk" (width and depth), "device" and "variable/within"."""
        trunk, where = np.array([self.layout.width, self.layout.depth]), np.array(self.layout.wish)
        return {"weights": self.weights, "trunk": trunk, "device": where, **named("within", self.within)}


def timeline(layout: Layout, weights: NDArray[np.float32], within: Mapping[str, Mapping[str, Floats]]) -> Learned:
    """All tables with these `weights` (length,); `within[table][variable]` of ordered variables."""
    root, *children = layout.plans
    finely = {column.name.removesuffix("__fine") for column in layout.sheets[0].predicted if column.codes}
    coarse = {name: parts for name, parts in within[root.table].items() if name not in finely}
    chains = {plan.table: chain(layout, weights, n, within[plan.table]) for n, plan in enumerate(children, 1)}
    return Learned(Beginning(layout, weights, coarse), chains)


def restored(plans: tuple[Plan, ...], stored: Stored) -> Learned:
    """From the arrays of all tables ("table/...")."""
    parts = {plan.table: below(plan.table, stored) for plan in plans}
    own = parts[plans[0].table]
    width, depth = map(int, own["trunk"])
    layout = Layout(plans, width, depth, wished(own))
    return timeline(layout, own["weights"], {table: of("within", part) for table, part in parts.items()})
