"""Keys: which tables need one, and how a table's key and its parent's key may share columns."""

from __future__ import annotations

from collections.abc import Mapping

from specs.lang.document import Path
from specs.lang.names import check_name
from specs.lang.notes import Notes
from specs.lang.problems import quoted
from specs.lang.types import Parent, Table


def check_key(notes: Notes, path: Path, keys: Mapping[str, Mapping[str, str]], name: str, parent: Parent | None) -> None:
    """Notes columns of a table's key and of its way to the parent that SQL could not tell apart or that cannot hold both."""
    own = keys[name]
    _check_case(notes, (*path, "key"), tuple(own))
    if parent is None:
        return
    place = (*path, "parent", "key")
    _check_case(notes, place, parent.key)
    for column, kind in zip(parent.key, keys.get(parent.table, {}).values(), strict=False):
        if column in own and own[column] != kind:
            message = f"{quoted(column)} is of type {own[column]} here and of type {kind} in {quoted(parent.table)}"
            notes.say(place, message, f"write `key: {{{column}: {kind}, ...}}`")
        elif column not in own and column.casefold() in {k.casefold() for k in own}:
            notes.say(place, f"{quoted(column)} differs only in case from a column of the key", "SQL takes them for one name")
    if own and set(own) <= set(parent.key) and parent.max_children > 1:
        hint = "add a column of its own to the key, or say `max_children: 1`"
        notes.say((*path, "key"), f"the key does not tell the rows of one row of {quoted(parent.table)} apart", hint)


def check_keyed(notes: Notes, tables: Mapping[str, Table]) -> None:
    """Notes tables without a key that need one: that of the patients, and those with rows below them."""
    above = {t.parent.table for t in tables.values() if t.parent is not None}
    for table in tables.values():
        if not table.key and table.reference is None and (table.parent is None or table.name in above):
            why = "rows below it need it" if table.name in above else "name its primary key, e.g. `key: patient_id`"
            notes.say(("tables", table.name), f"table {quoted(table.name)} has no `key`", why, True)


def _check_case(notes: Notes, place: Path, names: tuple[str, ...]) -> None:
    seen: set[str] = set()
    for name in names:
        check_name(notes, place, name)
        if name.casefold() in seen:
            notes.say(place, f"{quoted(name)} is there twice", "SQL does not look at case")
        seen.add(name.casefold())
