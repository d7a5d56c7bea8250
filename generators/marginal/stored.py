"""Names of arrays that are kept by variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

Stored = Mapping[str, NDArray[Any]]


def named(kind: str, arrays: Stored) -> dict[str, NDArray[Any]]:
    """`arrays` (by variable) as "variable/kind"."""
    return {f"{variable}/{kind}": array for variable, array in arrays.items()}


def of(kind: str, stored: Stored) -> dict[str, NDArray[Any]]:
    """What `named` named, by variable again."""
    return {name.removesuffix(f"/{kind}"): array for name, array in stored.items() if name.endswith(f"/{kind}")}


def below(prefix: str, stored: Stored) -> dict[str, NDArray[Any]]:
    """Those named "prefix/...", by the rest of their names."""
    return {name.removeprefix(f"{prefix}/"): array for name, array in stored.items() if name.startswith(f"{prefix}/")}
