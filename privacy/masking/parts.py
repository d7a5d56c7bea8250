"""Secrets in parts: any `threshold` parts give the secret, fewer say nothing about it (Shamir 1979).

The library's field has 128 bits, so a secret of 32 bytes is split as two halves. Parts carry no check of their own: whoever
puts a secret together compares it with what was promised (`privacy/masking/unmask.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from Crypto.Protocol.SecretSharing import Shamir

HALF = 16


def split(secret: bytes, holders: Sequence[str], threshold: int) -> dict[str, bytes]:
    """One part (32 bytes) for each holder; the order of holders matters."""
    halves = [_half(secret[:HALF], len(holders), threshold), _half(secret[HALF:], len(holders), threshold)]
    return {holder: halves[0][i] + halves[1][i] for i, holder in enumerate(holders)}


def combined(parts: Mapping[str, bytes], holders: Sequence[str]) -> bytes:
    """The secret of `threshold` parts; something else when a part is not what was dealt. Raises ValueError for odd lengths."""
    if any(len(part) != 2 * HALF for part in parts.values()):
        raise ValueError("a part has 32 bytes")
    places = [(holders.index(holder) + 1, part) for holder, part in parts.items()]
    if len(places) == 1:
        return places[0][1]
    return b"".join(Shamir.combine([(i, p[at : at + HALF]) for i, p in places]) for at in (0, HALF))


def _half(secret: bytes, holders: int, threshold: int) -> list[bytes]:
    if threshold == 1:
        return [secret] * holders
    return [part for _, part in Shamir.split(threshold, holders, secret)]
