"""Coded table of a study that finds bins: the cell of each column at every level, one row per patient."""

from __future__ import annotations

from generators.bins.grid import PARTS, Grid, grid
from generators.bins.plan import level_name
from generators.marginal.plan import Plan
from runners.compile.names import head, ref
from runners.compile.sql import as_number, clamped, name, number, smallest
from specs.lang.sought import sought
from specs.lang.types import Column, Study


def gridded(study: Study, plan: Plan) -> str:
    """The model's SQL. NULL has no cell."""
    table = study.root
    keys = ", ".join(name(k.name) for k in table.key)
    cells = ",\n        ".join(f"{_cell(c, grid(c))} as {name(level_name(c, 1))}" for c in sought(table))
    levels = ",\n    ".join(
        f"cast({name(level_name(c, 1))} // {level} as {smallest(plan.variables[level_name(c, level)].size)})"
        f" as {name(level_name(c, level))}"
        for c in sought(table)
        for level in grid(c).levels
    )
    return f"""{head(study)}with bounded as (
    select * from {ref(study, "bounded", table.name)}
),
finest as (
    select
        {keys},
        {cells}
    from bounded
)

select
    {keys},
    {levels}
from finest
"""


def _cell(column: Column, cells: Grid) -> str:
    """The finest cell of a value, which lies in the range."""
    sql, low, high = as_number(column, name(column.name)), number(cells.low), number(cells.high)
    if cells.whole:
        return f"({sql} - {low}) // {number(cells.width)}"
    inside = f"1 + cast(floor(({sql} - {low}) * {PARTS} / ({high} - {low})) as bigint)"
    return f"case when {sql} <= {low} then 0 when {sql} >= {high} then {PARTS + 1} else {clamped(inside, '1', str(PARTS))} end"
