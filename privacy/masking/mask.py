"""Masks: random 64-bit words from a key, by ChaCha20 (RFC 8439). Two sites' pair masks cancel in the total."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20

from privacy.masking.keys import shared_key, stretched
from privacy.masking.roster import Roster
from privacy.masking.secrets import Secrets
from privacy.secure_sum import Words

BLOCK = 1 << 15
"""Words made at once: they stay in the processor's cache until they are added."""


def masked(vector: Words, secrets: Secrets, roster: Roster, transcript: str, site: str, dealers: Iterable[str]) -> Words:
    """`vector` (cells,) with the site's own mask and one for each other site of `dealers` that dealt parts."""
    words = vector.copy()
    add_own(words, secrets.own, transcript, site)
    for other in dealers:
        if other != site:
            add_pair(words, secrets.mask, roster.of(other).mask, transcript, site, other)
    return words


def add_own(words: Words, seed: bytes, transcript: str, site: str, sign: int = 1) -> None:
    """Adds (or subtracts) the mask that hides a site even from those who learn its pair keys."""
    _add(words, stretched(seed, transcript, "own mask", site), sign)


def add_pair(words: Words, private: bytes, public: str, transcript: str, site: str, other: str) -> None:
    """Adds what `site` adds for `other`: the site that comes first adds the mask, the second subtracts it."""
    key = shared_key(private, public, transcript, "pair mask", *sorted((site, other)))
    _add(words, key, 1 if site < other else -1)


def _add(words: Words, key: bytes, sign: int) -> None:
    """A key is used for one mask only, so the nonce may be constant."""
    stream = Cipher(ChaCha20(key, bytes(16)), mode=None).encryptor()
    zeros, made = bytes(8 * BLOCK), bytearray(8 * BLOCK)
    block = np.frombuffer(made, "<u8")
    change = np.add if sign > 0 else np.subtract
    for start in range(0, len(words), BLOCK):
        part = words[start : start + BLOCK]
        stream.update_into(zeros[: part.nbytes], made)
        change(part, block[: len(part)], out=part)
