"""What the rows of a child table hang on: the rows above it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.marginal.chain import Chain
from generators.marginal.code import Codes as Coded
from generators.marginal.implied import bound_of, starts_at_parent
from specs.lang.types import Column, Study, Table

Ints = NDArray[np.int64]
Codes = dict[str, Ints]


@dataclass(frozen=True)
class Above:
    """The rows above a child table, one entry per parent row.

    `codes` are the child's `parent` variables, `count` the rows to draw, `begin` what a first row's time is counted from,
    `limit` the bound on time (infinite without one). `before` are the tables drawn before this one, where they are known, and
    `patient` is then each parent row's patient.
    """

    codes: Codes
    count: Ints
    begin: NDArray[Any]
    limit: NDArray[np.float64]
    before: Mapping[str, Coded] = field(default_factory=dict)
    patient: Ints | None = None


def above(
    study: Study,
    table: Table,
    chain: Chain,
    ancestors: Mapping[str, Codes],
    count: Ints,
    times: Mapping[str, Any],
    before: Mapping[str, Coded] | None = None,
) -> Above:
    """What `children` needs to know of the parents.

    `ancestors[t]` are codes of ancestor `t` aligned with the parent rows, `times` the values of time columns by
    "table.column", aligned likewise; a NULL bound is infinite. `before` are all tables drawn so far.
    """
    codes = {
        v.name: np.array(v.groups)[ancestors[v.table][v.source]] for v in chain.plan.variables.values() if v.kind == "parent"
    }
    parent = study.tables[table.parent.table] if table.parent else table
    order: Column | None = table.columns[table.order_by] if table.order_by else None
    kind = np.float64 if order and order.type == "number" else np.int64
    begin = times[f"{parent.name}.{parent.order_by}"] if starts_at_parent(study, table) else np.zeros(len(count))
    bound = bound_of(study, table)
    limit = times[".".join(bound)].astype(float) if bound else np.full(len(count), np.inf)
    return Above(
        codes, count, np.asarray(begin).astype(kind), limit, before or {}, before[parent.name].patient if before else None
    )
