"""All tables of a study, learned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generators.copula.copula import Copula
from generators.marginal.chain import Chain
from generators.marginal.mixture import Mixture
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored


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


Restorers = tuple[Callable[[Plan, Stored], Root], Callable[[Plan, Stored], Chain]]


def restorers(generator: str) -> Restorers:
    """What each generator learns of the root table and of child tables, from their arrays. Torch loads only for those of it."""
    match generator:
        case "copula":
            return Copula.restore, Chain.restore
        case "diffusion":
            from generators.diffusion.chain import NeuralChain
            from generators.diffusion.root import Denoiser

            return Denoiser.restore, NeuralChain.restore
    return Mixture.restore, Chain.restore


@dataclass(frozen=True)
class Learned:
    """The root table as its generator has it, child tables as chains by name, parents first."""

    root: Root
    chains: Mapping[str, Chain]

    def __getitem__(self, table: str) -> Chain | Root:
        """What is learned of a table."""
        return self.chains.get(table, self.root)
