"""What is missing of a row, drawn given what is known of it.

A network that predicts any columns from any others does so by itself. Latent classes:

    p(missing | known) = sum_k p(k | known) p(missing | k),    p(k | known) proportional to weight_k prod_known share_k(code)

because columns are independent within a class: a class is drawn for each row, then the missing codes of that class. One draw
is one imputation; several seeds make several (Rubin 1987: multiple imputation).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from generators.marginal.chain import draw
from generators.marginal.mixture import Mixture
from generators.marginal.plan import Plan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST = 1e-12
"""A share below this counts as this: no known code rules out every class."""


def posterior(mixture: Mixture, known: Mapping[str, Ints], rows: int) -> Floats:
    """Logarithms of p(class | known codes), up to a constant in each row: (rows, classes). A code of -1 is not known."""
    total = np.tile(np.log(np.maximum(mixture.weight, LEAST)), (rows, 1))
    for variable, codes in known.items():
        logs = np.log(np.maximum(mixture.shares[variable], LEAST)).T
        seen = codes >= 0
        total[seen] += logs[codes[seen]]
    return total


@runtime_checkable
class Predicts(Protocol):
    """A learned root table that draws any columns given any others."""

    @property
    def plan(self) -> Plan:
        """The root table's plan."""
        ...

    @property
    def within(self) -> Mapping[str, Floats]:
        """How the parts of codes share them, by variable."""
        ...

    def complete(
        self, known: Mapping[str, Ints], valued: Collection[str], rows: int, rng: np.random.Generator
    ) -> dict[str, Ints]:
        """As the function of this name."""
        ...


Fills = Mixture | Predicts


def complete(
    root: Fills, known: Mapping[str, Ints], valued: Collection[str], rows: int, rng: np.random.Generator
) -> dict[str, Ints]:
    """Codes of all variables: those known, and draws where they are -1 or not in `known` (codes, and fine codes of numbers).

    A missing code of a variable in `valued` is that of a value, never NULL.
    """
    if not isinstance(root, Mixture):
        return root.complete(known, valued, rows, rng)
    coarse = {name: codes for name, codes in known.items() if name in root.shares}
    return _by_classes(root, coarse, valued, rows, rng)


def _by_classes(
    mixture: Mixture, known: Mapping[str, Ints], valued: Collection[str], rows: int, rng: np.random.Generator
) -> dict[str, Ints]:
    """p(class | ...) is given that variables in `valued` have a value."""
    total = posterior(mixture, known, rows)
    shares = {v: np.array(mixture.shares[v]) for v in mixture.shares}
    missing = {v: known[v] < 0 if v in known else np.ones(rows, bool) for v in shares}
    values = {s.variable.name: s.domain.values for s in mixture.plan.steps}
    for v in valued:
        shares[v][:, values[v] :] = 0.0
        total[missing[v]] += np.log(np.maximum(shares[v].sum(1), LEAST))
    label = draw(total, None, rng.random(rows))
    found = {}
    for v, share in shares.items():
        drawn = draw(np.log(np.maximum(share, 1e-300))[label], None, rng.random(rows))
        found[v] = np.where(missing[v], drawn, known[v]) if v in known else drawn
    return found
