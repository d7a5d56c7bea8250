"""All tables of a study, learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from generators.marginal.chain import Chain
from generators.marginal.mixture import Mixture


@dataclass(frozen=True)
class Learned:
    """The root table as latent classes, child tables as chains by name, parents first."""

    root: Mixture
    chains: Mapping[str, Chain]

    def __getitem__(self, table: str) -> Chain | Mixture:
        """What is learned of a table."""
        return self.chains.get(table, self.root)
