"""SQL of a spec against its tables: derived columns and constraints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from specs.lang.document import Path
from specs.lang.expression import ExpressionError, canonical, columns, parse
from specs.lang.kinds import KIND, kind_of, may_be_null
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.tree import above
from specs.lang.types import Column, Constraint, Table

if TYPE_CHECKING:
    from sqlglot import exp


def with_derived(notes: Notes, tables: Mapping[str, Table]) -> dict[str, Table]:
    """The tables, with the SQL of derived columns in its canonical form."""
    found = {}
    for table in tables.values():
        uses: dict[str, list[str]] = {}
        made = {c.name: _derived(notes, table, c, uses) if c.derived else c for c in table.columns.values()}
        for name in _circular(uses):
            message = f"{quoted(name)} is derived from itself, through {', '.join(map(quoted, uses[name]))}"
            notes.say(("tables", table.name, "columns", name, "derived"), message)
        found[table.name] = replace(table, columns=made)
    return found


def constraints(notes: Notes, said: list[str], tables: Mapping[str, Table]) -> tuple[Constraint, ...]:
    """The conditions of a study, every column with its table."""
    found: dict[str, Constraint] = {}
    for number, sql in enumerate(said):
        path: Path = ("constraints", number)
        try:
            made = _constraint(notes, path, sql, tables)
        except ExpressionError as error:
            notes.say(path, error.message, error.hint, inside=error.offset)
            continue
        if made.sql in found:
            notes.say(path, f"the condition {quoted(made.sql)} is there twice")
        found[made.sql] = made
    return tuple(found.values())


def _derived(notes: Notes, table: Table, column: Column, uses: dict[str, list[str]]) -> Column:
    path: Path = ("tables", table.name, "columns", column.name, "derived")
    try:
        tree = parse(str(column.derived))
        owners = {table.name: table}
        for qualifier, name in columns(tree):
            if qualifier not in (None, table.name):
                hint = "a derived column is computed from columns of its own row"
                raise ExpressionError(f"{quoted(qualifier)} is not this table", _find(str(column.derived), qualifier), hint)
            _column(owners, table.name, name, str(column.derived))
        uses[column.name] = list(dict.fromkeys(name for _, name in columns(tree)))
        _check_kind(notes, path, column, tree, table)
        for node in _nodes(tree):
            node.set("table", None)
        return replace(column, derived=canonical(tree))
    except ExpressionError as error:
        notes.say(path, error.message, error.hint, inside=error.offset)
        return column


def _check_kind(notes: Notes, path: Path, column: Column, tree: exp.Expression, table: Table) -> None:
    def lookup(_: str | None, name: str) -> Column:
        return table.columns[name]

    kind = kind_of(tree, lookup)
    if kind not in (KIND[column.type], "null"):
        notes.say(path, f"the expression gives a {kind}, the column is of type {column.type}")
    if not column.nullable and may_be_null(tree, lookup):
        names = [n for _, n in columns(tree) if table.columns[n].nullable]
        why = f"{', '.join(map(quoted, names))} may be NULL" if names else "a case without `else` is NULL"
        notes.say(path, f"{quoted(column.name)} may be NULL: {why}", "add `nullable: true`, or use coalesce(..., ...)")


def _circular(uses: Mapping[str, list[str]]) -> list[str]:
    """Derived columns that cannot be computed in any order."""
    left = dict(uses)
    while ready := [name for name, needs in left.items() if not set(needs) & set(left)]:
        for name in ready:
            del left[name]
    return list(left)


def _constraint(notes: Notes, path: Path, sql: str, tables: Mapping[str, Table]) -> Constraint:
    owners = {t.name: t for t in tables.values() if t.reference is None}
    tree = parse(sql)
    for node in _nodes(tree):
        node.set("table", _identifier(_owner(owners, node.table or None, node.name, sql)))
    named = list(dict.fromkeys(str(q) for q, _ in columns(tree)))
    if not named:
        raise ExpressionError("the condition names no column")
    deepest = max(named, key=lambda name: len(above(tables, name)))
    for other in named:
        if other not in above(tables, deepest):
            hint = "a condition is about a row and the rows above it"
            raise ExpressionError(f"{quoted(other)} is not above {quoted(deepest)}", _find(sql, other), hint)
    kind = kind_of(tree, lambda table, name: owners[str(table)].columns[name])
    if kind != "condition":
        raise ExpressionError(f"this gives a {kind}, not true or false", 0, "compare it with something")
    return Constraint(canonical(tree), deepest, tuple(named), notes.document.place(path))


def _owner(owners: Mapping[str, Table], qualifier: str | None, name: str, sql: str) -> str:
    """The table a column belongs to."""
    if qualifier is None:
        having = [t.name for t in owners.values() if name in t.columns]
        if len(having) > 1:
            hint = " or ".join(quoted(f"{t}.{name}") for t in having)
            raise ExpressionError(f"several tables have a column {quoted(name)}", _find(sql, name), f"write {hint}")
        if not having and len(owners) > 1:
            every = [f"{t.name}.{c}" for t in owners.values() for c in t.columns]
            raise ExpressionError(f"no table has a column {quoted(name)}", _find(sql, name), did_you_mean(name, every))
        qualifier = having[0] if having else next(iter(owners))
    if qualifier not in owners:
        hint = did_you_mean(qualifier, owners)
        raise ExpressionError(f"there is no table {quoted(qualifier)} of patients' rows", _find(sql, qualifier), hint)
    _column(owners, qualifier, name, sql)
    return qualifier


def _column(owners: Mapping[str, Table], table: str, name: str, sql: str) -> None:
    """Raises ExpressionError unless the column is one that SQL may use."""
    found = owners[table].columns.get(name)
    if found is None:
        keys = {k.name for k in owners[table].key} | set(owners[table].parent.key if owners[table].parent else ())  # type: ignore[union-attr]
        hint = "keys are made, never learned: a condition cannot use them" if name in keys else ""
        hint = hint or did_you_mean(name, owners[table].columns)
        raise ExpressionError(f"table {quoted(table)} has no column {quoted(name)}", _find(sql, name), hint)
    if found.references == table:
        hint = "keys are made, never learned: a condition cannot use them"
        raise ExpressionError(f"{quoted(name)} holds keys of its table", _find(sql, name), hint)


def _nodes(tree: exp.Expression) -> list[Any]:
    from sqlglot import exp

    return list(tree.find_all(exp.Column))


def _identifier(name: str) -> Any:
    from sqlglot import exp

    return exp.to_identifier(name)


def _find(sql: str, name: str | None) -> int:
    """Where a name first stands in the text."""
    return max(0, sql.find(str(name)))
