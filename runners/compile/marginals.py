"""Marginals: every query's exact integer sums over patients, with one weight per patient and group (`privacy.query`).

A patient has one row of the root table, so there the weight is the query's scale whatever the row: cells are counted, those of
three columns at once where that can be (`cubes`), and scaled. (Q is the number k of queries, and isqrt(k scale^2 // k) = scale.
A row in fewer cells would weigh no more, so the bound holds in any case.)
"""

from __future__ import annotations

from generators.marginal.plan import Plan
from privacy.query import Query, grouped
from runners.compile.coded import sizes, whole_bins
from runners.compile.cubes import Columns, cubes
from runners.compile.names import head, ref
from runners.compile.sql import literal, name
from specs.lang.domain import SPLIT
from specs.lang.types import Study, Table


def marginals(study: Study, table: Table, plan: Plan) -> str:
    """The model's SQL: counts of the root table; of others cells of every row, histograms of every patient, weights, sums."""
    return _weighed(study, table, plan) if table.parent else _counted(study, table, plan)


def _counted(study: Study, table: Table, plan: Plan) -> str:
    bins, queries = whole_bins(plan), plan.queries()
    columns = [tuple(bins.get(c, c) for c in q.columns) for q in queries]
    together = cubes(columns, sizes(plan))
    counts = ",\n".join(map(_count, dict.fromkeys(together.values())))
    totals = "\n    union all\n    ".join(_total(q, bins, by, together[by]) for q, by in zip(queries, columns, strict=True))
    return f"""{head(study)}with coded as not materialized (
    select * from {ref(study, "coded", table.name)}
),
{counts},
totals as (
    {totals}
)

select query, cast(__cell as bigint) as cell, cast(total as bigint) as total
from totals
where __cell is not null
"""


def _count(cube: Columns) -> str:
    """Rows for each combination of codes of the columns."""
    by = ", ".join(map(name, cube))
    return f"{_named(cube)} as materialized (\n    select {by}, count(*) as __rows from coded group by {by}\n)"


def _total(query: Query, bins: dict[str, str], columns: Columns, cube: Columns) -> str:
    """Summed over what else was counted, and scaled."""
    by, cell = ", ".join(map(name, columns)), _cell(query, "integer", bins)
    total = f"{query.scale} * sum(__rows)"
    return f"select {literal(query.name)} as query, {cell} as __cell, {total} as total from {_named(cube)} group by {by}"


def _named(cube: Columns) -> str:
    return name(f"by {', '.join(cube)}")


def _weighed(study: Study, table: Table, plan: Plan) -> str:
    queries = plan.queries()
    groups = list(grouped(queries))
    numbered = ",\n        ".join(f"({i}, {groups.index(q.group)}, {literal(q.name)})" for i, q in enumerate(queries))
    bounds = ",\n        ".join(
        f"({i}, {len(members) * members[0].scale ** 2})" for i, members in enumerate(grouped(queries).values())
    )
    cells = "\n    union all\n    ".join(_cells(i, q, whole_bins(plan)) for i, q in enumerate(queries))
    return f"""{head(study)}with coded as (
    select * from {ref(study, "coded", table.name)}
),
queries (query_id, group_id, query) as (
    values
        {numbered}
),
bounds (group_id, bound) as (
    values
        {bounds}
),
cells as (
    {cells}
),
histograms as (
    select patient, query_id, cell, count(*) as number
    from cells
    group by patient, query_id, cell
),
squares as (
    select patient, group_id, sum(number * number) as square
    from histograms join queries using (query_id)
    group by patient, group_id
),
weights as (
    -- floor(sqrt(x)) is exact for whole x below 2^52
    select patient, group_id, cast(floor(sqrt(bound // square)) as bigint) as weight
    from squares join bounds using (group_id)
),
totals as (
    select query_id, query, cell, sum(weight * number) as total
    from histograms
    join queries using (query_id)
    join weights using (patient, group_id)
    group by query_id, query, cell
)

select query, cell, cast(total as bigint) as total
from totals
where total > 0
"""


def _cells(number: int, query: Query, bins: dict[str, str]) -> str:
    """The cell of every row in one query, in C order; rows where a code is NULL are left out."""
    there = " and ".join(f"{name(bins.get(c, c))} is not null" for c in query.columns)
    return f"select __patient as patient, {number} as query_id, {_cell(query, 'bigint', bins)} as cell from coded where {there}"


def _cell(query: Query, kind: str, bins: dict[str, str]) -> str:
    """The cell's number in C order; NULL where a code is. `bins` are the codes that some fine codes are multiples of."""
    codes = [f"cast({name(bins[c])} as {kind}) * {SPLIT}" if c in bins else name(c) for c in query.columns]
    cell = codes[0] if query.columns[0] in bins else f"cast({codes[0]} as {kind})"
    for code, size in zip(codes[1:], query.shape[1:], strict=True):
        cell = f"({cell}) * {size} + {code}"
    return cell
