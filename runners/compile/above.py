"""What a table's coded model takes from the rows above it."""

from __future__ import annotations

from generators.marginal.implied import bound_of, starts_at_parent
from runners.compile.bounded import with_derived
from runners.compile.names import ref
from specs.lang.types import Study, Table

Steps = list[tuple[str, str]]


def key_columns(table: Table) -> list[str]:
    """The table's key and its parent's."""
    return list(dict.fromkeys([*(k.name for k in table.key), *(table.parent.key if table.parent else ())]))


def coded_above(table: Table) -> str:
    """The step that reads an ancestor's codes."""
    return f"{table.name}__coded"


def values_above(study: Study, table: Table) -> Steps:
    """Steps that read the ancestors whose times this table's times hang on."""
    wanted = {b[0] for b in (bound_of(study, table),) if b}
    if table.parent and starts_at_parent(study, table):
        wanted.add(table.parent.table)
    return [
        (f"{t.name}__values", f"select * from {with_derived(t, ref(study, 'bounded', t.name))}")
        for t in study.ancestors(table.name)
        if t.name in wanted
    ]
