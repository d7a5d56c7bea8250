"""What may be asked of a hospital: groups of histograms of coded rows, bounded per patient.

A query counts, over one coded table, the rows in each cell of `columns`. Queries of one group (same `group`, same
`table`, same `scale`) share one integer weight per patient. With `h_f` the histogram of a patient's own rows in query `f`
of a group of `k` queries, and Q the sum of the squares of all their cells, the patient contributes `w * h_f` to each, with

    Q = sum_f sum(h_f^2)          w = isqrt(k * scale^2 // Q)          (Q = 0 contributes nothing)

so that `sum_f ||w h_f||^2 = w^2 Q <= k * scale^2` whatever the patient's rows: adding or removing one patient with all
their rows changes the stacked answers by at most `sqrt(sum_f scale^2)` in L2. All is exact integer arithmetic. A patient
with one row contributes `scale` to one cell of each query, as in a plain count.

Normalising a patient's whole contribution instead of counting at most so many rows follows clipping in Abadi et al. 2016
(arXiv 1607.00133) and user-level bounds in Wilson et al. 2020 (arXiv 1909.01917); one weight for a whole group keeps the
margins of its histograms consistent with each other.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

UNIT = 1024
"""Integer units that stand for one patient: counts are scaled up so that weights and noise shares are fine-grained."""


@dataclass(frozen=True, slots=True)
class Query:
    """One bounded histogram.

    `table` is a coded table, `columns` its code columns and `shape` their sizes. A row where any code of `columns` is NULL
    counts nowhere in this query. The answer is a flat integer vector in C order (last column fastest).
    `scale` is the L2 bound of one patient in integer units, on average over the group; a larger scale buys accuracy with
    more of the budget.
    """

    name: str
    table: str
    columns: tuple[str, ...]
    shape: tuple[int, ...]
    group: str
    scale: int = UNIT

    @property
    def cells(self) -> int:
        """Length of the answer."""
        return math.prod(self.shape)


def grouped(queries: Iterable[Query]) -> dict[str, tuple[Query, ...]]:
    """Queries by group, in order. Raises ValueError if a group mixes tables or scales."""
    groups: dict[str, tuple[Query, ...]] = {}
    for query in queries:
        groups[query.group] = (*groups.get(query.group, ()), query)
    for name, members in groups.items():
        if len({(q.table, q.scale) for q in members}) > 1:
            raise ValueError(f"group {name} mixes tables or scales")
    return groups


def digest(queries: Sequence[Query]) -> str:
    """SHA-256 over the canonical form of the queries: what a site approves and a ledger books."""
    names = [f.name for f in fields(Query)]
    text = json.dumps([{name: getattr(q, name) for name in names} for q in queries], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def l2_bound(queries: Sequence[Query]) -> float:
    """L2 sensitivity of the stacked answers, in integer units."""
    return math.sqrt(sum(q.scale**2 for q in queries))
