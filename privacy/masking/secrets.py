"""What a site must not lose, or show, while a masked sum is under way."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from privacy.identity import Identity
from privacy.masking.roster import Advert, Context


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Two private keys (X25519) and the seed of the site's own mask, 32 bytes each."""

    seal: bytes
    mask: bytes
    own: bytes

    @classmethod
    def fresh(cls) -> Self:
        """From the operating system's entropy."""
        return cls(os.urandom(32), os.urandom(32), os.urandom(32))

    def facts(self) -> dict[str, str]:
        """As JSON has it, for the site's private folder."""
        return {"seal": self.seal.hex(), "mask": self.mask.hex(), "own": self.own.hex()}

    @classmethod
    def read(cls, facts: Mapping[str, Any]) -> Self:
        """From the private folder. Raises KeyError or ValueError."""
        return cls(*(bytes.fromhex(facts[name]) for name in ("seal", "mask", "own")))


def advert(secrets: Secrets, identity: Identity, site: str, context: Context) -> Advert:
    """What the others may know of the secrets, signed."""
    bare = Advert(site, identity.public, public(secrets.seal), public(secrets.mask))
    return replace(bare, signature=identity.sign(bare.signed_text(context)).hex())


def public(private: bytes) -> str:
    """The public key (hexadecimal) of a private X25519 key (RFC 7748)."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw().hex()
