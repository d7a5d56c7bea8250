"""What is asked to find bins: a histogram of each column that they are sought for, at every level."""

from __future__ import annotations

import math
from collections.abc import Iterator

from generators.bins.grid import grid
from generators.marginal.plan import Plan, Step, Variable
from privacy.query import Query
from specs.lang.domain import Domain
from specs.lang.sought import sought
from specs.lang.types import Column, Study, Table


def plan(study: Study) -> Plan:
    """One variable, and its histogram, for each level of each column. A patient is in one cell of each."""
    table = study.root
    steps = tuple(step for column in sought(table) for step in _steps(table, column))
    return Plan(table.name, {s.variable.name: s.variable for s in steps}, steps)


def _steps(table: Table, column: Column) -> Iterator[Step]:
    cells = grid(column)
    for level in cells.levels:
        found = Variable(level_name(column, level), "own", math.ceil(cells.cells / level), column.name)
        query = Query(query_name(table, column, level), table.name, (found.name,), (found.size,), f"{table.name}.bins")
        yield Step(found, Domain((), (), None, False), query, ())


def query_name(table: Table, column: Column, level: int) -> str:
    """The query of that variable."""
    return f"{table.name}: {level_name(column, level)}"


def level_name(column: Column, level: int) -> str:
    """The variable that counts so many of a column's finest cells as one."""
    return f"{column.name}__{level}"
