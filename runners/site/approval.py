"""What a steward agreed to, and whether it is what would run now.

    check(site, study)      raises Trouble: "approval", "revoked", "expired", "sql", "audit" or "ledger"; else returns None

An approval is an `approve` line of the site's audit log, so it is signed with the site's key and cannot be taken out of its
order; a `revoke` line ends all approvals of that study's name before it. It holds for one spec (by digest), the very dbt files
that were shown (by digest, taken anew from the disk at every check), one purpose, up to a day and a budget.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Self

from privacy.links import Broken, Fact, Link
from runners.places import DBT, audit_of, key_of
from runners.site import audit, project
from runners.site.trouble import Trouble
from runners.site.verify import rolled_back
from specs.lang.types import Budget, Site, Study


@dataclass(frozen=True)
class Approval:
    """`spec`, `sql`, `queries` are digests; `expires` is the last day (UTC), None for no end; `budget` None for public data."""

    name: str
    spec: str
    sql: str
    queries: str
    purpose: str
    expires: date | None
    budget: Budget | None

    def facts(self) -> dict[str, Fact]:
        """As a line of the log says it."""
        spent: dict[str, Fact] = {"epsilon": self.budget.epsilon, "delta": self.budget.delta} if self.budget else {}
        day = self.expires.isoformat() if self.expires else ""
        said: dict[str, Fact] = {"name": self.name, "spec": self.spec, "sql": self.sql, "queries": self.queries}
        return {**said, "purpose": self.purpose, "expires": day, **spent}

    @classmethod
    def of(cls, line: Link) -> Self:
        """The approval of an `approve` line."""
        said = line.facts
        name, spec, sql, queries, purpose = (str(said[part]) for part in ("name", "spec", "sql", "queries", "purpose"))
        expires = date.fromisoformat(str(said["expires"])) if said["expires"] else None
        budget = Budget(float(said["epsilon"]), float(said["delta"])) if "epsilon" in said else None
        return cls(name, spec, sql, queries, purpose, expires, budget)

    def covers(self, study: Study) -> bool:
        """Whether the spec's purpose and its claim on privacy are within what was agreed to."""
        asked = study.privacy.budget
        if study.governance.purpose and study.governance.purpose != self.purpose:
            return False
        if asked is None or self.budget is None:
            return asked is None and self.budget is None
        return asked.epsilon <= self.budget.epsilon and asked.delta <= self.budget.delta


def check(site: Site, study: Study, dbt: Path | None = None) -> None:
    """Raises Trouble unless the site may answer this study today, with the project `dbt` (the site's own if left out).

    Reads no row and writes nothing.
    """
    if expired(study.governance.expires):
        raise Trouble("expired")
    asked = demanded(site, study)
    if asked and not (key_of(site).exists() and audit_of(site).exists()):
        raise Trouble("approval")
    try:
        lines = audit.read(site)
    except Broken:
        raise Trouble("audit") from None
    if rolled_back(site, lines):
        raise Trouble("ledger")
    if asked:
        _covered(lines, study, dbt or DBT)


def _covered(lines: Sequence[Link], study: Study, dbt: Path) -> None:
    """Raises Trouble unless an approval stands, and for what would run now."""
    found = standing(lines, study)
    if found is None or not found.covers(study):
        raise Trouble("approval")
    if expired(found.expires):
        raise Trouble("expired")
    if found.sql != project.digest(project.files(study, dbt)):
        raise Trouble("sql")


def demanded(site: Site, study: Study) -> bool:
    """A steward who made a key wants to be asked (also when it is gone); so does a spec that lists the site, and any network."""
    transport: str = study.federation.transport
    return (
        key_of(site).exists()
        or audit.seal_of(site).exists()
        or site.name in study.governance.approvals
        or transport != "embedded"
    )


def standing(links: Sequence[Link], study: Study) -> Approval | None:
    """The last approval of this very spec. None when there is none; raises Trouble when its study was revoked after it."""
    for line in reversed(links):
        if line.facts["kind"] == "revoke" and line.facts["name"] == study.name:
            raise Trouble("revoked")
        if line.facts["kind"] == "approve" and line.facts["spec"] == study.digest:
            return Approval.of(line)
    return None


def expired(day: date | None) -> bool:
    """Whether `day`, the last one, is over (UTC)."""
    return day is not None and datetime.now(UTC).date() > day


def over(study: Study) -> str:
    """What is said where a study's last day is over."""
    return f"{study.name} expired on {study.governance.expires}\n  set a later governance.expires; sites approve it anew"
