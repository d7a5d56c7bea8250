"""What is missing of a row, drawn given what is known of it, from latent classes.

    p(missing | known) = sum_k p(k | known) p(missing | k),    p(k | known) proportional to weight_k prod_known share_k(code)

because columns are independent within a class: a class is drawn for each row, then the missing codes of that class. One draw
is one imputation; several seeds make several (Rubin 1987: multiple imputation).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import NDArray

from generators.marginal.chain import draw
from generators.marginal.mixture import Mixture

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


def complete(
    mixture: Mixture, known: Mapping[str, Ints], valued: Collection[str], rows: int, rng: np.random.Generator
) -> dict[str, Ints]:
    """Codes of all variables: those known, and draws where they are -1 or not in `known`.

    A missing code of a variable in `valued` is that of a value, never NULL; p(class | ...) is then given that there is one.
    """
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
