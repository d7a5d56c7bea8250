"""What the rows before a row said, kind by kind: of each kind of row the last one of the same parent.

The plan's own contexts remember the last row and the last value of the row's own kind, in few groups. A network can look at
more: of every kind the last value, bin by bin; of rows that are nothing but their kind, how many there were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.marginal.code import Codes
from generators.marginal.plan import Plan, Variable

Ints = NDArray[np.int64]
MOST_KINDS = 24
"""With more kinds of rows than this nothing is remembered here."""
MOST_TIMES = 3
"""Rows of a kind are counted up to this."""


@dataclass(frozen=True)
class History:
    """`kind` is a row's kind, `value` what is remembered of the last row of each kind; without it rows are counted."""

    kind: Variable
    value: Variable | None

    @staticmethod
    def of(plan: Plan) -> History | None:
        """What a child table's rows are reminded of, if they have kinds."""
        steps = {step.variable.name: step for step in plan.steps}
        last = [v for v in plan.variables.values() if v.kind == "last"]
        before = [v.source for v in plan.variables.values() if v.kind == "previous" and v.source in steps]
        name = last[0].by if last else next((n for n in before if not steps[n].domain.ordered), None)
        if name is None or steps[name].variable.size > MOST_KINDS:
            return None
        values = [s.variable for s in plan.steps if last and s.variable.column == last[0].column]
        return History(steps[name].variable, values[0] if values else None)

    @property
    def size(self) -> int:
        """Number of tokens of each kind's column; the last code stands for no row yet where values are remembered."""
        return self.value.size + 1 if self.value else MOST_TIMES + 1

    @property
    def names(self) -> tuple[str, ...]:
        """One column a kind."""
        return tuple(f"{self.kind.name}__was__{kind}" for kind in range(self.kind.size))

    def empty(self, rows: int) -> Ints:
        """Tokens (rows, kinds) before any row."""
        return np.full((rows, self.kind.size), self.size - 1 if self.value else 0)

    def after(self, tokens: Ints, kind: Ints, value: Ints | None) -> Ints:
        """New tokens (rows, kinds) once a row of `kind` (rows,) with `value` (rows,) is there."""
        found, at = tokens.copy(), np.arange(len(kind))
        found[at, kind] = np.minimum(found[at, kind] + 1, MOST_TIMES) if value is None else value
        return found

    def tokens(self, codes: Codes) -> Ints:
        """Tokens (rows, kinds) of the rows before each row of the same parent."""
        order = np.lexsort((codes.row, codes.parent))
        place, parent, kind = np.arange(len(order)), codes.parent[order], codes.values[self.kind.name][order]
        begins = np.diff(parent, prepend=-1) != 0
        first = np.maximum.accumulate(np.where(begins, place, 0)) if len(order) else place
        found = self.empty(len(order))
        for k in range(self.kind.size):
            if self.value is None:
                before = np.cumsum(kind == k) - (kind == k)
                found[order, k] = np.minimum(before - before[first], MOST_TIMES)
                continue
            last = np.maximum.accumulate(np.where(kind == k, place, -1))
            last = np.concatenate([[-1], last[:-1]])[: len(order)]
            value = codes.values[self.value.name][order]
            found[order, k] = np.where(last >= first, value[last], self.size - 1)
        return found
