"""What the lines of a ledger say: spends, kept replies, and what is left of the budget. Pure functions over verified lines."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fractions import Fraction

from privacy.accountant import MOST_RHO, epsilon
from privacy.links import Fact, Link
from specs.lang.types import Budget

Facts = dict[str, Fact]


@dataclass(frozen=True, slots=True)
class Spend:
    """What is booked: `rho` (zCDP) for the queries of `query_digest`, with noise `variance` in all (integer units squared)."""

    data_version: str
    run: str
    spec_digest: str
    query_digest: str
    rho: float
    variance: Fraction

    def __post_init__(self) -> None:
        if not 0 < self.rho <= MOST_RHO or self.variance <= 0:
            raise ValueError("a spend has a positive, finite rho and a positive variance")

    @property
    def key(self) -> tuple[str, str, str, float]:
        """Equal keys are the same question: answered once."""
        return self.data_version, self.spec_digest, self.query_digest, self.rho


@dataclass(frozen=True, slots=True)
class Entry:
    """A booked spend. `hash` names its line, and with it all lines before."""

    number: int
    hash: str
    spend: Spend


def within(links: Sequence[Link], spend: Spend, limit: Budget) -> bool:
    """Whether one more spend stays within `limit`, for its data version."""
    total = up(spent(links, spend.data_version) + Fraction(spend.rho))
    return total <= MOST_RHO and epsilon(total, limit.delta) <= limit.epsilon


def spent(links: Sequence[Link], data_version: str) -> Fraction:
    """The exact sum of all rhos booked on a data version."""
    return sum((Fraction(e.spend.rho) for e in spends(links) if e.spend.data_version == data_version), Fraction(0))


def booked(links: Sequence[Link], spend: Spend) -> Entry | None:
    """The entry of the same question, if there is one."""
    return next((entry for entry in spends(links) if entry.spend.key == spend.key), None)


def kept(links: Sequence[Link], entry: Entry) -> str | None:
    """SHA-256 of the reply that was kept for an entry."""
    lines = (link.facts for link in links)
    return next((str(f["reply"]) for f in lines if f["kind"] == "kept" and f["spend"] == entry.hash), None)


def released(links: Sequence[Link], entry: Entry) -> tuple[str, ...] | None:
    """The sites in the total that this site helped to unmask for an entry; None when it never did."""
    lines = (link.facts for link in links)
    return next((tuple(str(f["sites"]).split()) for f in lines if f["kind"] == "released" and f["spend"] == entry.hash), None)


def spends(links: Sequence[Link]) -> Iterator[Entry]:
    """All booked spends, in order."""
    return (entry(link) for link in links if link.facts["kind"] == "spend")


def entry(link: Link) -> Entry:
    """The spend of a line."""
    facts = link.facts
    version, run, spec, query = (str(facts[name]) for name in ("data_version", "run", "spec_digest", "query_digest"))
    spend = Spend(version, run, spec, query, float(facts["rho"]), Fraction(str(facts["variance"])))
    return Entry(link.number, link.hash, spend)


def opened(budget: Budget) -> Facts:
    """The first line."""
    return {"kind": "budget", "at": _now(), "epsilon": budget.epsilon, "delta": budget.delta}


def asked(spend: Spend) -> Facts:
    """The line that books a spend."""
    return {"kind": "spend", "at": _now(), **asdict(spend), "variance": str(spend.variance)}


def answered(entry: Entry, sha256: str) -> Facts:
    """The line that says which reply was kept."""
    return {"kind": "kept", "at": _now(), "spend": entry.hash, "reply": sha256}


def unmasked(entry: Entry, survivors: Sequence[str]) -> Facts:
    """The line that says in whose total the reply may be known."""
    return {"kind": "released", "at": _now(), "spend": entry.hash, "sites": " ".join(survivors)}


def budget(links: Sequence[Link]) -> Budget:
    """The budget of each data version, from the first line."""
    return Budget(float(links[0].facts["epsilon"]), float(links[0].facts["delta"]))


def up(value: Fraction) -> float:
    """The nearest float that is not below."""
    near = float(value)
    return near if Fraction(near) >= value else math.nextafter(near, math.inf)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
