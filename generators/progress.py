"""How long work says where it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float], None]
"""Called with what is being done and the share (0 to 1) of the whole that is done."""


def silent(doing: str, share: float) -> None:
    """Says nothing."""
