"""Printing: neat tables for people, one JSON document for programs."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

WIDEST = 48


def say(*lines: str) -> None:
    """Lines for people, on standard output."""
    for line in lines:
        print(line, flush=True)


def word(path: object) -> str:
    """A path in a command that is suggested: in quotes where a shell needs them."""
    return shlex.quote(str(path))


def emit(document: Any) -> None:
    """One JSON document on standard output."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
    sys.stdout.write("\n")
    sys.stdout.flush()


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)


def table(heads: Sequence[str], rows: Sequence[Sequence[Any]], indent: str = "", exact: bool = False) -> list[str]:
    """Rows under heads, columns aligned, numbers to the right; long cells are cut, and fractions unless they are `exact`."""
    cells = [[_cell(value, exact) for value in row] for row in rows]
    widths = [max([len(head), *(len(row[i]) for row in cells)]) for i, head in enumerate(heads)]
    right = [bool(rows) and all(_number(row[i]) for row in rows) for i in range(len(heads))]
    lines = [heads, ["-" * w for w in widths], *cells]
    return [indent + "  ".join(_pad(c, w, r) for c, w, r in zip(line, widths, right, strict=True)).rstrip() for line in lines]


def seconds(count: float) -> str:
    """A duration for people: `8 s`, `2 min 5 s`."""
    whole = round(count)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _fraction(value: float) -> str:
    """Four digits, but all that stand before the point."""
    return f"{value:.4g}" if abs(value) < 9999.5 else f"{value:.0f}"


def _cell(value: Any, exact: bool) -> str:
    if value is None:
        return "NULL"
    text = _fraction(value) if isinstance(value, float) and not exact else str(value)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= WIDEST else text[: WIDEST - 3] + "..."


def _pad(text: str, width: int, right: bool) -> str:
    return text.rjust(width) if right else text.ljust(width)
