"""All tables of a study, learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generators.copula.copula import Copula
from generators.marginal.chain import Chain
from generators.marginal.mixture import Mixture
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, below


class Root(Protocol):
    """A learned root table. `within[variable]` (givens, codes, SPLIT) says how codes are shared by their parts."""

    @property
    def plan(self) -> Plan:
        """The root table's plan."""
        ...

    @property
    def within(self) -> Mapping[str, NDArray[np.float64]]:
        """Of ordered variables whose fine codes `draw` leaves open, at least."""
        ...

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, NDArray[np.int64]]:
        """Codes of `rows` root rows by variable; fine codes too, where they are drawn with the row."""
        ...

    def arrays(self) -> Stored:
        """All parameters by name."""
        ...


@dataclass(frozen=True)
class Learned:
    """The root table as its generator has it, child tables as chains by name, parents first."""

    root: Root
    chains: Mapping[str, Chain]

    @property
    def couples(self) -> tuple[tuple[str, ...], ...]:
        """Variables of the root table that classes take as one, because they say much of each other."""
        return tuple(c for c in self.root.shares if len(c) > 1) if isinstance(self.root, Mixture) else ()

    def __getitem__(self, table: str) -> Chain | Root:
        """What is learned of a table."""
        return self.chains.get(table, self.root)


def restored(generator: str, plans: tuple[Plan, ...], stored: Stored) -> Learned:
    """What a generator learned, from the arrays of all tables ("table/..."). Torch loads only for those made of it."""
    root, parts = plans[0], {plan.table: below(plan.table, stored) for plan in plans}
    first = parts[root.table]
    match generator:
        case "diffusion":
            if "weights" not in first:
                from generators.correction.chain import Corrected

                return Learned(_root(generator, root, first), {p.table: Corrected.restore(p, parts[p.table]) for p in plans[1:]})
            from generators.diffusion.chain import NeuralChain
            from generators.diffusion.root import Denoiser

            return Learned(Denoiser.restore(root, first), {p.table: NeuralChain.restore(p, parts[p.table]) for p in plans[1:]})
        case "timeline":
            from generators.timeline import root as timeline

            return timeline.restored(plans, stored)
    return Learned(_root(generator, root, first), _chains(plans, parts))


def _root(generator: str, plan: Plan, stored: Stored) -> Root:
    """Of generators that leave child tables to chains."""
    match generator:
        case "copula":
            return Copula.restore(plan, stored)
        case "ctgan":
            from generators.ctgan.root import Maker

            return Maker.restore(plan, stored)
        case "tvae":
            from generators.tvae.root import Decoder

            return Decoder.restore(plan, stored)
    return Mixture.restore(plan, stored)


def _chains(plans: tuple[Plan, ...], parts: Mapping[str, Stored]) -> dict[str, Chain]:
    return {plan.table: Chain.restore(plan, parts[plan.table]) for plan in plans[1:]}
