"""From a plan to a network: which code columns of a patients' table are predicted, which are context, and their tokens.

Predicted are the plan's steps. Context is what a row is drawn after: parents, the rows before it, the time left. Both follow
from the spec alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from generators.diffusion.device import Wish, device
from generators.diffusion.history import History
from generators.diffusion.network import Network
from generators.marginal.code import Codes
from generators.marginal.plan import Plan, Step, Variable
from specs.lang.domain import SPLIT

Ints = NDArray[np.int64]
CONTEXT = ("parent", "previous", "last", "left", "rest", "pace")


@dataclass(frozen=True)
class Column:
    """Code column `name` of a coded table as tokens: `codes[token]` is a token's code; empty where both are the same."""

    name: str
    size: int
    codes: tuple[int, ...] = ()

    def tokens(self, codes: Ints) -> Ints:
        """Tokens (n,) of codes; -1 stays."""
        if not self.codes:
            return codes
        table = np.searchsorted(self.codes, np.arange(self.codes[-1] + 1), side="right") - 1
        return np.asarray(np.where(codes < 0, -1, table[codes]))

    def back(self, tokens: Ints) -> Ints:
        """Codes (n,) of tokens."""
        return np.array(self.codes)[tokens] if self.codes else tokens


@dataclass(frozen=True)
class Sheet:
    """A patients' table as its network sees it. With `fine`, ordered columns whose bins hang on nothing are parts of bins."""

    plan: Plan
    fine: bool
    width: int
    depth: int
    wish: Wish = "auto"

    @property
    def device(self) -> torch.device:
        """Where its network computes."""
        return device(self.wish)

    @cached_property
    def predicted(self) -> tuple[Column, ...]:
        """The plan's steps, in its order."""
        return tuple(self._predicted(step) for step in self.plan.steps)

    @cached_property
    def context(self) -> tuple[Column, ...]:
        """All else that says something: not what follows from a predicted column of the same row alone."""
        history = [Column(name, self.history.size) for name in self.history.names] if self.history else []
        return (*(Column(v.name, v.size) for v in self._contexts()), *history)

    @cached_property
    def history(self) -> History | None:
        """What child rows are reminded of besides the plan's contexts."""
        return None if self.fine else History.of(self.plan)

    @property
    def columns(self) -> tuple[Column, ...]:
        """Inputs of the network, in its order."""
        return (*self.context, *self.predicted)

    @cached_property
    def network(self) -> Network:
        """Its sizes."""
        sizes = tuple(column.size for column in self.columns)
        after = tuple(self._after(v) for v in self._contexts()) + ((),) * (len(self.history.names) if self.history else 0)
        return Network(sizes, len(self.context), self.width, self.depth, after)

    @property
    def order(self) -> tuple[int, ...]:
        """The order in which predicted columns are drawn: the plan's; of rows without a parent those of few tokens last.

        What one asks of a table is mostly of few tokens (who died): drawn last, it is what the network says of all the rest.
        """
        places = range(len(self.predicted))
        return tuple(sorted(places, key=lambda i: -self.predicted[i].size)) if self.fine else tuple(places)

    def tokens(self, codes: Codes) -> Ints:
        """Tokens (rows, columns) of a coded table, -1 where one does not apply."""
        values = dict(codes.values)
        if self.history:
            values |= zip(self.history.names, self.history.tokens(codes).T, strict=True)
        return np.stack([column.tokens(values[column.name]) for column in self.columns], 1)

    def _predicted(self, step: Step) -> Column:
        name, dom = step.variable.name, step.domain
        if not (self.fine and dom.ordered and step.given is None):
            return Column(name, step.variable.size)
        parts = [i * SPLIT + part for i, cell in enumerate(dom.cells[0]) for part in range(cell.parts)]
        codes = (*parts, *([dom.fine_size - 1] if dom.nullable else []))
        return Column(f"{name}__fine", len(codes), codes)

    def _contexts(self) -> list[Variable]:
        steps = {step.variable.name for step in self.plan.steps}
        place = [v for v in self.plan.variables.values() if v.kind == "own" and v.name not in steps and not v.source]
        return [v for v in self.plan.variables.values() if v.kind in CONTEXT] + place

    def _after(self, context: Variable) -> tuple[int, ...]:
        """Predicted columns that decide a context: the row's kind its last value, the time since the last row its time."""
        found = enumerate(step.variable for step in self.plan.steps)
        if context.kind == "last":
            return tuple(i for i, v in found if v.name == context.by)
        if context.kind == "own":
            return tuple(i for i, v in found if v.kind in ("start", "gap"))
        return ()
