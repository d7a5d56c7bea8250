"""One column of a spec as a `Column`: its type, its range, its bins, its values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from specs.lang.binning import bins, limits
from specs.lang.document import Path
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.seeds import SeedError, Seeds
from specs.lang.types import Bins, Column, Scalar

ORDERED: tuple[Scalar, ...] = ("integer", "number", "date", "timestamp")


@dataclass(frozen=True)
class Around:
    """What a column may refer to: its table, the columns before it, and the keys (with their types) of all tables.

    `lists` are the keys of public reference tables, `None` where their file cannot be read. A column of at most `single` whole
    numbers has a bin for each of them, unless it says otherwise.
    """

    table: str
    before: Mapping[str, Column]
    keys: Mapping[str, Mapping[str, str]]
    lists: Mapping[str, tuple[str, ...] | None]
    seeds: Seeds
    single: int


def column(notes: Notes, path: Path, said: Mapping[str, Any], around: Around) -> Column | None:
    """The column at `path`; None, with notes, when it cannot be made out."""
    before = len(notes.problems)
    name = str(path[-1])
    ways = [w for w in ("values", "values_from", "derived", "references") if w in said]
    if len(ways) > 1:
        notes.say((*path, ways[1]), f"`{ways[0]}` and `{ways[1]}` at once", "a column has one of them", True)
        return None
    if "references" in said:
        found = _reference(notes, path, said, around)
    elif "derived" in said:
        found = _derived(notes, path, said)
    elif "type" not in said and not ways:
        hint = "`type: string` follows from `values` or `values_from` alone"
        notes.say(path, "the column has no `type` and no `values`", hint, True)
        return None
    else:
        found = _measured(notes, path, said, around)
    decimals = _decimals(notes, path, said, found, around.before)
    if found is None or len(notes.problems) > before:
        return None
    plain = {k: said[k] for k in ("outside", "unit", "about", "nullable") if k in said}
    return Column(name=name, decimals=decimals, **found, **plain)


def unknown(found: Column) -> bool:
    """Whether this stands in for a column that could not be made out."""
    return not (found.values or found.bins or found.derived or found.references)


def _measured(notes: Notes, path: Path, said: Mapping[str, Any], around: Around) -> dict[str, Any] | None:
    kind: Scalar = said.get("type", "string")
    if kind == "boolean":
        _refuse(notes, path, said, ("values", "values_from", "range", "bins"), "a boolean has the values false and true")
        return {"type": kind, "values": ("false", "true")}
    if kind == "string":
        _refuse(notes, path, said, ("range", "bins"), "text has `values`, no range: give a `type` such as integer")
        values = _values(notes, path, said, around.seeds)
        return {"type": kind, "values": values} if values else None
    _refuse(notes, path, said, ("values", "values_from"), f"a {kind} has a `range`: leave out `type` for codes and labels")
    interval = limits(notes, path, said, kind)
    if interval is None:
        return None
    made: Bins | None = bins(notes, path, said, kind, interval, around.before, around.single)
    return {"type": kind, "range": interval, "bins": made} if made else None


def _values(notes: Notes, path: Path, said: Mapping[str, Any], seeds: Seeds) -> tuple[str, ...] | None:
    if "values_from" in said:
        try:
            return seeds.values(said["values_from"])
        except SeedError as error:
            notes.say((*path, "values_from"), str(error))
            return None
    if "values" not in said:
        notes.say(path, "the values of this text column are not said", "add `values: [...]` or `values_from: FILE.csv`", True)
        return None
    seen: set[str] = set()
    for place, value in enumerate(said["values"]):
        if value in seen:
            notes.say((*path, "values", place), f"the value {quoted(value)} is there twice")
        if "\n" in value or "\r" in value:
            notes.say((*path, "values", place), "a value with a line break")
        seen.add(value)
    return tuple(said["values"])


def _derived(notes: Notes, path: Path, said: Mapping[str, Any]) -> dict[str, Any] | None:
    _refuse(notes, path, said, ("bins", "outside"), "a derived column is computed, never measured")
    if "type" not in said:
        notes.say(path, "a derived column needs a `type`", "", True)
        return None
    interval = limits(notes, path, said, said["type"]) if "range" in said and said["type"] in ORDERED else None
    if "range" in said and said["type"] not in ORDERED:
        notes.say((*path, "range"), f"a {said['type']} has no range", "", True)
    return {"type": said["type"], "derived": said["derived"], "range": interval}


def _reference(notes: Notes, path: Path, said: Mapping[str, Any], around: Around) -> dict[str, Any] | None:
    other = said["references"]
    _refuse(notes, path, said, ("range", "bins"), "a reference takes the keys of the table it names")
    if other not in around.keys:
        notes.say((*path, "references"), f"there is no table {quoted(other)}", did_you_mean(other, around.keys))
        return None
    if other != around.table and other not in around.lists:
        hint = "a column references its own table or a public reference table; `parent:` ties patients' tables"
        notes.say((*path, "references"), f"{quoted(other)} is another table of patients' rows", hint)
        return None
    if len(around.keys[other]) != 1:
        notes.say(
            (*path, "references"), f"the key of {quoted(other)} is not one column", "only a key of one column can be referenced"
        )
        return None
    kind = "string" if other in around.lists else next(iter(around.keys[other].values()))
    if said.get("type", kind) != kind:
        notes.say((*path, "type"), f"the key of {quoted(other)} is of type {kind}", "leave `type` out")
    if other != around.table and around.lists[other] is None:
        return None
    return {"type": kind, "references": other, "values": around.lists.get(other)}


def _refuse(notes: Notes, path: Path, said: Mapping[str, Any], keys: tuple[str, ...], why: str) -> None:
    for key in keys:
        if key in said:
            notes.say((*path, key), f"`{key}` cannot be used here", why, True)


def _decimals(
    notes: Notes, path: Path, said: Mapping[str, Any], found: Mapping[str, Any] | None, before: Mapping[str, Column]
) -> int | tuple[int, ...] | None:
    """One number, or one for each value of the column that bins hang on, in the order of its values."""
    asked, place = said.get("decimals"), (*path, "decimals")
    if found is None or asked is None:
        return None
    if found["type"] != "number":
        notes.say(place, "only a `number` has decimals", "", True)
        return None
    if not isinstance(asked, Mapping):
        return int(asked)
    by = found["bins"].by if found.get("bins") else None
    values = before[by].values if by else None
    if not values:
        notes.say(place, "decimals for each value of another column need bins `by` that column", "else give one number")
        return None
    for value in asked:
        if value not in values:
            notes.say((*place, value), f"{quoted(value)} is no value of {quoted(str(by))}", did_you_mean(value, values), True)
    missing = [v for v in values if v not in asked]
    if missing:
        notes.say(place, f"no decimals for {', '.join(map(quoted, missing[:5]))}", "every value needs its number", True)
    return tuple(int(asked[v]) for v in values if v in asked)
