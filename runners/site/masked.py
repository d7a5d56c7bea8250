"""The stages of a masked sum at one site, each a step from one remembered round to the next with the body of the reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from privacy.identity import Identity
from privacy.masking import survivors as sets
from privacy.masking.deal import deal, opened, promise
from privacy.masking.errors import Unfit
from privacy.masking.mask import masked
from privacy.masking.roster import Roster, checked
from privacy.masking.secrets import Secrets, advert
from privacy.masking.unmask import reveal
from privacy.secure_sum import Words
from runners.site.rounds import Round
from runners.site.trouble import Trouble
from specs.lang.quorum import fewest
from specs.lang.types import Study

Said = Mapping[str, Any]
Step = tuple[Round, dict[str, Any]]


@dataclass(frozen=True)
class Member:
    """A site in the masked sums of a study, by its own copy of the spec."""

    site: str
    identity: Identity
    study: Study

    @property
    def need(self) -> int:
        """How many sites a total must hold."""
        return fewest(len(self.study.sites), self.study.federation)

    def ready(self, round: Round, said: Said) -> Step:
        """Fresh secrets; their public keys, signed."""
        secrets = Secrets.fresh()
        return replace(round, secrets=secrets), {"advert": asdict(advert(secrets, self.identity, self.site, round.context))}

    def deal(self, round: Round, said: Said) -> Step:
        """Checks the roster; parts of both secrets for every member. Raises Unfit."""
        keys = {name: site.key for name, site in self.study.sites.items()}
        roster = checked(Roster.read(said), round.context, keys, self.need, self.study.federation.colluders)
        if asdict(roster.of(self.site)) != round.done["ready"].body["advert"]:
            raise Unfit("another advert than this site's own")
        transcript = roster.transcript(round.context)
        sealed = deal(_secrets(round), roster, transcript, self.site)
        body = {"sealed": sealed, "promise": promise(_secrets(round), transcript, self.site)}
        return replace(round, roster=roster), body

    def sums(self, round: Round, said: Said) -> Step:
        """Opens and keeps the parts of those who dealt. Raises Unfit when there are too few, or parts are not for this round."""
        roster, sealed = _roster(round), _texts(said.get("sealed"))
        if self.site not in sealed or len(sealed) < self.need:
            raise Unfit("too few sites dealt parts")
        return replace(round, held=opened(_secrets(round), roster, round.transcript, self.site, sealed)), {}

    def mask(self, round: Round, words: Words) -> Words:
        """The site's noised vector (cells,) under its masks. The same round gives the same words."""
        return masked(words, _secrets(round), _roster(round), round.transcript, self.site, round.held)

    def agree(self, round: Round, said: Said) -> Step:
        """Signs one set of survivors. Raises Unfit for a set that may not be."""
        names = _names(said.get("survivors"))
        found = sets.checked(names, round.held, _roster(round), self.site, self.need)
        return replace(round, survivors=found), {"signature": sets.agree(self.identity, round.transcript, found)}

    def reveal(self, round: Round, said: Said) -> Step:
        """Parts of own seeds of survivors, of mask keys of the others; then the round is over. Raises Unfit."""
        if _names(said.get("survivors")) != round.survivors:
            raise Unfit("other survivors than this site agreed to")
        sets.agreed(_texts(said.get("signatures")), round.transcript, round.survivors, _roster(round))
        shown = reveal(round.held, round.survivors)
        body = {kind: {dealer: part.hex() for dealer, part in getattr(shown, kind).items()} for kind in ("own", "mask")}
        return replace(round, secrets=None, held={}), body


def _secrets(round: Round) -> Secrets:
    if round.secrets is None:
        raise Trouble("round")
    return round.secrets


def _roster(round: Round) -> Roster:
    if round.roster is None:
        raise Trouble("round")
    return round.roster


def _texts(found: object) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(v, str) for v in found.values()):
        raise Unfit("not what this stage needs")
    return found


def _names(found: object) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(v, str) for v in found):
        raise Unfit("not a set of sites")
    return tuple(found)
