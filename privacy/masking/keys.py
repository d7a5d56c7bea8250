"""Keys that two sites share without sending them: X25519 (RFC 7748), then HKDF-SHA256 (RFC 5869) bound to a purpose."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from privacy.canonical import canonical
from privacy.masking.errors import Unfit


def shared_key(private: bytes, public: str, transcript: str, *purpose: str) -> bytes:
    """32 bytes that only the two owners can compute. Raises Unfit for a public key that is none, or of small order."""
    try:
        theirs = X25519PublicKey.from_public_bytes(bytes.fromhex(public))
        secret = X25519PrivateKey.from_private_bytes(private).exchange(theirs)
    except ValueError:
        raise Unfit("a public key that is none") from None
    return stretched(secret, transcript, *purpose)


def stretched(secret: bytes, transcript: str, *purpose: str) -> bytes:
    """32 bytes for one purpose in one round."""
    return HKDF(SHA256(), 32, salt=bytes.fromhex(transcript), info=canonical(["wardloom", *purpose])).derive(secret)
