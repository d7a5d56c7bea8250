"""Conditions on patients, for cohorts: SQL over the columns of a patient, and sub-queries on the tables below.

    age between 40 and 60 and patient_id in (select patient_id from event where event = 'diabetes')

A sub-query stands for the rows of one table below (or for the codes of a public reference table). Around and inside of it
all else is the language of `expression.py`; inside, the columns of the tables around it may be named too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from specs.lang.document import Path
from specs.lang.expression import ExpressionError, canonical, check_tree, tree_of
from specs.lang.kinds import kind_of
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.rules import owner
from specs.lang.subquery import link, way, ways
from specs.lang.types import Place, Study

if TYPE_CHECKING:
    from sqlglot import exp

Used = dict[tuple[str, str], None]


@dataclass(frozen=True, slots=True)
class Given:
    """A condition that holds for every patient of a cohort (NULL does not hold), and the (table, column) pairs it reads."""

    sql: str
    used: tuple[tuple[str, str], ...]
    place: Place


def given(notes: Notes, path: Path, sql: str, study: Study) -> Given | None:
    """The condition at `path`, every column qualified by its table; None, with notes, when it cannot be used."""
    from sqlglot import exp

    used: Used = {}
    try:
        whole = exp.Where(this=tree_of(sql))
        _check(study, whole, (study.root.name,), used)
    except ExpressionError as error:
        notes.say(path, error.message, error.hint, inside=error.offset)
        return None
    return Given(canonical(whole.this), tuple(used), notes.document.place(path))


def _check(study: Study, holder: exp.Expression, open_: Sequence[str], used: Used) -> None:
    """The condition in `holder.this`, qualified in place; sub-queries are checked by themselves, and are `true` around them.

    `open_` are the tables whose columns may be named, innermost first. Raises ExpressionError.
    """
    from sqlglot import exp

    held: list[tuple[Any, Any]] = []
    for node in list(_outermost(holder)):
        found = link(study, node, open_)
        used.update(dict.fromkeys(found.keys))
        if found.where is not None:
            _check(study, found.where, (found.table, *open_), used)
        held.append((exp.true(), node))
        node.replace(held[-1][0])
    tree = holder.this
    if tree.find(exp.Select):
        raise ExpressionError("a query of a form that cannot be used here", 0, ways(study, open_[0]))
    check_tree(tree)
    _qualify(study, tree, open_, used)
    kind = kind_of(tree, lambda table, name: study.tables[str(table)].columns[name])
    if kind != "condition":
        raise ExpressionError(f"this is a {kind}, not a condition", 0, "compare it with something")
    _check_values(study, tree)
    for stand_in, node in held:
        stand_in.replace(node)


def _outermost(holder: exp.Expression) -> Iterator[Any]:
    """`... in (select ...)` that is in no other one."""
    from sqlglot import exp

    def query(node: Any) -> bool:
        return isinstance(node, exp.In) and node.args.get("query") is not None

    return (node for node in holder.walk(prune=query) if query(node))


def _qualify(study: Study, tree: exp.Expression, open_: Sequence[str], used: Used) -> None:
    """Writes its table to each column: the innermost one that has it, as SQL does. Raises ExpressionError."""
    from sqlglot import exp

    tables = study.tables
    for node in list(tree.find_all(exp.Column)):
        table = node.table or next((t for t in open_ if node.name in tables[t].columns), None)
        below = [t for t in study.patient_tables() if node.name in t.columns]
        if table is None and below and not any(node.name == k.name for t in open_ for k in tables[t].key):
            hint = f"write {' or '.join(way(study, t, open_) for t in below)}"
            raise ExpressionError(f"{quoted(node.name)} is a column of {quoted(below[0].name)}", 0, hint)
        found = owner(tables, open_ if table else open_[:1], table, node.name)
        node.set("table", exp.to_identifier(found))
        used[found, node.name] = None


def _check_values(study: Study, tree: exp.Expression) -> None:
    """Text that is compared with a column must be one of its values: else the condition never holds, or always does."""
    from sqlglot import exp

    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        parts = [node.this, *([node.expression] if node.expression else []), *node.expressions]
        for column in (p for p in parts if isinstance(p, exp.Column)):
            values = study.tables[column.table].columns[column.name].values
            for text in (p for p in parts if values and isinstance(p, exp.Literal) and p.is_string):
                if text.name not in (values or ()):
                    message = f"{quoted(text.name)} is no value of {quoted(f'{column.table}.{column.name}')}"
                    raise ExpressionError(message, 0, did_you_mean(text.name, values or ()))
