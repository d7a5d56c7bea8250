"""Messages with their sender's public key and signature before them."""

from __future__ import annotations

from privacy.identity import Identity, verify

KEY = 51
SIGNATURE = 64
MARK = b"wardloom message\n"
"""Signed along with the bytes, so that nothing else that a key signs can pass for a message."""


class Unsigned(ValueError):
    """Bytes without a good signature."""


def signed(identity: Identity, message: bytes) -> bytes:
    """The message as it is sent."""
    return identity.public.encode() + identity.sign(MARK + message) + message


def opened(data: bytes) -> tuple[str, bytes]:
    """The sender's public key and the message. Raises Unsigned."""
    try:
        key = data[:KEY].decode("ascii")
    except UnicodeDecodeError:
        raise Unsigned("not a signed message") from None
    message = data[KEY + SIGNATURE :]
    if not verify(key, data[KEY : KEY + SIGNATURE], MARK + message):
        raise Unsigned("not a signed message")
    return key, message
