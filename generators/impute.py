"""What is missing of a row, drawn given what is known of it.

A network that predicts any columns from any others does so by itself. Latent classes:

    p(missing | known) = sum_k p(k | known) p(missing | k),    p(k | known) proportional to weight_k prod_known share_k(code)

because cliques (a column or a couple of them) are independent within a class: a class is drawn for each row, then the missing
codes of that class. One draw is one imputation; several seeds make several (Rubin 1987: multiple imputation).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from generators.marginal.chain import draw
from generators.marginal.mixture import Clique, Mixture
from generators.marginal.plan import Plan

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LEAST = 1e-12
"""A share below this counts as this: no known code rules out every class."""


def posterior(mixture: Mixture, known: Mapping[str, Ints], valued: Collection[str], rows: int) -> Floats:
    """Logarithms of p(class | known codes), up to a constant in each row: (rows, classes). A code of -1 is not known.

    It is given that variables in `valued` which are not known have a value.
    """
    total = np.tile(np.log(np.maximum(mixture.weight, LEAST)), (rows, 1))
    for clique in mixture.shares:
        shares = np.moveaxis(_open(mixture, clique, valued), 0, -1)
        each = shares[tuple(known.get(v, np.full(rows, -1)) for v in clique)]  # (rows, classes)
        total += np.log(np.maximum(each, LEAST))
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
    coarse = {name: codes for name, codes in known.items() if name in root.margins}
    return _by_classes(root, coarse, valued, rows, rng)


def _by_classes(
    mixture: Mixture, known: Mapping[str, Ints], valued: Collection[str], rows: int, rng: np.random.Generator
) -> dict[str, Ints]:
    """A class for each row, then what is missing of each clique, one variable after another."""
    label = draw(posterior(mixture, known, valued, rows), None, rng.random(rows))
    found = {v: known.get(v, np.full(rows, -1)) for v in mixture.margins}
    for clique in mixture.shares:
        shares = _open(mixture, clique, valued)
        for v in clique:
            others = (slice(None) if other == v else found[other] for other in clique)
            each = shares[label, *others][:, : _choices(mixture, v, valued)]  # (rows, codes)
            drawn = draw(np.log(np.maximum(each, 1e-300)), None, rng.random(rows))
            found[v] = np.where(found[v] < 0, drawn, found[v])
    return found


def _open(mixture: Mixture, clique: Clique, valued: Collection[str]) -> Floats:
    """The clique's shares with one more code for each variable, the last: not known, any that it may have."""
    shares = mixture.shares[clique]
    for axis, variable in enumerate(clique, 1):
        any_code = np.take(shares, range(_choices(mixture, variable, valued)), axis).sum(axis, keepdims=True)
        shares = np.concatenate([shares, any_code], axis)
    return shares


def _choices(mixture: Mixture, variable: str, valued: Collection[str]) -> int:
    """How many codes a missing one may have: NULL is none of them where a value is asked for."""
    step = next(s for s in mixture.plan.steps if s.variable.name == variable)
    return step.domain.values if variable in valued else step.variable.size
