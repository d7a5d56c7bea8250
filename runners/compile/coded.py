"""Coded tables: every variable of the study's structure as a small integer, one row per bounded row."""

from __future__ import annotations

from generators.marginal.structure import (
    Plan,
    Variable,
    bound_of,
    count_column,
    gap_column,
    start_column,
    starts_at_parent,
    stride_column,
)
from runners.compile.names import head, ref
from runners.compile.sql import as_number, bins, category, fine, is_whole, joined, name, number
from specs.lang.domain import domain
from specs.lang.types import Column, Study, Table

Steps = list[tuple[str, str]]


def coded(study: Study, table: Table, plan: Plan) -> str:
    """The model's SQL. `__patient` numbers patients, `__row` the rows of a parent."""
    steps: Steps = [(table.name, f"select * from {ref(study, 'bounded', table.name)}")]
    steps += [(_above(t), f"select * from {ref(study, 'coded', t.name)}") for t in study.ancestors(table.name)]
    steps += _values_above(study, table)
    steps += [_counted(study, table, child) for child in study.children(table.name)]
    steps.append(("own", _own(study, table)))
    steps.append(("finely", _finely(study, table)))
    last = "finely"
    if table.parent:
        steps += [("placed", _placed(study, table, plan)), ("neighbours", _neighbours(study, table, plan))]
        steps += [
            ("measured", _measured(study, table, plan)),
            ("timed", _timed(study, table)),
            ("together", _together(table, plan)),
        ]
        last = "together"
    body = ",\n".join(f"{name(n)} as (\n    {s}\n)" for n, s in steps)
    keys = _keys(table)
    kept = [*keys, "__patient", "__row", *_columns(plan)] if table.parent else [*keys, "__patient", *_columns(plan)]
    return f"{head(study)}with {body}\n\nselect\n    " + ",\n    ".join(_small(c, keys) for c in kept) + f"\nfrom {last}\n"


def _small(column: str, keys: list[str]) -> str:
    if column in keys or column in ("__patient", "__row"):
        return name(column)
    return f"cast({name(column)} as smallint) as {name(column)}"


def _columns(plan: Plan) -> list[str]:
    """All code columns: variables, and the fine codes of steps that are counted finely."""
    finest = [step.fine.columns[-1] for step in plan.steps]
    return list(dict.fromkeys([*plan.variables, *finest]))


def _keys(table: Table) -> list[str]:
    return list(dict.fromkeys([*(k.name for k in table.key), *(table.parent.key if table.parent else ())]))


def _above(table: Table) -> str:
    return f"{table.name}__coded"


def _values_above(study: Study, table: Table) -> Steps:
    """Ancestors whose times this table's times hang on."""
    wanted = {b[0] for b in (bound_of(study, table),) if b}
    if table.parent and starts_at_parent(study, table):
        wanted.add(table.parent.table)
    return [
        (f"{t.name}__values", f"select * from {ref(study, 'bounded', t.name)}")
        for t in study.ancestors(table.name)
        if t.name in wanted
    ]


def _counted(study: Study, table: Table, child: Table) -> tuple[str, str]:
    """How many rows each row has in a child table."""
    assert child.parent is not None
    pairs = zip(child.parent.key, table.key, strict=True)
    keys = ", ".join(f"{name(mine)} as {name(theirs.name)}" for mine, theirs in pairs)
    by = ", ".join(name(k) for k in child.parent.key)
    return f"{child.name}__number", f"select {keys}, count(*) as number from {ref(study, 'bounded', child.name)} group by {by}"


def _own(study: Study, table: Table) -> str:
    """Codes of the table's own columns and of its numbers of children."""
    columns = sorted((c for c in table.columns.values() if c.measured), key=lambda c: bool(c.bins and c.bins.by))
    lines = [f"{_code(table, c)} as {name(c.name + '__code')}" for c in columns]
    joins = ""
    for child in study.children(table.name):
        on = " and ".join(
            f"{name(child.name + '__number')}.{name(k.name)} = {name(table.name)}.{name(k.name)}" for k in table.key
        )
        joins += f"\n    left join {name(child.name + '__number')} on {on}"
        counted = f"coalesce({name(child.name + '__number')}.number, 0)"
        lines.append(f"{counted} as {name(child.name + '__rows')}")
        lines.append(f"{bins(domain(count_column(child)), True, counted, None)} as {name(child.name + '__count__code')}")
    if table.parent is None:
        order = ", ".join(f"{name(table.name)}.{name(k.name)}" for k in table.key)
        lines.append(f"row_number() over (order by {order}) as __patient")
    return (
        f"select\n        {name(table.name)}.*,\n        " + ",\n        ".join(lines) + f"\n    from {name(table.name)}{joins}"
    )


