"""Bytes with their length before them, on a pipe."""

from __future__ import annotations

from typing import Protocol

MOST = 1 << 31
"""No message is longer, in bytes."""


class Pipe(Protocol):
    """A buffered stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes."""
        ...

    def write(self, data: bytes, /) -> int:
        """How many bytes were written: all."""
        ...

    def flush(self) -> None:
        """Sends what was written."""
        ...


def write_frame(pipe: Pipe, body: bytes) -> None:
    """Writes one message."""
    pipe.write(len(body).to_bytes(8, "big") + body)
    pipe.flush()


def read_frame(pipe: Pipe) -> bytes:
    """Reads one message. Raises EOFError when the other side is gone, ValueError for a length no message has."""
    length = int.from_bytes(_exactly(pipe, 8), "big")
    if length > MOST:
        raise ValueError("message too long")
    return _exactly(pipe, length)


def _exactly(pipe: Pipe, count: int) -> bytes:
    parts = b""
    while len(parts) < count:
        part = pipe.read(count - len(parts))
        if not part:
            raise EOFError
        parts += part
    return parts
