"""Coded tables: every variable of the study's structure as a small integer, one row per bounded row."""

from __future__ import annotations

from generators.marginal.implied import count_column
from generators.marginal.plan import Plan
from runners.compile.above import Steps, coded_above, key_columns, values_above
from runners.compile.grid import gridded
from runners.compile.names import head, ref
from runners.compile.ordered import ordered
from runners.compile.sql import as_number, bins, category, fine, is_whole, name, smallest
from specs.lang.domain import domain
from specs.lang.types import Column, Study, Table


def coded(study: Study, table: Table, plan: Plan) -> str:
    """The model's SQL. Where bins are sought, cells at all levels.

    A patient's number is the place of their row in the root's table; rows below have it as `__patient`. `__row` numbers the rows
    of a parent.
    """
    if study.generator.finds_bins:
        return gridded(study, plan)
    steps: Steps = [("bounded", f"select * from {ref(study, 'bounded', table.name)}")]
    steps += [(coded_above(t), _above(study, t)) for t in study.ancestors(table.name)]
    steps += values_above(study, table)
    steps += [_counted(study, table, child) for child in study.children(table.name)]
    steps.append(("own", _own(study, table)))
    steps.append(("finely", _finely(study, table)))
    if table.parent:
        steps += ordered(study, table, plan)
    last = steps[-1][0]
    body = ",\n".join(f"{name(n)} as (\n    {s}\n)" for n, s in steps)
    keys = key_columns(table)
    kept = [name(c) for c in (*keys, *(["__patient", "__row"] if table.parent else []))]
    kept += [f"cast({name(c)} as {smallest(size)}) as {name(c)}" for c, size in sizes(plan).items()]
    return f"{head(study)}with {body}\n\nselect\n    " + ",\n    ".join(kept) + f"\nfrom {last}\n"


def _above(study: Study, table: Table) -> str:
    """The coded rows of an ancestor; a patient's with their number, which costs no sort where it is the place in the table."""
    return f"select *{', rowid as __patient' if table.parent is None else ''} from {ref(study, 'coded', table.name)}"


def sizes(plan: Plan) -> dict[str, int]:
    """All code columns and how many codes each has: variables, and the fine codes that say more than they do."""
    finely = {q.columns[-1]: q.shape[-1] for q in (s.fine for s in plan.steps) if q.columns[-1] not in whole_bins(plan)}
    return {v.name: v.size for v in plan.variables.values()} | finely


def whole_bins(plan: Plan) -> dict[str, str]:
    """Fine codes that no table holds, by name: the variable whose code, times SPLIT, each of them is."""
    steps = (s for s in plan.steps if s.domain.ordered and not s.domain.split)
    return {s.fine.columns[-1]: s.variable.name for s in steps}


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
        on = " and ".join(f"{name(child.name + '__number')}.{name(k.name)} = bounded.{name(k.name)}" for k in table.key)
        joins += f"\n    left join {name(child.name + '__number')} on {on}"
        counted = f"coalesce({name(child.name + '__number')}.number, 0)"
        lines.append(f"{counted} as {name(child.name + '__rows')}")
        lines.append(f"{bins(domain(count_column(child)), True, counted, None)} as {name(child.name + '__count__code')}")
    return "select\n        bounded.*,\n        " + ",\n        ".join(lines) + f"\n    from bounded{joins}"


def _code(table: Table, column: Column) -> str:
    """The code of one column; NULL takes the last."""
    dom, sql = domain(column), f"bounded.{name(column.name)}"
    if not dom.ordered:
        if column.references == table.name:
            found = f"case when {sql} = bounded.{name(table.key[0].name)} then 1 else 0 end"
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
        if dom is None or not dom.split or (table.parent and column.name == table.order_by):
            continue
        by = name(f"{dom.by}__code") if dom.by else None
        code, sql = name(f"{column.name}__code"), as_number(column, name(column.name))
        found = fine(dom, is_whole(column), sql, code, by)
        null = f"case when {name(column.name)} is null then {dom.fine_size - 1} else {found} end"
        lines.append(f"{null if column.nullable else found} as {name(column.name + '__fine')}")
    for child in (c for c in study.children(table.name) if domain(count_column(c)).split):
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
    return "select\n        " + ",\n        ".join([*keys, *codes, *lines]) + "\n    from own"
