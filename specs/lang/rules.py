"""Constraints and derived columns of a study: SQL over its columns, checked and written in one way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from specs.lang.columns import unknown
from specs.lang.document import Path
from specs.lang.expression import ExpressionError, canonical, columns, parse
from specs.lang.kinds import KIND, kind_of, may_be_null
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.tree import above
from specs.lang.types import Column, Constraint, Table

if TYPE_CHECKING:
    from sqlglot import exp

Tables = Mapping[str, Table]


def with_derived(notes: Notes, tables: Tables) -> dict[str, Table]:
    """The tables, with derived columns as canonical SQL over unqualified columns of their own row."""
    found: dict[str, Table] = {}
    for table in tables.values():
        made = dict(table.columns)
        needs: dict[str, list[str]] = {}
        for column in table.columns.values():
            if column.derived is not None:
                path: Path = ("tables", table.name, "columns", column.name)
                made[column.name], needs[column.name] = _derived(notes, path, table, column)
        _check_circles(notes, table, needs)
        found[table.name] = replace(table, columns=made)
    return found


def constraints(notes: Notes, said: Sequence[str], tables: Tables) -> tuple[Constraint, ...]:
    """The constraints, with every column qualified by its table."""
    found = [_constraint(notes, ("constraints", i), sql, tables) for i, sql in enumerate(said)]
    return tuple(c for c in found if c is not None)


def _derived(notes: Notes, path: Path, table: Table, column: Column) -> tuple[Column, list[str]]:
    place = (*path, "derived")
    try:
        tree = parse(str(column.derived))
        used = _qualify(tree, {table.name: table}, [table.name], qualified=False)
        if any(unknown(table.columns[c]) for _, c in used):
            return column, []
        kind = kind_of(tree, lambda _, name: table.columns[name])
        if kind not in (KIND[column.type], "null"):
            raise ExpressionError(f"this is a {kind}, the column is of type {column.type}")
    except ExpressionError as error:
        notes.say(place, error.message, error.hint, inside=error.offset)
        return column, []
    if not column.nullable and may_be_null(tree, lambda _, name: table.columns[name]):
        notes.say(place, "this can be NULL, as a column in it can", "add `nullable: true` to the derived column")
    return replace(column, derived=canonical(tree)), [name for _, name in used]


def _constraint(notes: Notes, path: Path, sql: str, tables: Tables) -> Constraint | None:
    try:
        tree = parse(sql)
        patients = [t.name for t in tables.values() if t.reference is None]
        used = _qualify(tree, tables, patients, qualified=True)
        names = list(dict.fromkeys(table for table, _ in used))
        if not names:
            raise ExpressionError("a constraint names at least one column")
        line = _line(tables, names)
        if any(unknown(tables[t].columns[c]) for t, c in used):
            return None
        if (kind := kind_of(tree, lambda table, name: tables[str(table)].columns[name])) != "condition":
            raise ExpressionError(f"this is a {kind}, not a condition", 0, "compare it with something")
    except ExpressionError as error:
        notes.say(path, error.message, error.hint, inside=error.offset)
        return None
    ordered = tuple(t for t in reversed(line) if t in names)
    return Constraint(canonical(tree), line[0], ordered, notes.document.place(path))


def _line(tables: Tables, names: Sequence[str]) -> list[str]:
    """The line from the deepest of the tables upwards. Raises ExpressionError when not all of them lie on it."""
    line = max((above(tables, name) for name in names), key=len)
    for name in names:
        if name not in line:
            message = f"{quoted(name)} and {quoted(line[0])} have no row in common: neither is above the other"
            raise ExpressionError(message)
    return line


def _qualify(tree: exp.Expression, tables: Tables, open_: Sequence[str], qualified: bool) -> list[tuple[str, str]]:
    """Finds the table of each column and writes it there (or takes it away). Raises ExpressionError for unknown names."""
    from sqlglot import exp

    owners: dict[tuple[str | None, str], str] = {}
    for table, name in columns(tree):
        owners[table, name] = owner(tables, open_, table, name)
    for node in list(tree.find_all(exp.Column)):
        found = owners[node.table or None, node.name]
        node.set("table", exp.to_identifier(found) if qualified else None)
    return list(dict.fromkeys((found, name) for (_, name), found in owners.items()))


def owner(tables: Tables, open_: Sequence[str], table: str | None, name: str) -> str:
    """The one of the tables `open_` whose column is meant. Raises ExpressionError when there is none, or more than one."""
    if table is not None and table not in open_:
        raise ExpressionError(f"there is no table {quoted(table)} here", 0, did_you_mean(table, open_))
    among = [table] if table is not None else [t for t in open_ if name in tables[t].columns]
    if len(among) > 1:
        hint = " or ".join(quoted(f"{t}.{name}") for t in among)
        raise ExpressionError(f"the column {quoted(name)} is in several tables", 0, f"write {hint}")
    if not among or name not in tables[among[0]].columns:
        known = [c for t in ([table] if table else open_) for c in tables[t].columns]
        keys = {k.name for t in open_ for k in tables[t].key}
        hint = "keys are made, never learned: no expression may use them" if name in keys else did_you_mean(name, known)
        raise ExpressionError(f"there is no column {quoted(name)} here", 0, hint)
    column = tables[among[0]].columns[name]
    if column.references == among[0]:
        raise ExpressionError(f"{quoted(name)} holds keys", 0, "keys are made, never learned: no expression may use them")
    return among[0]


def _check_circles(notes: Notes, table: Table, needs: Mapping[str, list[str]]) -> None:
    """Notes derived columns that are computed from themselves."""
    left = dict(needs)
    while ready := [name for name, used in left.items() if not set(used) & set(left)]:
        for name in ready:
            del left[name]
    for name, used in left.items():
        around = ", ".join(map(quoted, (u for u in used if u in left)))
        notes.say(("tables", table.name, "columns", name, "derived"), f"{quoted(name)} is computed in a circle, through {around}")
