"""What is left in the sites' ledgers, where they are on this machine. Ledgers hold no patient's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from privacy.accountant import epsilon as epsilon_of
from privacy.accountant import rho as rho_of
from privacy.errors import Refused
from privacy.ledger import Ledger
from privacy.query import Query
from runners.noise import cost
from runners.places import ledger_of
from specs.lang.types import Budget, Site, Study


@dataclass(frozen=True)
class Left:
    """One site's budget for its data version: spent and left in rho, left in epsilon at the budget's delta.

    `budget` is None for public data; `booked` says that this very study is paid for already; `trouble` would stop a run.
    """

    site: str
    data_version: str
    budget: Budget | None
    spent: float = 0.0
    left: float = 0.0
    epsilon_left: float = 0.0
    booked: bool = False
    trouble: str = ""


def left_at(site: Site, study: Study, queries: Sequence[Query]) -> Left:
    """Reads the site's ledger, or says what it will be opened with."""
    budget = site.budget or study.privacy.budget
    if budget is None or study.privacy.budget is None:
        return Left(site.name, site.data_version, None)
    path = ledger_of(site)
    if not path.exists():
        whole, asked = rho_of(budget.epsilon, budget.delta), rho_of(study.privacy.budget.epsilon, study.privacy.budget.delta)
        trouble = "" if asked <= whole * (1 + 1e-9) else "its whole privacy budget is smaller than what this study asks"
        return Left(site.name, site.data_version, budget, 0.0, whole, budget.epsilon, trouble=trouble)
    try:
        return _read(Ledger(path, site.name), site, study, queries)
    except Refused as refused:
        return Left(site.name, site.data_version, budget, trouble=refused.reason)


def _read(ledger: Ledger, site: Site, study: Study, queries: Sequence[Query]) -> Left:
    budget = ledger.budget
    spent, left = ledger.spent(site.data_version), ledger.left(site.data_version)
    booked_here = [e.spend for e in ledger.entries() if e.spend.data_version == site.data_version]
    rest = cost(study, queries, 1.0)[0] - sum(spend.rho for spend in booked_here if spend.spec_digest == study.digest)
    booked = rest <= 1e-9
    trouble = ""
    if not booked and rest > left * (1 + 1e-9):
        trouble = "its ledger has too little privacy budget left for this data version"
        if site.budget and site.budget != budget:
            trouble += f" (it was opened with epsilon {budget.epsilon:g}; what the spec says now does not change it)"
    return Left(
        site.name, site.data_version, budget, spent, left, epsilon_of(left, budget.delta) if left else 0.0, booked, trouble
    )
