"""A coordinator in the hands of a test: it follows the protocol unless told otherwise; and seats, agents with given vectors."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from numpy.typing import NDArray

from generators.marginal.structure import queries
from privacy.identity import Identity
from privacy.masking.roster import Context, Roster
from privacy.masking.unmask import Revealed, unmask
from privacy.query import digest
from privacy.secure_sum import Words
from privacy.signed import Unsigned, opened, signed
from runners.replies import advert_of, parts_of
from runners.site.agent import SiteAgent
from runners.site.message import STAGES, Reply, Request, Stage
from runners.site.terms import Terms
from specs.lang.quorum import threshold
from specs.lang.types import Budget, Federation, Privacy, Site, Study

NAMES = ("coast", "hill", "lake", "marsh", "north", "oak", "pine", "quay", "reef", "south")


@dataclass(frozen=True, eq=False)
class Seat(SiteAgent):
    """An agent without a database: its sums (cells,), noise included, are `vector`."""

    vector: NDArray[np.int64]

    def _share(self, request: Request, terms: Terms) -> Words:
        return self.vector.view(np.uint64)

    def _allowed(self, request: Request, terms: Terms) -> None:
        terms.purse.check()


def fresh_key() -> Identity:
    return Identity(Ed25519PrivateKey.generate())


def sites_of(folder: Path, names: Iterable[str], budget: Budget | None = None) -> dict[str, Site]:
    """Sites with a folder each; nothing is in their databases."""
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {name: Site(name, str(folder / name / f"{name}.duckdb"), budget=budget) for name in names}


def league(study: Study, folder: Path, count: int, federation: Federation = Federation()) -> Study:
    """The study at `count` sites."""
    return replace(study, sites=sites_of(folder, NAMES[:count], Budget(3.0, 1e-6)), federation=federation)


def seats(study: Study, seed: int = 0) -> dict[str, Seat]:
    """An agent for each site, with random sums."""
    cells = sum(q.cells for q in queries(study))
    rng = np.random.default_rng(seed)
    found = {}
    for name, site in study.sites.items():
        vector = rng.integers(-(2**40), 2**40, cells)
        found[name] = Seat(site, study, Path(f"{site.database}.work") / study.name, vector)
    return found


@dataclass
class Chair:
    """Runs one round; `replies` are the good ones so far, by stage and site."""

    study: Study
    agents: dict[str, Any]
    run: str = "r1"
    share: float = 1.0
    identity: Identity = field(default_factory=fresh_key)
    round: str = field(default_factory=lambda: os.urandom(16).hex())
    replies: dict[Stage, dict[str, Reply]] = field(default_factory=lambda: {stage: {} for stage in STAGES})
    last: bytes = b""

    @property
    def context(self) -> Context:
        return Context(self.run, self.round, self.study.digest, digest(queries(self.study)), self.share)

    @property
    def roster(self) -> Roster:
        ready = self.replies["ready"]
        adverts = tuple(advert_of(ready[site]) for site in sorted(ready))
        return Roster(threshold(len(self.study.sites), self.study.federation.colluders), adverts)

    @property
    def transcript(self) -> str:
        return self.roster.transcript(self.context)

    def body(self, stage: Stage, site: str) -> dict[str, Any]:
        """What an honest coordinator says at this stage."""
        dealt, survivors = self.replies["deal"], sorted(self.replies["sums"])
        match stage:
            case "deal":
                return self.roster.facts()
            case "sums":
                return {"sealed": {d: dealt[d].body["sealed"][site] for d in sorted(dealt)}}
            case "agree":
                return {"survivors": survivors}
            case "reveal":
                return {"survivors": survivors, "signatures": {s: r.body["signature"] for s, r in self.replies["agree"].items()}}
        return {}

    def request(self, stage: Stage, site: str, body: Any = None, **changed: Any) -> bytes:
        """A signed request; `changed` are fields of it."""
        c = self.context
        asked = Request(c.run, c.round, stage, site, c.spec, c.queries, c.share, self.body(stage, site) if body is None else body)
        return signed(self.identity, replace(asked, **changed).pack())

    def ask(self, stage: Stage, site: str, body: Any = None, **changed: Any) -> Reply:
        """The site's reply; a good one is remembered."""
        return self.hear(stage, site, self.agents[site].handle(self.request(stage, site, body, **changed)))

    def hear(self, stage: Stage, site: str, data: bytes) -> Reply:
        self.last = data
        try:
            reply = Reply.unpack(opened(data)[1])
            self.replies[stage][site] = reply
        except Unsigned:
            reply = Reply.unpack(data)
            assert reply.trouble
        return reply

    def play(self, last: Stage, sites: Iterable[str] | None = None) -> list[Reply]:
        """All stages up to `last` at `sites`; the replies to the last one."""
        found: list[Reply] = []
        for stage in STAGES[: STAGES.index(last) + 1]:
            found = [self.ask(stage, site) for site in (sites or self.study.sites) if site not in self.replies[stage]]
        return found

    def total(self) -> NDArray[np.int64]:
        """What an honest coordinator computes from the replies."""
        sums, dealt = self.replies["sums"], self.replies["deal"]
        revealed = {s: Revealed(parts_of(r, "own"), parts_of(r, "mask")) for s, r in self.replies["reveal"].items()}
        masked = {site: sums[site].words for site in sorted(sums)}
        promises = {site: dealt[site].body["promise"] for site in masked}
        return unmask(masked, sorted(dealt), self.roster, self.transcript, promises, revealed)


def public(study: Study) -> Study:
    """The same study of public data: nothing is booked."""
    return replace(study, privacy=Privacy(study.privacy.unit, None, "public"))
