"""A site's signing key (Ed25519, RFC 8032): what it vouches for can be checked by everyone who knows its public key."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from privacy.files import put

KIND = "ed25519:"
"""What a public key starts with when it is written as text; 43 characters of unpadded base64url follow."""


@dataclass(frozen=True)
class Identity:
    """The private key. It stays in its file at the site, mode 0600."""

    key: Ed25519PrivateKey

    @classmethod
    def create(cls, file: Path) -> Self:
        """A new key in a new file. Raises FileExistsError when there is one: a site changes its key on purpose only."""
        key = Ed25519PrivateKey.generate()
        put(file, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), replace=False)
        return cls(key)

    @classmethod
    def load(cls, file: Path) -> Self:
        """The key in a file. Raises FileNotFoundError, and ValueError for a file that holds no such key."""
        key = load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("not an Ed25519 key")
        return cls(key)

    @property
    def public(self) -> str:
        """The public key as text, as a spec names it."""
        return _text(self.key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self.key.sign(message)


def verify(public: str, signature: bytes, message: bytes) -> bool:
    """Whether the owner of `public` signed `message`. False as well for a `public` that is no key."""
    try:
        _public(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_key(text: str) -> bool:
    """Whether a text is a public key as `Identity.public` writes it."""
    try:
        _public(text)
    except ValueError:
        return False
    return True


def _public(text: str) -> Ed25519PublicKey:
    try:
        raw = base64.b64decode(text.removeprefix(KIND) + "=", altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not a public key") from None
    if _text(raw) != text:  # the last character has bits to spare: one key has one text
        raise ValueError("not a public key")
    return Ed25519PublicKey.from_public_bytes(raw)


def _text(raw: bytes) -> str:
    return KIND + base64.urlsafe_b64encode(raw).decode().rstrip("=")
