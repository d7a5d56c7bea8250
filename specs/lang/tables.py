"""The tables of a spec: keys, columns, and the tree under the patient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from specs.lang.binning import single
from specs.lang.columns import ORDERED, Around, column, unknown
from specs.lang.document import Path
from specs.lang.keys import check_key, check_keyed
from specs.lang.listing import listed
from specs.lang.names import check_case, check_name, check_table_name
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.seeds import SeedError, Seeds
from specs.lang.tree import check_tree, in_tree_order
from specs.lang.types import Column, Key, Parent, Privacy, Table

Said = Mapping[str, Any]


def tables(notes: Notes, said: Said, privacy: Privacy, seeds: Seeds) -> dict[str, Table]:
    """All tables, reference tables first, then parents before children."""
    check_case(notes, ("tables",), list(said))
    keys = {name: _keys(t) for name, t in said.items()}
    lists = {name: _list(notes, name, t, seeds) for name, t in said.items() if "reference" in t}
    found: dict[str, Table] = {}
    for name, table in said.items():
        check_table_name(notes, ("tables", name), name)
        found[name] = _table(notes, name, table, Around(name, {}, keys, lists, seeds, single(privacy, name)))
    check_tree(notes, found, privacy.unit)
    check_keyed(notes, found)
    return in_tree_order(found)


def _keys(table: Said) -> dict[str, str]:
    """Key columns with their types; keys of reference tables are codes, so text."""
    key, kind = table.get("key", []), "string" if "reference" in table else "integer"
    if isinstance(key, Mapping):
        return {k: str(v) for k, v in key.items()}
    return dict.fromkeys([key] if isinstance(key, str) else key, kind)


def _list(notes: Notes, name: str, table: Said, seeds: Seeds) -> tuple[str, ...] | None:
    """The keys of a public reference table."""
    keys = list(_keys(table))
    if len(keys) != 1:
        notes.say(("tables", name, "key"), "a reference table has a key of one column", "", True)
        return None
    try:
        return seeds.values(table["reference"], keys[0])
    except SeedError as error:
        notes.say(("tables", name, "reference"), str(error))
        return None


def _table(notes: Notes, name: str, said: Said, around: Around) -> Table:
    path: Path = ("tables", name)
    parent = _parent(notes, path, said, around)
    keys = tuple(Key(k, "string" if kind == "string" else "integer") for k, kind in around.keys[name].items())
    check_key(notes, path, around.keys, name, parent)
    reserved = {k.casefold() for k in (*around.keys[name], *(parent.key if parent else ()))}
    made = _columns(notes, path, said, around, reserved)
    if "reference" in said:
        for word in ("model", "parent", "order_by", "unique"):
            if word in said:
                notes.say((*path, word), f"a reference table has no `{word}`", "its rows come from its CSV file", True)
    elif not said.get("columns"):
        notes.say(path, f"table {quoted(name)} has no columns", "", True)
    _order(notes, path, said, made)
    return Table(
        name, keys, made, said.get("model"), parent, said.get("order_by"), _unique(notes, path, said, made),
        said.get("reference"), said.get("about", ""),
    )  # fmt: skip


def _parent(notes: Notes, path: Path, said: Said, around: Around) -> Parent | None:
    if "parent" not in said:
        return None
    asked = said["parent"]
    other, key = asked["table"], asked["key"]
    key = [key] if isinstance(key, str) else key
    if other not in around.keys:
        notes.say((*path, "parent", "table"), f"there is no table {quoted(other)}", did_you_mean(other, around.keys))
    elif other in around.lists:
        notes.say((*path, "parent", "table"), f"{quoted(other)} is a reference table", "a parent is a table of patients' rows")
    elif around.keys[other] and len(key) != len(around.keys[other]):
        theirs = ", ".join(map(quoted, around.keys[other]))
        notes.say((*path, "parent", "key"), f"{len(key)} columns for the key of {quoted(other)}, which is {theirs}")
    return Parent(other, tuple(key), int(asked["max_children"]))


def _columns(notes: Notes, path: Path, said: Said, around: Around, reserved: set[str]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    file, place = said.get("reference"), (*path, "columns")
    asked = said.get("columns") or {}
    check_case(notes, place, list(asked))
    for name, about in asked.items():
        check_name(notes, (*place, name), name, True)
        if name.casefold() in reserved:
            notes.say((*place, name), f"{quoted(name)} is a key column of this table", "keys are made, never learned", True)
        if file is not None:
            found[name] = listed(notes, (*place, name), about, file, around.seeds)
            continue
        made = column(notes, (*place, name), about, replace(around, before=dict(found)))
        # A column that could not be made out still is a name that others may use.
        found[name] = made or Column(name, about.get("type", "string"), bool(about.get("nullable", False)))
    return found


def _order(notes: Notes, path: Path, said: Said, made: Mapping[str, Column]) -> None:
    if "order_by" not in said:
        return
    name, place = said["order_by"], (*path, "order_by")
    found = made.get(name)
    if found is None:
        notes.say(place, f"there is no column {quoted(name)} in this table", did_you_mean(name, made))
    elif unknown(found):
        return
    elif "parent" not in said:
        notes.say(place, "only rows with a parent have an order", "remove `order_by`", True)
    elif found.type not in ORDERED or found.bins is None or found.bins.by is not None:
        hint = "it must be a measured number, date or timestamp with bins of its own"
        notes.say(place, f"rows cannot be ordered by {quoted(name)}", hint)
    elif found.nullable:
        notes.say(place, f"{quoted(name)} may be NULL, so it puts nothing in order", "remove `nullable: true` from it")


def _unique(notes: Notes, path: Path, said: Said, made: Mapping[str, Column]) -> tuple[tuple[str, ...], ...]:
    groups = [(g,) if isinstance(g, str) else tuple(g) for g in said.get("unique", [])]
    if groups and "parent" not in said:
        notes.say((*path, "unique"), "`unique` holds within a parent, and this table has none", "its key is unique anyway", True)
    for place, group in enumerate(groups):
        for name in group:
            if name not in made:
                hint = did_you_mean(name, made)
                notes.say((*path, "unique", place), f"there is no column {quoted(name)} in this table", hint)
            elif not made[name].measured:
                notes.say((*path, "unique", place), f"{quoted(name)} is derived", "only measured columns can be unique")
        if set(group) in [set(g) for g in groups[:place]] or len(set(group)) < len(group):
            notes.say((*path, "unique", place), f"{', '.join(map(quoted, group))}: there twice")
    return tuple(groups)
