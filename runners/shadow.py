"""Two projects on PyPI are called `lineage` and `generators`: says so when one of them is imported instead of ours."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
OURS = ("specs", "privacy", "generators", "evaluation", "lineage")


def shadowed(names: tuple[str, ...] = OURS, house: Path = HOUSE) -> list[str]:
    """One line for each package that would be imported from outside `house`; empty when all is well."""
    lines = []
    for name in names:
        found = find_spec(name)
        place = Path(found.origin).resolve().parent if found and found.origin else None
        if place is not None and place.parent != house:
            lines.append(f"package `{name}` comes from {place}, not from Wardloom: pip uninstall {name}, or start in {house}")
    return lines
