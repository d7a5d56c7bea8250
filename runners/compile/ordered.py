"""Rows of a parent in their order: what each takes from the rows before it, as codes."""

from __future__ import annotations

from generators.marginal.implied import bound_of, count_column, gap_column, marks, start_column, starts_at_parent, stride_column
from generators.marginal.plan import Plan, Variable
from runners.compile.above import Steps, coded_above, key_columns, values_above
from runners.compile.sql import as_number, bins, fine, is_whole, joined, name, number
from specs.lang.domain import domain
from specs.lang.types import Study, Table


def ordered(study: Study, table: Table, plan: Plan) -> Steps:
    """The steps from a child table's own codes (`finely`) to all its variables (`together`)."""
    return [
        ("placed", _placed(study, table, plan)),
        ("neighbours", _neighbours(table, plan)),
        ("measured", _measured(table)),
        ("timed", _timed(study, table)),
        ("together", _together(table, plan)),
    ]


def _placed(study: Study, table: Table, plan: Plan) -> str:
    """Each row with its parent's codes and the ancestors' times, and its place among the rows of the parent."""
    lines = ["finely.*"]
    joins, below, alias = "", table, "finely"
    values = {n for n, _ in values_above(study, table)}
    for parent in study.ancestors(table.name):
        assert below.parent is not None
        pairs = list(zip(below.parent.key, parent.key, strict=True))
        for kind in (coded_above(parent), f"{parent.name}__values"):
            if kind == coded_above(parent) or kind in values:
                joins += f"\n    join {name(kind)} on " + " and ".join(
                    f"{alias}.{name(m)} = {name(kind)}.{name(k.name)}" for m, k in pairs
                )
        below, alias = parent, name(coded_above(parent))
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
    columns = [c.name for c in table.columns.values() if c.measured and c.name != table.order_by]
    codes = [f"finely.{name(c + '__code')}" for c in columns]
    time = [f"finely.{name(table.order_by)}"] if table.order_by else []
    return ", ".join([*time, *codes, *(f"finely.{name(k.name)}" for k in table.key)])


def _limits(study: Study, table: Table) -> list[str]:
    """Each row's own time, the bound on it, where the parent's time begins, and the range's start; nothing without time."""
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


def _neighbours(table: Table, plan: Plan) -> str:
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


def _measured(table: Table) -> str:
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
        if special := marks(table):
            cases = " ".join(f"when __at = {number(time)} then {i + 1}" for i, time in enumerate(special))
            lines += [f"case {cases} else 0 end as __mark__code"]
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
        elif variable.kind in ("start", "gap", "mark", "moved"):
            lines.append(f"__{variable.kind}__code as {name(variable.name)}")
        elif variable.kind in ("left", "pace", "rest"):
            lines.append(f"{joined(variable.groups, f'__{variable.kind}__code')} as {name(variable.name)}")
    for step in plan.steps:
        if step.variable.kind in ("start", "gap") and step.domain.split:
            kind = step.variable.kind
            value, parts = ("__stride", False) if kind == "gap" else ("__start", whole)
            found = _maybe(fine(step.domain, parts, value, f"__{kind}__code", None), f"__{kind}")
            lines.append(f"{found} as {name(step.variable.name + '__fine')}")
    carried = [name(v.name) for v in plan.variables.values() if v.kind in ("parent", "previous", "last")]
    finest = [s.fine.columns[-1] for s in plan.steps if s.domain.split and s.variable.kind not in ("start", "gap")]
    carried += map(name, finest)
    columns = [*map(name, key_columns(table)), "__patient", "__row", *carried, *lines]
    return "select\n        " + ",\n        ".join(columns) + "\n    from timed"
