"""How often an attack is repeated: a slice of it by default, all of it with WARDLOOM_ATTACKS=full; each test prints its count."""

from __future__ import annotations

import os

FULL = os.environ.get("WARDLOOM_ATTACKS") == "full"


def count(full: int, part: int) -> int:
    """`full` or `part`."""
    return full if FULL else part


def say(what: str, times: int) -> None:
    """Printed with `pytest -s`, or when a test fails."""
    print(f"\n{what}: {times:,}{'' if FULL else ' (a slice; WARDLOOM_ATTACKS=full does all)'}")
