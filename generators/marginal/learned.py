"""All tables of a study, learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generators.copula.copula import Copula
from generators.marginal.chain import Chain
from generators.marginal.mixture import Mixture

Root = Mixture | Copula
ROOTS: Mapping[str, type[Mixture] | type[Copula]] = {"marginal": Mixture, "copula": Copula}
"""What each generator learns of the root table; child tables are the same chains in all of them."""


@dataclass(frozen=True)
class Learned:
    """The root table as its generator has it, child tables as chains by name, parents first."""

    root: Root
    chains: Mapping[str, Chain]

    def __getitem__(self, table: str) -> Chain | Root:
        """What is learned of a table."""
        return self.chains.get(table, self.root)
