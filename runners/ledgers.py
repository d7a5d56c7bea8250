"""What is left in the sites' ledgers, where they are on this machine. Ledgers hold no patient's value."""

from __future__ import annotations

from dataclasses import dataclass

from privacy.accountant import epsilon as epsilon_of
from privacy.accountant import rho as rho_of
from privacy.ledger import Ledger
from runners.places import ledger_of
from specs.lang.types import Budget, Site, Study


@dataclass(frozen=True)
class Left:
    """One site's budget for its data version, in rho and, at the budget's delta, in epsilon; `trouble` would stop a run."""

    site: str
    data_version: str
    budget: Budget | None
    spent: float
    left: float
    trouble: str = ""


def budget_of(site: Site, study: Study) -> Budget | None:
    """The site's own budget; without one, a single study's."""
    return site.budget or study.privacy.budget


def left_at(site: Site, study: Study, rho: float) -> Left:
    """Reads the ledger, if there is one; `rho` is what the study would spend."""
    budget = budget_of(site, study)
    if budget is None or study.privacy.budget is None:
        return Left(site.name, site.data_version, None, 0.0, 0.0)
    path = ledger_of(site)
    whole = rho_of(budget.epsilon, budget.delta)
    if not path.exists():
        trouble = "" if rho <= whole * (1 + 1e-9) else "its whole budget is smaller than what this study asks"
        return Left(site.name, site.data_version, budget, 0.0, whole, trouble)
    ledger = Ledger(path)
    spent, left = ledger.spent(site.data_version), ledger.left(site.data_version)
    return Left(site.name, site.data_version, budget, spent, left)


def epsilon_left(left: Left) -> float:
    """The epsilon, at the budget's delta, that one more study could spend."""
    return epsilon_of(left.left, left.budget.delta) if left.budget and left.left > 0 else 0.0
