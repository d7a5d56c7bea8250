"""Marginals: every query's exact integer sums over patients, with one weight per patient and group (`privacy.query`).

A patient has one row of the root table, so there the weight is the query's scale whatever the row: cells are counted and
scaled. (Q is the number k of queries, and isqrt(k scale^2 // k) = scale. A row in fewer cells would weigh no more, so the
bound holds in any case.)
"""

from __future__ import annotations

from collections.abc import Sequence

from privacy.query import Query, grouped
from runners.compile.names import head, ref
from runners.compile.sql import literal, name
from specs.lang.types import Study, Table


def marginals(study: Study, table: Table, queries: Sequence[Query]) -> str:
    """The model's SQL: counts of the root table; of others cells of every row, histograms of every patient, weights, sums."""
    return _weighed(study, table, queries) if table.parent else _counted(study, table, queries)


def _counted(study: Study, table: Table, queries: Sequence[Query]) -> str:
    counts = "\n    union all\n    ".join(_count(q) for q in queries)
    return f"""{head(study)}with coded as not materialized (
    select * from {ref(study, "coded", table.name)}
),
totals as (
    {counts}
)

select query, cast(__cell as bigint) as cell, cast(total as bigint) as total
from totals
where __cell is not null
"""


def _count(query: Query) -> str:
    total = f"{query.scale} * count(*)"
    return (
        f"select {literal(query.name)} as query, {_cell(query, 'integer')} as __cell, {total} as total from coded group by __cell"
    )


def _weighed(study: Study, table: Table, queries: Sequence[Query]) -> str:
    groups = list(grouped(queries))
    numbered = ",\n        ".join(f"({i}, {groups.index(q.group)}, {literal(q.name)})" for i, q in enumerate(queries))
    bounds = ",\n        ".join(
        f"({i}, {len(members) * members[0].scale ** 2})" for i, members in enumerate(grouped(queries).values())
    )
    cells = "\n    union all\n    ".join(_cells(i, q) for i, q in enumerate(queries))
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


def _cells(number: int, query: Query) -> str:
    """The cell of every row in one query, in C order; rows where a code is NULL are left out."""
    there = " and ".join(f"{name(c)} is not null" for c in query.columns)
    return f"select __patient as patient, {number} as query_id, {_cell(query, 'bigint')} as cell from coded where {there}"


def _cell(query: Query, kind: str) -> str:
    """The cell's number in C order; NULL where a code is."""
    cell = f"cast({name(query.columns[0])} as {kind})"
    for column, size in zip(query.columns[1:], query.shape[1:], strict=True):
        cell = f"({cell}) * {size} + {name(column)}"
    return cell
