"""Numbers, dates and timestamps as a spec writes them, in units of `Column.range`, and bins over them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from specs.lang.types import Scalar

MOST = 2**53
EPOCH = date(1970, 1, 1)
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?)?")
MOST_BINS = 600
UNITS = ("week", "month", "quarter", "year")


def bound(value: Any, kind: Scalar) -> float:
    """The value in units of the type. Raises ValueError with a message for the user."""
    if kind == "date":
        return float(_date(value))
    if kind == "timestamp":
        return _timestamp(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is expected")
    if not abs(value) <= MOST:
        raise ValueError("a number beyond 2^53, which computers do not keep exactly")
    if kind == "integer" and value != int(value):
        raise ValueError("a whole number is expected, as the column is an integer")
    return float(value)


def _date(value: Any) -> int:
    if isinstance(value, str) and DATE.fullmatch(value):
        try:
            return (date.fromisoformat(value) - EPOCH).days
        except ValueError:
            raise ValueError("there is no such day") from None
    raise ValueError("a date is expected, written as 2024-12-31")


def _timestamp(value: Any) -> float:
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        try:
            return float((datetime.fromisoformat(value) - datetime(1970, 1, 1)) // timedelta(seconds=1))
        except ValueError:
            raise ValueError("there is no such time") from None
    raise ValueError("a timestamp is expected, written as 2024-12-31T23:59:59")


def check_edges(edges: list[float]) -> tuple[int, str] | None:
    """Which edge of a list is wrong, and why; None when all are fine."""
    for index, (before, edge) in enumerate(pairwise(edges), 1):
        if before > edge:
            return index, "edges must not fall: this one is below the one before it"
    for index in range(2, len(edges)):
        if edges[index - 2] == edges[index]:
            return index, "an edge is there more than twice"
    return None


def calendar_edges(unit: str, low: float, high: float, kind: Scalar) -> tuple[float, ...]:
    """Edges at the start of each week (Monday), month, quarter or year inside the range. Raises ValueError beyond MOST_BINS."""
    size = 86_400 if kind == "timestamp" else 1
    day = EPOCH + timedelta(days=int(low // size))
    found = [low]
    while (start := _next(unit, day)) is not None and (edge := float((start - EPOCH).days * size)) <= high:
        found.append(edge)
        day = start
        if len(found) > MOST_BINS:
            raise ValueError(f"more than {MOST_BINS} bins: take a longer unit")
    return (*found, high)


def _next(unit: str, day: date) -> date | None:
    """The first day of the next calendar unit; None at the end of time."""
    try:
        if unit == "week":
            return day + timedelta(days=7 - day.weekday())
        months = {"month": 1, "quarter": 3, "year": 12}[unit]
        index = day.year * 12 + day.month - 1
        index += months - index % months
        return date(index // 12, index % 12 + 1, 1)
    except (ValueError, OverflowError):
        return None
