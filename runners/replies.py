"""What came back from a site, believed only if the site signed it for this very request and it has the form of its stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from privacy.masking.errors import Unfit
from privacy.masking.roster import Advert, Context, Roster
from privacy.signed import Unsigned, opened
from runners.site.message import Malformed, Reply, Stage, named, silence
from runners.site.trouble import Trouble
from runners.transport.base import Answer


@dataclass(frozen=True)
class Reader:
    """Reads replies of one stage. `keys` are the sites' signing keys where they are known, `cells` the length of a vector."""

    stage: Stage
    context: Context
    keys: Mapping[str, str | None]
    cells: int

    def read(self, site: str, request: bytes, answer: Answer) -> Reply:
        """The reply, or the reason why there is none."""
        if answer.state != "reply":
            return silence(site, Trouble("late" if answer.state == "missing" else "spec"))
        try:
            key, message = opened(answer.body)
            reply = Reply.unpack(message)
        except Unsigned:
            return _excuse(site, answer.body)
        except Malformed:
            return silence(site, Trouble("crash"))
        mine = (reply.site, reply.request) == (site, named(request)) and self.keys[site] in (None, key)
        if not mine or reply.trouble or not self._formed(site, key, reply):
            return silence(site, Trouble("forged"))
        return reply

    def _formed(self, site: str, key: str, reply: Reply) -> bool:
        """Whether the body is what this stage has."""
        body = reply.body
        if len(reply.words) != (self.cells if self.stage == "sums" else 0):
            return False
        match self.stage:
            case "ready":
                return self._own_advert(site, key, body)
            case "deal":
                return _texts(body.get("sealed"), set(self.keys)) and isinstance(body.get("promise"), str)
            case "agree":
                return isinstance(body.get("signature"), str)
            case "reveal":
                return all(_texts(body.get(kind), set(self.keys)) for kind in ("own", "mask"))
        return True

    def _own_advert(self, site: str, key: str, body: Mapping[str, Any]) -> bool:
        try:
            advert = Roster.read({"threshold": 1, "adverts": [body.get("advert")]}).of(site)
        except Unfit:
            return False
        return advert.identity == key and advert.genuine(self.context)


def advert_of(reply: Reply) -> Advert:
    """The advert in a reply to `ready`."""
    return Advert(**reply.body["advert"])


def parts_of(reply: Reply, kind: str) -> dict[str, bytes]:
    """Revealed parts by dealer; those that are not hexadecimal are left out."""
    found: dict[str, bytes] = {}
    for dealer, text in reply.body[kind].items():
        try:
            found[dealer] = bytes.fromhex(text)
        except ValueError:
            continue
    return found


def _excuse(site: str, body: bytes) -> Reply:
    """An unsigned reply can only say why there is none."""
    try:
        reply = Reply.unpack(body)
    except Malformed:
        return silence(site, Trouble("crash"))
    return reply if reply.trouble and reply.site == site else silence(site, Trouble("forged"))


def _texts(found: object, sites: set[str]) -> bool:
    return isinstance(found, dict) and set(found) <= sites and all(isinstance(text, str) for text in found.values())
