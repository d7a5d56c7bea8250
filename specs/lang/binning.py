"""Ranges and bins of ordered columns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from specs.lang.bounds import MOST_BINS, UNITS, bound, calendar_edges, check_edges
from specs.lang.document import Path
from specs.lang.domain import FEW, SPLIT, WHOLE, equal_bins
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.types import Bins, Column, Privacy, Scalar

SINGLE, DEFAULT = 64, 32
"""Without `bins`: a bin for each of at most SINGLE whole numbers, for at most FEW bins of SPLIT, else DEFAULT equal bins."""
AMPLE, MORE = 4.0, 128
"""From this ε on, and without a budget, patients' columns have a bin for each of MORE whole numbers."""


def limits(notes: Notes, path: Path, said: Mapping[str, Any], kind: Scalar) -> tuple[float, float] | None:
    """The column's range, which a list of edges gives as well."""
    if "range" in said:
        place, ends = (*path, "range"), said["range"]
    elif isinstance(said.get("bins"), list):
        place, ends = (*path, "bins"), [said["bins"][0], said["bins"][-1]]
    else:
        message = f"the range of this {kind} column is not said"
        notes.say(path, message, "add `range: [LOW, HIGH]`; it is public, so never look it up in the data", True)
        return None
    last = 1 if "range" in said else len(said["bins"]) - 1
    low, high = (_bound(notes, (*place, i), value, kind) for i, value in zip((0, last), ends, strict=True))
    if low is None or high is None:
        return None
    if low >= high:
        notes.say(place, f"the range ends at {quoted(ends[1])}, which is not above {quoted(ends[0])}")
        return None
    return low, high


def single(privacy: Privacy, table: str) -> int:
    """For how many whole numbers of a column there are so many bins: noise is public, and little of it leaves room for more."""
    ample = privacy.budget is None or privacy.budget.epsilon >= AMPLE
    return MORE if ample and table == privacy.unit else SINGLE


def default_bins(low: float, high: float, most: int, whole: bool) -> Bins:
    """So many bins that their parts are single numbers, where that is not too many.

    Else the ends of the range are apart: what lies beyond is counted there, and amounts begin with many a 0.
    """
    numbers = high - low + 1
    if whole and numbers <= most:
        return equal_bins(low, high, most, whole)
    if whole and numbers <= FEW:
        return equal_bins(low, high, max(DEFAULT, math.ceil(numbers / SPLIT)), whole)
    (edges,) = equal_bins(low, high, DEFAULT, whole).edges
    return Bins(((low, *edges, high),))


def bins(
    notes: Notes,
    path: Path,
    said: Mapping[str, Any],
    kind: Scalar,
    interval: tuple[float, float],
    before: Mapping[str, Column],
    most: int,
) -> Bins | None:
    """The bins a column says, or the default ones, single for `most` numbers; None, with notes, when they are wrong."""
    asked, place, whole = said.get("bins"), (*path, "bins"), kind in WHOLE
    low, high = interval
    if asked is None:
        return default_bins(low, high, most, whole)
    if isinstance(asked, int | float):
        if whole and asked > high - low + 1:
            notes.say(place, f"{int(asked)} bins for {int(high - low) + 1} whole numbers")
            return None
        return equal_bins(low, high, int(asked), whole)
    if isinstance(asked, str):
        return _calendar(notes, place, asked, kind, interval)
    if isinstance(asked, dict):
        return _by(notes, place, asked, kind, interval, before)
    edges = _edges(notes, place, asked, kind, interval)
    if edges is None:
        return None
    for index, end, word in ((0, low, "starts"), (len(edges) - 1, high, "ends")):
        if edges[index] != end:
            hint = "the first and the last edge are the ends of the range"
            notes.say((*place, index), f"this edge is not where the range {word}", hint)
            return None
    return Bins((edges,))


def _calendar(notes: Notes, place: Path, unit: str, kind: Scalar, interval: tuple[float, float]) -> Bins | None:
    if kind not in ("date", "timestamp"):
        notes.say(place, f"bins by {unit} are for dates and timestamps", f"this column is of type {kind}")
        return None
    assert unit in UNITS
    try:
        return Bins((calendar_edges(unit, *interval, kind),))
    except ValueError as error:
        notes.say(place, str(error))
        return None


def _by(
    notes: Notes, place: Path, asked: Mapping[str, Any], kind: Scalar, interval: tuple[float, float], before: Mapping[str, Column]
) -> Bins | None:
    by = asked["by"]
    if by not in before:
        hint = did_you_mean(by, before) or "the column it names comes before this one"
        notes.say((*place, "by"), f"there is no earlier column {quoted(by)} in this table", hint)
        return None
    if not (before[by].values or before[by].bins or before[by].derived):
        return None  # that column has problems of its own
    values = before[by].values
    if values is None or before[by].nullable:
        notes.say((*place, "by"), f"{quoted(by)} does not say which bins", "it needs `values`, and may not be nullable")
        return None
    for value in asked["edges"]:
        if value not in values:
            hint = did_you_mean(value, values)
            notes.say((*place, "edges", value), f"{quoted(value)} is no value of {quoted(by)}", hint, True)
    missing = [v for v in values if v not in asked["edges"]]
    if missing:
        notes.say((*place, "edges"), f"no edges for {', '.join(map(quoted, missing[:5]))}", "every value needs its edges", True)
    found = [_edges(notes, (*place, "edges", v), asked["edges"][v], kind, interval) for v in values if v in asked["edges"]]
    edges = tuple(e for e in found if e is not None)
    return Bins(edges, by) if len(edges) == len(values) else None


def _edges(notes: Notes, place: Path, said: list[Any], kind: Scalar, interval: tuple[float, float]) -> tuple[float, ...] | None:
    found = [_bound(notes, (*place, i), value, kind) for i, value in enumerate(said)]
    edges = [e for e in found if e is not None]
    if len(edges) < len(said):
        return None
    if wrong := check_edges(edges):
        notes.say((*place, wrong[0]), wrong[1])
        return None
    if len(edges) - 1 > MOST_BINS:
        notes.say(place, f"more than {MOST_BINS} bins")
        return None
    for index, edge in enumerate(edges):
        if not interval[0] <= edge <= interval[1]:
            notes.say((*place, index), f"the edge {quoted(said[index])} is outside of the range")
            return None
    return tuple(edges)


def _bound(notes: Notes, path: Path, value: Any, kind: Scalar) -> float | None:
    try:
        return bound(value, kind)
    except ValueError as error:
        notes.say(path, f"{quoted(value)}: {error}")
        return None
