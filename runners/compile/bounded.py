"""Bounded tables: typed and clamped to the public domain, keys valid, at most `max_children` rows per parent."""

from __future__ import annotations

from runners.compile import consent
from runners.compile.names import head, origin, ref
from runners.compile.sql import TYPES, cast, clamped, condition, from_number, key, literal, name
from specs.lang.expression import columns, parse
from specs.lang.types import Column, Constraint, Study, Table

SIZES = {"tinyint": 1 << 7, "smallint": 1 << 15, "integer": 1 << 31}
"""Signed whole numbers of one, two and four bytes lie below."""


def bounded(study: Study, table: Table) -> str:
    """The model's SQL: import, type, clamp, then leave out rows step by step."""
    steps = [
        ("source", f"select * from {origin(study, table)}"),
        ("typed", _typed(study, table)),
        ("inside", _inside(table)),
        ("complete", _complete(table)),
    ]
    last = "complete"
    if study.governance.consent and table.parent is None:
        steps += consent.steps(study, study.governance.consent, last)
        last = "consented"
    if table.key:
        owner = list(table.parent.key) if table.parent else []
        keys = list(dict.fromkeys([*owner, *(k.name for k in table.key)]))
        steps.append(("keyed", _first_of(table, keys, last, _widened(table))))
        last = "keyed"
    if table.parent:
        steps += [(t.name + "__above", f"select * from {ref(study, 'bounded', t.name)}") for t in study.ancestors(table.name)]
    held = [c for c in study.constraints if c.table == table.name]
    steps.append(("lawful", _lawful(study, table, last, held)))
    last = "lawful"
    for number, group in enumerate(table.unique):
        owner = list(table.parent.key) if table.parent else []
        steps.append((f"distinct_{number}", _first_of(table, [*owner, *group], last)))
        last = f"distinct_{number}"
    if table.parent:
        steps.append(("bounded", _capped(table, last)))
        last = "bounded"
    with_ = ",\n".join(f"{name(n) if '__' in n else n} as (\n    {s}\n)" for n, s in steps)
    return f"{head(study)}with {with_}\n\nselect {_listed(_columns(table))}\nfrom {last}\n"


def _columns(table: Table) -> list[str]:
    keys = [k.name for k in table.key]
    foreign = [k for k in table.parent.key if k not in keys] if table.parent else []
    return [*keys, *foreign, *(c.name for c in table.columns.values() if c.measured)]


def _listed(columns: list[str]) -> str:
    return ", ".join(map(name, columns))


def key_types(study: Study, table: Table) -> dict[str, str]:
    """SQL types of the table's own and its parent's key columns."""
    types = {k.name: TYPES[k.type] for k in table.key}
    if table.parent:
        parent = study.tables[table.parent.table]
        above = key_types(study, parent)
        types |= {mine: above[theirs.name] for mine, theirs in zip(table.parent.key, parent.key, strict=True)}
    return types


def _typed(study: Study, table: Table) -> str:
    keys = key_types(study, table)
    columns = [f"{key(k, kind)} as {name(k)}" for k, kind in keys.items()]
    columns += [f"{cast(c)} as {name(c.name)}" for c in table.columns.values() if c.measured and c.name not in keys]
    return "select\n        " + ",\n        ".join(columns) + "\n    from source"


def _inside(table: Table) -> str:
    small = _narrow(table)
    clamped = {c.name: _clamped(c) for c in table.columns.values() if c.measured}
    columns = [f"{f'cast({sql} as {small[c]})' if c in small else sql} as {name(c)}" for c, sql in clamped.items()]
    keys = [k for k in _columns(table) if k not in table.columns]
    return "select\n        " + ",\n        ".join([*map(name, keys), *columns]) + "\n    from typed"


def _clamped(column: Column) -> str:
    sql = name(column.name)
    if column.type == "boolean" or (column.references and column.values is None):
        return sql
    if column.values is not None:
        cast = f"cast({sql} as varchar)"
        return f"case when {cast} in ({', '.join(map(literal, column.values))}) then {sql} end"
    if column.range is None:
        return sql
    return clamped(sql, *(from_number(column, v) for v in column.range))


