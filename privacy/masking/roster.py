"""Who takes part in one masked sum, with the keys they signed for it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from privacy.canonical import canonical
from privacy.identity import verify
from privacy.masking.errors import Unfit
from specs.lang.quorum import threshold


@dataclass(frozen=True, slots=True)
class Context:
    """What a sum is about. `round` is fresh for every attempt; `share` is the part of the spec's budget (0 to 1)."""

    run: str
    round: str
    spec: str
    queries: str
    share: float


@dataclass(frozen=True, slots=True)
class Advert:
    """A site's public keys for one round (X25519, hexadecimal): `seal` for parts sent to it, `mask` for pair masks.

    `identity` is its long-lived signing key, `signature` (hexadecimal) is over the context, the site's name and both keys.
    """

    site: str
    identity: str
    seal: str
    mask: str
    signature: str = ""

    def signed_text(self, context: Context) -> bytes:
        """What the signature is over."""
        return canonical(["wardloom advert", asdict(context), self.site, self.identity, self.seal, self.mask])

    def genuine(self, context: Context) -> bool:
        """Whether the owner of `identity` signed it for this very context."""
        try:
            return verify(self.identity, bytes.fromhex(self.signature), self.signed_text(context))
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class Roster:
    """The adverts by name of site, and how many sites must help to remove masks."""

    threshold: int
    adverts: tuple[Advert, ...]

    @property
    def sites(self) -> tuple[str, ...]:
        """Names, sorted. A site's position, from 1, is its place in Shamir's scheme."""
        return tuple(a.site for a in self.adverts)

    def of(self, site: str) -> Advert:
        """One site's advert. Raises Unfit."""
        found = [a for a in self.adverts if a.site == site]
        if len(found) != 1:
            raise Unfit("a site that is not on the roster")
        return found[0]

    def transcript(self, context: Context) -> str:
        """SHA-256 that names context, threshold and roster."""
        return hashlib.sha256(canonical(["wardloom transcript", asdict(context), self.facts()])).hexdigest()

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        return {"threshold": self.threshold, "adverts": [asdict(a) for a in self.adverts]}

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        """From JSON. Raises Unfit."""
        try:
            adverts = tuple(Advert(**{k: _text(v) for k, v in a.items()}) for a in facts["adverts"])
            return cls(int(facts["threshold"]), adverts)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise Unfit("not a roster") from None


def checked(roster: Roster, context: Context, keys: Mapping[str, str | None], need: int, colluders: int) -> Roster:
    """The roster, if all of it holds. `keys` are the sites that may take part, with their signing keys where these are known.

    Raises Unfit for a lowered threshold, unknown, repeated or too few sites, other keys than known, and bad signatures.
    """
    if roster.threshold != threshold(len(keys), colluders):
        raise Unfit("a threshold that is not the agreed one")
    if list(roster.sites) != sorted(set(roster.sites)) or not set(roster.sites) <= set(keys):
        raise Unfit("sites that are unknown, repeated or out of order")
    if len(roster.sites) < max(need, roster.threshold):
        raise Unfit("too few sites")
    for advert in roster.adverts:
        if keys[advert.site] not in (None, advert.identity) or not advert.genuine(context):
            raise Unfit("an advert that its site did not sign for this round")
    for kind in ("identity", "seal", "mask"):
        if len({getattr(a, kind) for a in roster.adverts}) < len(roster.adverts):
            raise Unfit("two sites with one key")
    return roster


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not text")
    return value
