"""What the rows before a row said, kind by kind: of each kind of row the last one of the same parent.

The plan's own contexts remember the last row and the last value of the row's own kind, in few groups. A network can look at
more: of every kind the last value and the mean so far, bin by bin; of rows that are nothing but their kind, how many there were.
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
        """Number of tokens of each column; the last one stands for no row yet where values are remembered."""
        return self.value.size + 1 if self.value else MOST_TIMES + 1

    @property
    def names(self) -> tuple[str, ...]:
        """One column a kind, or two: the last value and the mean of all."""
        said = ("last", "mean") if self.value else ("times",)
        return tuple(f"{self.kind.name}__{kind}__{what}" for what in said for kind in range(self.kind.size))

    def begin(self, parents: int) -> Ints:
        """What is known (parents, kinds, 3) before any row: number of rows, sum of their values, last value."""
        return np.zeros((parents, self.kind.size, 3), np.int64)

    def after(self, known: Ints, kind: Ints, value: Ints | None) -> Ints:
        """What is known once a row of `kind` (parents,) with `value` (parents,) is there."""
        found, at = known.copy(), np.arange(len(kind))
        said = np.zeros(len(kind), np.int64) if value is None else value
        found[at, kind] = np.stack([known[at, kind, 0] + 1, known[at, kind, 1] + said, said], 1)
        return found

    def shown(self, known: Ints) -> Ints:
        """Tokens (parents, columns) of what is known."""
        times, total, last = np.moveaxis(known, 2, 0)
        if self.value is None:
            return np.asarray(np.minimum(times, MOST_TIMES))
        both = np.concatenate([last, total // np.maximum(times, 1)], 1)
        return np.where(np.tile(times, (1, 2)) > 0, both, self.size - 1)

    def tokens(self, codes: Codes) -> Ints:
        """Tokens (rows, columns) of the rows before each row of the same parent."""
        order = np.lexsort((codes.row, codes.parent))
        kind = codes.values[self.kind.name][order]
        value = codes.values[self.value.name][order] if self.value else np.zeros(len(order), np.int64)
        place = np.arange(len(order))
        first = np.maximum.accumulate(np.where(np.diff(codes.parent[order], prepend=-1) != 0, place, 0))
        known = self.begin(len(order))
        for k in range(self.kind.size):
            here = kind == k
            last = np.concatenate([[-1], np.maximum.accumulate(np.where(here, place, -1))[:-1]])[: len(order)]
            sums = (np.cumsum(part) - part for part in (here.astype(np.int64), here * value))
            known[order, k] = np.stack([*(sum_ - sum_[first] for sum_ in sums), value[last]], 1)
        return self.shown(known)