def _code(table: Table, column: Column) -> str:
    """The code of one column; NULL takes the last."""
    dom, sql = domain(column), f"{name(table.name)}.{name(column.name)}"
    if not dom.ordered:
        if column.references == table.name:
            found = f"case when {sql} = {name(table.name)}.{name(table.key[0].name)} then 1 else 0 end"
        else:
            found = category(dom.labels, f"cast({sql} as varchar)")
    else:
        by = name(f"{dom.by}__code") if dom.by else None
        found = bins(dom, is_whole(column), as_number(column, sql), by)
    return f"case when {sql} is null then {dom.values} else {found} end" if column.nullable else found


def _finely(study: Study, table: Table) -> str:
    """Fine codes of ordered columns and of numbers of children."""
    lines = []
    for column in table.columns.values():
        dom = domain(column) if column.measured else None
        if dom is None or not dom.ordered or (table.parent and column.name == table.order_by):
            continue
        by = name(f"{dom.by}__code") if dom.by else None
        code, sql = name(f"{column.name}__code"), as_number(column, name(column.name))
        found = fine(dom, is_whole(column), sql, code, by)
        null = f"case when {name(column.name)} is null then {dom.fine_size - 1} else {found} end"
        lines.append(f"{null if column.nullable else found} as {name(column.name + '__fine')}")
    for child in study.children(table.name):
        rows, code = name(f"{child.name}__rows"), name(f"{child.name}__count__code")
        lines.append(f"{fine(domain(count_column(child)), True, rows, code, None)} as {name(child.name + '__count__fine')}")
    if table.parent is None:
        return _root(study, table, lines)
    return "select\n        *" + "".join(f",\n        {line}" for line in lines) + "\n    from own"


def _owned(study: Study, table: Table) -> list[str]:
    columns = [c.name for c in table.columns.values() if c.measured]
    return [*columns, *(f"{t.name}__count" for t in study.children(table.name))]


def _root(study: Study, table: Table, lines: list[str]) -> str:
    """The root's codes under their final names; values themselves are left behind."""
    keys = [name(k.name) for k in table.key]
    codes = [f"{name(v + '__code')} as {name(v)}" for v in _owned(study, table)]
    return "select\n        " + ",\n        ".join([*keys, "__patient", *codes, *lines]) + "\n    from own"


def _placed(study: Study, table: Table, plan: Plan) -> str:
    """Each row with its parent's codes and the ancestors' times, and its place among the rows of the parent."""
    lines = ["finely.*"]
    joins, below, alias = "", table, "finely"
    values = {n for n, _ in _values_above(study, table)}
    for parent in study.ancestors(table.name):
        assert below.parent is not None
        pairs = list(zip(below.parent.key, parent.key, strict=True))
        for kind in (_above(parent), f"{parent.name}__values"):
            if kind == _above(parent) or kind in values:
                joins += f"\n    join {name(kind)} on " + " and ".join(
                    f"{alias}.{name(m)} = {name(kind)}.{name(k.name)}" for m, k in pairs
                )
        below, alias = parent, name(_above(parent))
    root = study.root.name
    lines.append(f"{name(f'{root}__coded')}.__patient")
    for variable in plan.variables.values():
        if variable.kind == "parent":
            source = f"{name(f'{variable.table}__coded')}.{name(variable.source)}"
            lines.append(f"{joined(variable.groups, source)} as {name(variable.name)}")
    lines += _limits(study, table)
    assert table.parent is not None
    partition = ", ".join(f"finely.{name(k)}" for k in table.parent.key)
    lines.append(f"row_number() over (partition by {partition} order by {_order(table)}) as __row")
    lines.append(f"count(*) over (partition by {partition}) as __rows")
    return "select\n        " + ",\n        ".join(lines) + f"\n    from finely{joins}"


def _order(table: Table) -> str:
    """By time, then by the codes of the other columns, then by key."""
    columns = sorted((c for c in table.columns.values() if c.measured), key=lambda c: bool(c.bins and c.bins.by))
    codes = [f"finely.{name(c.name + '__code')}" for c in columns if c.name != table.order_by]
    time = [f"finely.{name(table.order_by)}"] if table.order_by else []
    return ", ".join([*time, *codes, *(f"finely.{name(k.name)}" for k in table.key)])


def _limits(study: Study, table: Table) -> list[str]:
    if table.order_by is None:
        return []
    order = table.columns[table.order_by]
    low, high = order.range or (0.0, 0.0)
    bound = bound_of(study, table)
    limit = number(high)
    if bound:
        column = study.tables[bound[0]].columns[bound[1]]
        sql = as_number(column, f"{name(bound[0] + '__values')}.{name(bound[1])}")
        limit = f"coalesce({sql}, {number(high)})"
    begin = "0"
    if table.parent and starts_at_parent(study, table):
        parent = study.tables[table.parent.table]
        column = parent.columns[str(parent.order_by)]
        begin = as_number(column, f"{name(parent.name + '__values')}.{name(column.name)}")
    at = as_number(order, f"finely.{name(order.name)}")
    return [f"{at} as __at", f"{limit} as __limit", f"{begin} as __begin", f"{number(low)} as __low"]


