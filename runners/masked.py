"""A masked sum as the coordinator runs it: five stages, and what is decided between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from privacy.masking.roster import Advert, Roster, checked
from privacy.masking.survivors import agreed
from privacy.masking.unmask import Revealed, unmask
from runners.attempt import Attempt
from runners.replies import advert_of, parts_of
from specs.lang.quorum import fewest, threshold
from specs.lang.types import Study


@dataclass(frozen=True)
class Total:
    """The sum (cells,) of the vectors of `sites`, in integer units; `transcript` names the round it came from."""

    vector: NDArray[np.int64]
    sites: tuple[str, ...]
    transcript: str


@dataclass(frozen=True)
class MaskedSum:
    """Methods raise Stop when too few sites go along, and Unfit when what they sent does not make a sum."""

    study: Study
    attempt: Attempt

    @property
    def threshold(self) -> int:
        """How many sites must help to remove masks."""
        return threshold(len(self.study.sites), self.study.federation.colluders)

    @property
    def need(self) -> int:
        """How many sites a total must hold."""
        return fewest(len(self.study.sites), self.study.federation)

    def ready(self) -> dict[str, Advert]:
        """Who could answer, with the keys each uses."""
        sites = self._among("roster", list(self.study.sites))
        replies = self.attempt.stage("ready", sites, lambda site: {}, self.need)
        return {site: advert_of(reply) for site, reply in replies.items()}

    def total(self) -> Total:
        """All five stages."""
        attempt, adverts = self.attempt, self.ready()
        attempt.fixed("roster", lambda: self._roster(adverts).facts())
        roster = Roster.read(attempt.decided("roster"))
        dealt = attempt.stage("deal", self._among("dealers", roster.sites), lambda site: roster.facts(), self.need)
        dealers = attempt.fixed("dealers", lambda: sorted(dealt))
        sealed = {site: {"sealed": {d: dealt[d].body["sealed"].get(site, "") for d in dealers}} for site in dealers}
        sums = attempt.stage("sums", self._among("survivors", dealers), lambda site: sealed[site], self.need)
        survivors = attempt.fixed("survivors", lambda: sorted(sums))
        revealed = self._revealed(roster, survivors)
        masked = {site: sums[site].words for site in survivors}
        promises = {site: dealt[site].body["promise"] for site in survivors}
        transcript = roster.transcript(attempt.context)
        return Total(unmask(masked, dealers, roster, transcript, promises, revealed), tuple(survivors), transcript)

    def _roster(self, adverts: dict[str, Advert]) -> Roster:
        keys = {name: site.key for name, site in self.study.sites.items()}
        roster = Roster(self.threshold, tuple(adverts[site] for site in sorted(adverts)))
        return checked(roster, self.attempt.context, keys, self.need, self.study.federation.colluders)

    def _revealed(self, roster: Roster, survivors: Sequence[str]) -> dict[str, Revealed]:
        body = {"survivors": list(survivors)}
        said = self.attempt.stage("agree", survivors, lambda site: body, self.threshold)
        signed = self.attempt.fixed("signatures", lambda: {site: reply.body["signature"] for site, reply in said.items()})
        agreed(signed, roster.transcript(self.attempt.context), survivors, roster)
        shown = self.attempt.stage("reveal", list(signed), lambda site: {**body, "signatures": signed}, self.threshold)
        return {site: Revealed(parts_of(reply, "own"), parts_of(reply, "mask")) for site, reply in shown.items()}

    def _among(self, decision: str, sites: Sequence[str]) -> list[str]:
        """Only the sites of a decision that was made before; all of `sites` as long as it is open."""
        found = self.attempt.decided(decision)
        if found is None:
            return list(sites)
        return [advert["site"] for advert in found["adverts"]] if isinstance(found, dict) else list(found)
