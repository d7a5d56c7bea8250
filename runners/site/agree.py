"""What a steward is asked to agree to, and the signature under it: from the spec, dbt's files and the ledger; no row is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from generators.marginal.structure import queries as queries_of
from privacy.accountant import epsilon
from privacy.links import Broken, Link
from privacy.query import UNIT, Query, l2_bound
from privacy.query import digest as digest_of
from runners.compiled import stale, unlike
from runners.errors import DATA, REFUSED, WRONG, Stop
from runners.ledgers import Left, left_at
from runners.noise import cost, noisy_sites, total_std
from runners.out import word
from runners.places import DBT, audit_of, key_of
from runners.site import audit, project
from runners.site.approval import Approval, expired
from runners.site.keys import identity_of
from runners.site.sources import Wanted, wanted
from runners.site.trouble import Trouble
from runners.task import measured
from specs.lang.types import Budget, Site, Study


@dataclass(frozen=True)
class Agreement:
    """Everything `wardloom site approve` shows.

    `own` and `total` are standard deviations of noise in a cell (patients): this site's alone, and in the sum of all. `left`
    is the site's budget before, `after` epsilon left after; `files` are the SHA-256 of dbt's files by path; `bound` is how
    far one patient can move all answers together (L2, patients).
    """

    study: Study
    site: Site
    queries: tuple[Query, ...]
    bound: float
    rho: float
    own: float
    total: float
    left: Left
    reads: tuple[Wanted, ...]
    files: Mapping[str, str]
    approval: Approval

    @property
    def after(self) -> float:
        """What is left of the data version's budget, in epsilon, when this study has been answered."""
        rest = self.left.left - (0.0 if self.left.booked else self.rho)
        return epsilon(rest, self.left.budget.delta) if self.left.budget and rest > 0 else 0.0


def agreement(study: Study, site: Site, purpose: str, expires: date | None, budget: Budget | None) -> Agreement:
    """Reads what there is to agree to. Raises Stop when it cannot be agreed to as it is."""
    old = stale(study)
    if old:
        raise Stop(WRONG, "\n".join(unlike(study, old)), {"stale": [str(path) for path in old]})
    purpose = _purpose(study, purpose)
    if expired(study.governance.expires) or expired(expires):
        raise Stop(REFUSED, "the day on which this expires is over")
    asked = tuple(queries_of(study))
    rho, variance = cost(study, asked, 1.0)[0], cost(study, asked, measured(study))[1]
    own = math.sqrt(variance / noisy_sites(study)) / UNIT
    files = project.files(study, DBT)
    approval = Approval(
        study.name,
        study.digest,
        project.digest(files),
        digest_of(asked),
        purpose,
        _sooner(study, expires),
        _budget(study, budget),
    )
    total = total_std(study, variance, len(study.sites)) / UNIT
    bound = l2_bound(asked) / UNIT
    return Agreement(
        study, site, asked, bound, rho, own, total, left_at(site, study, asked), tuple(wanted(study)), files, approval
    )


def sign(found: Agreement) -> Link:
    """Writes the approval into the site's log, signed. Raises Stop."""
    if not key_of(found.site).exists() or not audit_of(found.site).exists():
        raise Stop(REFUSED, f"site {found.site.name} has no key yet\n  run: wardloom site init {word(found.site.database)}")
    if found.left.trouble:
        raise Stop(REFUSED, f"site {found.site.name}: {found.left.trouble}")
    try:
        identity_of(found.site)
        return audit.record(found.site, "approve", found.approval.facts())
    except Trouble as trouble:
        raise Stop(trouble.exit, trouble.text(found.site.name)) from None
    except Broken as broken:
        raise Stop(DATA, f"{audit_of(found.site)}: {broken}") from None


def revoke(study: Study, site: Site) -> Link:
    """Ends all approvals of the study's name; the next round is refused. Raises Stop."""
    try:
        lines = audit.read(site)
        if not any(line.facts["kind"] == "approve" and line.facts["name"] == study.name for line in lines):
            raise Stop(WRONG, f"site {site.name} never approved {study.name}: there is nothing to revoke")
        return audit.record(site, "revoke", {"name": study.name})
    except Broken as broken:
        raise Stop(DATA, f"{audit_of(site)}: {broken}") from None


def _purpose(study: Study, said: str) -> str:
    wanted_, said = study.governance.purpose, said.strip()
    if wanted_ and said and said != wanted_:
        raise Stop(WRONG, f"the spec's purpose is another one: {wanted_}\n  leave --purpose out to approve that one")
    if not (wanted_ or said):
        raise Stop(WRONG, "the spec names no purpose: say which one you approve with --purpose, or add governance.purpose")
    return wanted_ or said


def _sooner(study: Study, expires: date | None) -> date | None:
    days = [day for day in (study.governance.expires, expires) if day is not None]
    return min(days, default=None)


def _budget(study: Study, said: Budget | None) -> Budget | None:
    asks = study.privacy.budget
    if asks is None:
        if said is not None:
            raise Stop(WRONG, "the spec keeps no privacy (privacy.none): there is no budget to approve")
        return None
    given = said or asks
    if given.epsilon < asks.epsilon or given.delta < asks.delta:
        text = f"the study asks for epsilon {asks.epsilon:g}, delta {asks.delta:g}"
        raise Stop(REFUSED, f"{text}: that is more than the budget to be approved\n  ask the author for a smaller claim")
    return given
