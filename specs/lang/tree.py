"""Patients' tables are one tree: every table but the privacy unit's has a parent, and no way up runs in a circle."""

from __future__ import annotations

from collections.abc import Mapping

from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.types import Table


def check_tree(notes: Notes, tables: Mapping[str, Table], unit: str) -> None:
    """Notes roots other than the unit, a unit with a parent, and circles."""
    place = ("privacy", "unit")
    if unit not in tables:
        notes.say(place, f"there is no table {quoted(unit)}", did_you_mean(unit, tables))
    elif tables[unit].reference is not None:
        notes.say(place, f"{quoted(unit)} is a reference table", "the privacy unit is the table of patients")
    elif tables[unit].parent is not None:
        notes.say(place, f"{quoted(unit)} has a parent", "the privacy unit is the table at the top of the tree")
    whole = unit in tables and tables[unit].reference is None and tables[unit].parent is None
    for table in tables.values():
        if whole and table.reference is None and table.parent is None and table.name != unit:
            hint = f"every table of patients' rows hangs below {quoted(unit)}"
            notes.say(
                ("tables", table.name), f"table {quoted(table.name)} has no `parent` and is not the privacy unit", hint, True
            )
        if table.parent is not None and _circles(tables, table):
            message = f"the parents of {quoted(table.name)} run in a circle"
            notes.say(("tables", table.name, "parent", "table"), message)


def in_tree_order(tables: Mapping[str, Table]) -> dict[str, Table]:
    """Reference tables, then parents before children, each in the order of the spec."""
    found = {t.name: t for t in tables.values() if t.reference is not None}
    left = [t for t in tables.values() if t.reference is None]
    while left:
        ready = next((t for t in left if t.parent is None or t.parent.table in found), left[0])
        found[ready.name] = ready
        left.remove(ready)
    return found


def above(tables: Mapping[str, Table], name: str) -> list[str]:
    """The table and its ancestors, from the bottom to the top; stops at a circle or at an unknown table."""
    line: list[str] = []
    while name in tables and name not in line:
        line.append(name)
        parent = tables[name].parent
        if parent is None:
            break
        name = parent.table
    return line


def _circles(tables: Mapping[str, Table], table: Table) -> bool:
    top = tables[above(tables, table.name)[-1]]
    return top.parent is not None and top.parent.table in tables