def _neighbours(study: Study, table: Table, plan: Plan) -> str:
    """The codes of the previous row, and of the last row of the same kind."""
    assert table.parent is not None
    partition = ", ".join(map(name, table.parent.key))
    lines = ["*"] + (["lag(__at) over rows_of as __before"] if table.order_by else [])
    for variable in plan.variables.values():
        if variable.kind == "last":
            kind = name(f"{variable.by}__code")
            over = f"over (partition by {partition}, {kind} order by __row)"
            lines.append(f"coalesce(lag({_joined(plan, variable.source)}) {over}, {variable.size - 1}) as {name(variable.name)}")
        elif variable.kind == "previous":
            found = f"lag({_joined(plan, variable.source)}) over rows_of"
            lines.append(f"coalesce({found}, {variable.size - 1}) as {name(variable.name)}")
    window = f"window rows_of as (partition by {partition} order by __row)"
    return "select\n        " + ",\n        ".join(lines) + f"\n    from placed\n    {window}"


def _joined(plan: Plan, source: str) -> str:
    """The code of an own variable, joined into its groups where it has some."""
    variable = plan.variables[source]
    return joined(variable.groups, name(_base(variable))) if variable.groups else name(_base(variable))


def _base(variable: Variable) -> str:
    return f"{variable.source or variable.name}__code"


def _measured(study: Study, table: Table, plan: Plan) -> str:
    """Distances in time that codes are made of."""
    rest = "(__rows - __row + 1)"
    lines = ["*", f"{rest} as __rest"]
    if table.order_by:
        divide = "//" if is_whole(table.columns[table.order_by]) else "/"
        left = "greatest(__limit - coalesce(__before, __low), 0)"
        lines += [
            "__at - __before as __gap",
            f"case when __at = __before then 0 else (__at - __before) * {rest} / greatest({left}, 1e-9) end as __stride",
            "case when __before is null then __at - __begin end as __start",
            f"{left} as __left",
            f"{left} {divide} {rest} as __pace",
        ]
    return "select\n        " + ",\n        ".join(lines) + "\n    from neighbours"


def _timed(study: Study, table: Table) -> str:
    """Codes of those distances."""
    lines = ["*", f"{bins(domain(count_column(table)), True, '__rest', None)} as __rest__code"]
    if table.order_by:
        gap, start = gap_column(table), start_column(study, table)
        whole = is_whole(table.columns[table.order_by])
        lines += [f"{_maybe(bins(domain(stride_column(table)), False, '__stride', None), '__gap')} as __gap__code"]
        lines += [f"{_maybe(bins(domain(start), whole, '__start', None), '__start')} as __start__code"]
        lines += [f"{bins(domain(gap), whole, f'__{kind}', None)} as __{kind}__code" for kind in ("left", "pace")]
        lines += ["case when __row = 1 then 0 when __gap = 0 then 1 else 2 end as __moved__code"]
    return "select\n        " + ",\n        ".join(lines) + "\n    from measured"


def _maybe(sql: str, value: str) -> str:
    return f"case when {value} is not null then {sql} end"


def _together(table: Table, plan: Plan) -> str:
    """All variables under their names."""
    whole = bool(table.order_by) and is_whole(table.columns[str(table.order_by)])
    lines = []
    for variable in plan.variables.values():
        if variable.kind in ("own", "count"):
            code = name(_base(variable))
            lines.append(f"{joined(variable.groups, code) if variable.groups else code} as {name(variable.name)}")
        elif variable.kind in ("start", "gap", "moved"):
            lines.append(f"__{variable.kind}__code as {name(variable.name)}")
        elif variable.kind in ("left", "pace", "rest"):
            lines.append(f"{joined(variable.groups, f'__{variable.kind}__code')} as {name(variable.name)}")
    for step in plan.steps:
        if step.variable.kind in ("start", "gap") and step.domain.ordered:
            kind = step.variable.kind
            value, parts = ("__stride", False) if kind == "gap" else ("__start", whole)
            found = _maybe(fine(step.domain, parts, value, f"__{kind}__code", None), f"__{kind}")
            lines.append(f"{found} as {name(step.variable.name + '__fine')}")
    carried = [name(v.name) for v in plan.variables.values() if v.kind in ("parent", "previous", "last")]
    finest = [step.fine.columns[-1] for step in plan.steps if step.variable.kind not in ("start", "gap")]
    carried += [name(column) for column in finest if column not in plan.variables]
    columns = [*map(name, _keys(table)), "__patient", "__row", *carried, *lines]
    return "select\n        " + ",\n        ".join(columns) + "\n    from timed"
