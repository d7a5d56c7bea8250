"""`KEY in (select KEY from TABLE where ... group by KEY having count(*) ...)`: how a table below hangs on a patient.

Only keys can be looked up, so that a sub-query always means the rows that belong to the row outside of it. The condition
after `where` is left to who calls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from specs.lang.expression import ExpressionError, check_tree
from specs.lang.kinds import kind_of
from specs.lang.problems import did_you_mean, quoted
from specs.lang.types import Study, Table

CLAUSES = {"expressions", "from_", "where", "group", "having"}
FORM = "select ... from ... where ... group by ... having count(*) >= 2"


@dataclass(frozen=True)
class Link:
    """A sub-query on `table`: `keys` are the (table, column) pairs on both sides, qualified in place; `where` its condition."""

    table: str
    keys: tuple[tuple[str, str], ...]
    where: Any


def link(study: Study, node: Any, open_: Sequence[str]) -> Link:
    """Checks an `in` with a query; `open_` are the tables around it, innermost first. Raises ExpressionError."""
    select = node.args["query"].this
    if type(select).__name__ != "Select" or _said(select) - CLAUSES:
        raise ExpressionError("a query of a form that cannot be used here", 0, FORM)
    table = _table(study, select.args.get("from_"), open_)
    left, right = _listed(node.this), _listed(select)
    above = _above(study, table, left, right, open_)
    grouped = _grouped(select, table, right)
    keys = [*((c, above) for c in left), *((c, table.name) for c in (*right, *grouped))]
    for column, of in keys:
        _qualify(column, of)
    return Link(table.name, tuple((of, column.name) for column, of in keys), select.args.get("where"))


def ways(study: Study, table: str) -> str:
    """How the tables right below a table are looked up."""
    found = [way(study, t, (table,)) for t in study.children(table)]
    return f"write {' or '.join(found)}" if found else "name the columns without a query"


def way(study: Study, table: Table, open_: Sequence[str]) -> str:
    """How a table is looked up from within the tables `open_`."""
    if table.parent is None:
        column = next((c.name for t in study.patient_tables() for c in t.columns.values() if c.references == table.name), "...")
        return f"`{column} in (select {table.key[0].name} from {table.name} where ...)`"
    text, line = "...", [table, *study.ancestors(table.name)]
    for below, above in pairwise(line):
        assert below.parent is not None
        keys, own = ", ".join(k.name for k in above.key), ", ".join(below.parent.key)
        text = f"{f'({keys})' if ',' in keys else keys} in (select {own} from {below.name} where {text})"
        if above.name in open_:
            break
    return f"`{text}`"


def _table(study: Study, from_: Any, open_: Sequence[str]) -> Table:
    named: Any = from_.this if from_ is not None else None
    if type(named).__name__ != "Table" or _said(named) != {"this"} or type(named.this).__name__ != "Identifier":
        raise ExpressionError("a query reads one table, under its own name", 0, ways(study, open_[0]))
    if named.name not in study.tables:
        raise ExpressionError(f"there is no table {quoted(named.name)}", 0, did_you_mean(named.name, study.tables))
    return study.tables[named.name]


def _above(study: Study, table: Table, left: Sequence[Any], right: Sequence[Any], open_: Sequence[str]) -> str:
    """The table of the columns on the left. Raises ExpressionError when they are not what `table` hangs on."""
    above, pairs = _hangs_on(study, table, left, open_)
    said = {c.table for c in left} - {""}
    fits = len(left) == len(right) and {(a.name, b.name) for a, b in zip(left, right, strict=False)} == set(pairs)
    inner = above == open_[0] or said == {above} or table.reference is not None
    if not (fits and above in open_ and said <= {above} and inner and {c.table for c in right} <= {"", table.name}):
        if table.name == study.root.name:
            raise ExpressionError(f"{quoted(table.name)} is the patient: name its columns without a query")
        hint = f"write {way(study, table, open_)}"
        raise ExpressionError(f"this is not how {quoted(table.name)} hangs on the row outside", 0, hint)
    return above


def _hangs_on(study: Study, table: Table, left: Sequence[Any], open_: Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """The table that `table` hangs on, and the pairs of its columns and those of `table`."""
    if table.parent is not None:
        keys = [k.name for k in study.tables[table.parent.table].key]
        return table.parent.table, list(zip(keys, table.parent.key, strict=True))
    for name in open_:
        for column in study.tables[name].columns.values():
            meant = bool(left) and left[0].name == column.name and left[0].table in ("", name)
            if meant and column.references == table.name and table.reference:
                return name, [(column.name, table.key[0].name)]
    return "", []


def _grouped(select: Any, table: Table, keys: Sequence[Any]) -> Sequence[Any]:
    """The columns after `group by`: the key. After `having`, a condition on `count(*)`: how many rows there must be."""
    from sqlglot import exp

    said = _said(select)
    if not said & {"group", "having"}:
        return ()
    hint = f"group by {', '.join(k.name for k in keys)} having count(*) >= 2"
    group, having = select.args.get("group"), select.args.get("having")
    by = _listed(group) if said >= {"group", "having"} and _said(group) == {"expressions"} else []
    if not by or [c.name for c in by] != [k.name for k in keys] or not {c.table for c in by} <= {"", table.name}:
        raise ExpressionError("rows are grouped by the key that is selected, and counted", 0, hint)
    copy = having.copy()
    for count in list(copy.find_all(exp.Count)):
        if type(count.this).__name__ != "Star" or _said(count) - {"this", "big_int"}:
            raise ExpressionError("only `count(*)` can be asked of grouped rows", 0, hint)
        count.replace(exp.Literal.number(1))
    if copy.find(exp.Column) or copy.find(exp.Select):
        raise ExpressionError("after `having` there is a condition on `count(*)` alone", 0, "conditions on rows go after `where`")
    check_tree(copy.this)
    if kind_of(copy.this, lambda *_: next(iter(table.columns.values()))) != "condition":
        raise ExpressionError("after `having` there is a condition on `count(*)`", 0, hint)
    return by


def _listed(node: Any) -> list[Any]:
    """The columns of a key. Raises ExpressionError when something else stands there."""
    from sqlglot import exp

    found: list[Any] = [node] if isinstance(node, exp.Column) else list(node.expressions)
    for column in found:
        if not isinstance(column, exp.Column) or _said(column) - {"this", "table"}:
            raise ExpressionError("only the columns of a key can be looked up in a query")
    return found


def _qualify(column: Any, table: str) -> None:
    from sqlglot import exp

    column.set("table", exp.to_identifier(table))


def _said(node: Any) -> set[str]:
    """Names of the arguments that are there."""
    return {name for name, value in node.args.items() if value not in (None, False, [])}
