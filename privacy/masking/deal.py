"""Splitting a site's two secrets among the roster, each part sealed to its holder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from privacy.canonical import canonical
from privacy.masking import parts
from privacy.masking.errors import Unfit
from privacy.masking.keys import shared_key
from privacy.masking.roster import Roster
from privacy.masking.secrets import Secrets

NONCE = 12


def deal(secrets: Secrets, roster: Roster, transcript: str, site: str) -> dict[str, str]:
    """For every site of the roster (itself too) one sealed part of the mask key and one of the own seed, hexadecimal."""
    mask = parts.split(secrets.mask, roster.sites, roster.threshold)
    own = parts.split(secrets.own, roster.sites, roster.threshold)
    return {to: _seal(secrets, roster, transcript, site, to, mask[to] + own[to]).hex() for to in roster.sites}


def opened(secrets: Secrets, roster: Roster, transcript: str, site: str, sealed: Mapping[str, str]) -> dict[str, bytes]:
    """The parts (mask, then own, 64 bytes) that others dealt to `site`. Raises Unfit for what was not sealed for it here."""
    return {dealer: _open(secrets, roster, transcript, dealer, site, text) for dealer, text in sealed.items()}


def promise(secrets: Secrets, transcript: str, site: str) -> str:
    """Names the own seed without showing it: what is put together later must have this hash."""
    return promised(secrets.own, transcript, site)


def promised(own: bytes, transcript: str, site: str) -> str:
    """SHA-256 of a seed in its place. The seed has 256 random bits, so the hash says nothing that could be used."""
    return hashlib.sha256(canonical(["wardloom own mask", transcript, site]) + own).hexdigest()


def _seal(secrets: Secrets, roster: Roster, transcript: str, dealer: str, to: str, text: bytes) -> bytes:
    """ChaCha20-Poly1305 (RFC 8439) under a key of this pair, this direction and this transcript."""
    key = shared_key(secrets.seal, roster.of(to).seal, transcript, "seal", dealer, to)
    nonce = os.urandom(NONCE)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, text, canonical([transcript, dealer, to]))


def _open(secrets: Secrets, roster: Roster, transcript: str, dealer: str, to: str, sealed: str) -> bytes:
    key = shared_key(secrets.seal, roster.of(dealer).seal, transcript, "seal", dealer, to)
    try:
        data = bytes.fromhex(sealed)
        text = ChaCha20Poly1305(key).decrypt(data[:NONCE], data[NONCE:], canonical([transcript, dealer, to]))
    except (InvalidTag, ValueError):
        raise Unfit("a part that was not sealed for this site in this round") from None
    if len(text) != 4 * parts.HALF:
        raise Unfit("a part of another length")
    return text
