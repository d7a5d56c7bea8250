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

    `budget` is None for public data; `booked` says that this very study is paid for already; `trouble` would stop a run,
    `note` says that spec and ledger differ.
    """

    site: str
    data_version: str
    budget: Budget | None
    spent: float = 0.0
    left: float = 0.0
    epsilon_left: float = 0.0
    booked: bool = False
    trouble: str = ""
    note: str = ""


def left_at(site: Site, study: Study, queries: Sequence[Query]) -> Left:
    """Reads the site's ledger, or says what it will be opened with."""
    budget = site.budget or study.privacy.budget
    if budget is None or study.privacy.budget is None:
        return Left(site.name, site.data_version, None)
    path = ledger_of(site)
    try:
        if path.exists():
            return _read(Ledger(path, site.name), site, study, queries)
        Ledger(path, site.name).never_was()
    except Refused as refused:
        return Left(site.name, site.data_version, budget, trouble=refused.reason)
    whole = _whole(budget)
    enough = _whole(study.privacy.budget) <= whole * (1 + 1e-9)
    trouble = "" if enough else "its whole privacy budget is smaller than what this study asks"
    return Left(site.name, site.data_version, budget, 0.0, whole, budget.epsilon, trouble=trouble)


def _read(ledger: Ledger, site: Site, study: Study, queries: Sequence[Query]) -> Left:
    budget, spent = min(ledger.budget, site.budget or ledger.budget, key=_whole), ledger.spent(site.data_version)
    left = max(0.0, _whole(budget) - spent)
    booked_here = [e.spend for e in ledger.entries() if e.spend.data_version == site.data_version]
    rest = cost(study, queries, 1.0)[0] - sum(spend.rho for spend in booked_here if spend.spec_digest == study.digest)
    booked = rest <= 1e-9
    trouble, note = "", _differ(site.budget or ledger.budget, ledger.budget)
    if not booked and rest > left * (1 + 1e-9):
        trouble = "it has too little privacy budget left for this data version" + (f" ({note})" if note else "")
    rest_epsilon = epsilon_of(left, budget.delta) if left else 0.0
    return Left(site.name, site.data_version, budget, spent, left, rest_epsilon, booked, trouble, note)


def _differ(said: Budget, opened: Budget) -> str:
    if said == opened:
        return ""
    first = f"its ledger was opened with epsilon {opened.epsilon:g}, delta {opened.delta:g}"
    return f"{first}; the spec says epsilon {said.epsilon:g}, delta {said.delta:g}: the smaller of the two holds"


def _whole(budget: Budget) -> float:
    return rho_of(budget.epsilon, budget.delta)
