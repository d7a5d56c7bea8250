"""Where to listen: HOST:PORT."""

from __future__ import annotations

from runners.errors import WRONG, Stop

MOST = 65535


def parsed(text: str) -> tuple[str, int]:
    """Host and port of `127.0.0.1:9464` or `[::1]:9464`; port 0 takes a free one. Raises Stop."""
    host, colon, port = text.rpartition(":")
    inside = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    good = colon and inside and (":" not in host or inside != host)
    if not (good and port.isascii() and port.isdigit() and int(port) <= MOST):
        raise Stop(WRONG, f"{text!r} is not HOST:PORT, e.g. 127.0.0.1:9464")
    return inside, int(port)
