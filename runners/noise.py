"""How much noise a study's sums carry: public arithmetic that the site, the coordinator and `plan` share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from privacy import secure_sum
from privacy.accountant import rho as rho_of
from privacy.accountant import variance as variance_of
from privacy.ledger import Spend
from privacy.query import Query, digest
from specs.lang.types import Site, Study


def noisy_sites(study: Study) -> int:
    """How many sites' noise alone must make the claim: those that may drop out or collude do not count."""
    return secure_sum.noisy_sites(len(study.sites), study.federation.dropouts, study.federation.colluders)


def cost(study: Study, queries: Sequence[Query], share: float) -> tuple[float, Fraction]:
    """rho, and the claimed variance of every cell (integer units squared), of asking `queries` for `share` of the budget."""
    budget = study.privacy.budget
    if budget is None:
        return 0.0, Fraction(0)
    rho = share * rho_of(budget.epsilon, budget.delta)
    return rho, variance_of(queries, rho)


def spend_of(study: Study, site: Site, run: str, queries: Sequence[Query], share: float) -> Spend | None:
    """What a site's ledger books for it; None for public data."""
    if study.privacy.budget is None:
        return None
    rho, variance = cost(study, queries, share)
    return Spend(site.data_version, run, study.digest, digest(queries), rho, variance)


def total_std(study: Study, variance: Fraction, sites: int) -> float:
    """Standard deviation (integer units) of a cell when `sites` sites have added their noise: never less than claimed."""
    return math.sqrt(variance * sites / noisy_sites(study))
