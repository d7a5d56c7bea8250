"""What a plan is made of: variables, the steps that learn them, and the histograms a step asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from privacy.query import Query
from specs.lang.domain import Domain, groups

COARSE_OWN = 10
"""Groups of a child's ordered column in histograms with its kind and a context."""
EARLIER = ("__prev", "__last", "__left", "__pace")
"""How variables that depend on earlier rows are called."""

Kind = Literal["own", "count", "start", "gap", "mark", "moved", "left", "rest", "pace", "parent", "previous", "last"]


@dataclass(frozen=True, slots=True)
class Variable:
    """One code column of a coded table.

    kind      what it holds
    own       `column` of this row (finely: `name + "__fine"`); with `groups`, its codes joined by them
    count     number of this row's children in table `column` (finely: likewise); with `groups`, joined likewise
    start     `order_by` of the first row of its parent, counted from the parent's own `order_by` where it has one; else NULL
    gap       `order_by` less that of the previous row, as a multiple of the exact pace; NULL in the first row
    mark      which of the times that `order_by` has a bin of its own for the row is at, counted from 1; 0 for none of them
    moved     0 in the first row of its parent, 1 at the same `order_by` as the previous row, 2 later
    left      bound on the parent (where NULL, or without one: the range's end) less the previous row's `order_by` (for the
              first row: less the range's start), never below 0; encoded as a gap, then joined
    rest      number of rows of the same parent from this one on, itself included
    pace      `left` (before it is encoded) over the number of rows that `rest` counts, rounded down for whole units; as `left`
    parent    variable `source` of the ancestor row of table `table`
    previous  variable `source` of the previous row of the same parent; the code after the last one: no previous row
    last      `source` of the last row of the same parent with the same `by`; the code after the last one: none

    `groups[code of source]` is the code, where codes are joined; `size` counts codes.
    """

    name: str
    kind: Kind
    size: int
    column: str
    source: str = ""
    table: str = ""
    by: str = ""
    groups: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One variable to learn, its fine codes' histogram (given `by`, if any) and the histograms that tie it to contexts.

    In every factor the last column is the step's variable, or its codes joined into groups (`__coarse`); the columns before
    it are contexts, `given` first.
    """

    variable: Variable
    domain: Domain
    fine: Query
    factors: tuple[Query, ...]

    @property
    def given(self) -> str | None:
        """The variable (the row's kind) on which the step's own distribution depends, if any; first in every factor."""
        return self.fine.columns[0] if len(self.fine.columns) > 1 else None

    def joined(self, factor: Query) -> tuple[int, ...]:
        """For each code of the step the factor's code: itself, or its group."""
        return tuple(range(self.variable.size)) if factor.columns[-1] == self.variable.name else groups(self.domain, COARSE_OWN)

    @property
    def drifting(self) -> tuple[Query, ...]:
        """Factors whose contexts come from earlier rows: how often they occur depends on the chain itself."""
        return tuple(q for q in self.factors if any(c.endswith(EARLIER) for c in q.columns[:-1]))

    @property
    def main(self) -> Query | None:
        """The factor that says most: with the last value of the same kind or the pace, else the one with most cells."""
        return max(self.factors, key=lambda q: (any(c.endswith(("__last", "__pace")) for c in q.columns), q.cells), default=None)

    @property
    def given_size(self) -> int:
        """Number of codes of `given`, 1 without it."""
        return self.fine.shape[0] if self.given else 1


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is asked about one table. `variables` are all its code columns, by name."""

    table: str
    variables: dict[str, Variable]
    steps: tuple[Step, ...]

    def queries(self) -> tuple[Query, ...]:
        """Every histogram of the table, once."""
        found = {q.name: q for step in self.steps for q in (step.fine, *step.factors)}
        return tuple(found.values())