def _narrow(table: Table) -> dict[str, str]:
    """The smallest types that clamped integers fit: until keys are valid, for which rows are sorted by all columns."""
    found = {}
    for column in table.columns.values() if table.key else ():
        if column.measured and column.type == "integer" and column.values is None and column.range:
            low, high = column.range
            fit = (kind for kind, size in SIZES.items() if -size <= low and high < size)
            found[column.name] = next(fit, TYPES["integer"])
    return found


def _widened(table: Table) -> str:
    """All columns, in the types that the spec says."""
    small = _narrow(table)
    return ", ".join(f"cast({name(c)} as {TYPES['integer']}) as {name(c)}" if c in small else name(c) for c in _columns(table))


def _complete(table: Table) -> str:
    """Rows with all keys and all columns that may not be NULL."""
    keys = [k.name for k in table.key] + (list(table.parent.key) if table.parent else [])
    needed = keys + [c.name for c in table.columns.values() if c.measured and not c.nullable]
    return "select * from inside\n    where " + " and ".join(f"{name(c)} is not null" for c in dict.fromkeys(needed))


def _order(table: Table) -> str:
    """A fixed order of rows: by time, then by key, then by everything."""
    first = [table.order_by] if table.order_by else []
    return ", ".join(map(name, dict.fromkeys([*first, *(k.name for k in table.key), *_columns(table)])))


def _first_of(table: Table, columns: list[str], source: str, what: str = "*") -> str:
    by = ", ".join(map(name, columns))
    return f"select {what} from {source}\n    qualify row_number() over (partition by {by} order by {_order(table)}) = 1"


def _lawful(study: Study, table: Table, source: str, held: list[Constraint]) -> str:
    """Rows whose parents are there and that break no constraint; a constraint that is NULL is not broken."""
    columns = [f"{name(table.name)}.{name(c)}" for c in _columns(table)]
    lines = [f"select {', '.join(columns)}", f"from {with_derived(table, source)} as {name(table.name)}"]
    below = table
    for parent in study.ancestors(table.name):
        assert below.parent is not None
        pairs = zip(below.parent.key, parent.key, strict=True)
        on = " and ".join(f"{name(below.name)}.{name(m)} = {name(parent.name)}.{name(k.name)}" for m, k in pairs)
        lines.append(f"join {with_derived(parent, name(parent.name + '__above'))} as {name(parent.name)} on {on}")
        below = parent
    if held:
        lines.append("where " + " and ".join(f"{holds(c.sql)} is not false" for c in held))
    return "\n    ".join(lines)


def holds(sql: str) -> str:
    """A condition; NULL, not an error that quotes a value, where it cannot be evaluated."""
    return f"try({condition(sql)})"


def with_derived(table: Table, relation: str) -> str:
    """The relation with the table's derived columns; NULL where they cannot be computed."""
    for column in _derived(table):
        sql = f"try_cast(try({condition(str(column.derived))}) as {TYPES[column.type]})"
        rounded = f"round({sql}, {column.decimals})" if column.decimals is not None else sql
        relation = f"(select *, {rounded} as {name(column.name)} from {relation})"
    return relation


def _derived(table: Table) -> list[Column]:
    """Derived columns, each after those it is computed from."""
    left = [c for c in table.columns.values() if not c.measured]
    found: list[Column] = []
    while left:
        names = {c.name for c in left}
        ready = [c for c in left if not names & {n for _, n in columns(parse(str(c.derived)))}]
        if not ready:
            raise ValueError(f"table {table.name}: derived columns need each other: {', '.join(sorted(names))}")
        found += ready
        left = [c for c in left if c not in found]
    return found


def _capped(table: Table, source: str) -> str:
    assert table.parent is not None
    by = ", ".join(map(name, table.parent.key))
    number = f"row_number() over (partition by {by} order by {_order(table)})"
    return f"select * from {source}\n    qualify {number} <= {table.parent.max_children}"
