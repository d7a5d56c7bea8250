"""From plans to one network for all tables: rows of the embedding table, and what is known when a step is predicted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
import torch
from numpy.typing import NDArray

from generators.diffusion.device import Wish, device
from generators.diffusion.sheet import Sheet
from generators.marginal.plan import Plan
from generators.timeline.network import Network

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
WHOLE = -1
"""In place of a step: the whole row."""


class Page(Sheet):
    """A table's columns without reminders of earlier rows: attention sees those themselves."""

    history = None


@dataclass(frozen=True)
class Layout:
    """Tables are numbered in the order of `plans`, parents first. Row 0 of the embedding table says that a patient begins."""

    plans: tuple[Plan, ...]
    width: int
    depth: int
    wish: Wish = "auto"

    @property
    def device(self) -> torch.device:
        """Where the network computes."""
        return device(self.wish)

    @cached_property
    def sheets(self) -> tuple[Page, ...]:
        """Each table's columns and tokens; the patients' own finely."""
        return tuple(Page(plan, number == 0, self.width, self.depth) for number, plan in enumerate(self.plans))

    @cached_property
    def first_step(self) -> tuple[int, ...]:
        """Each table's first predicted column among those of all tables."""
        return tuple(accumulate((len(sheet.predicted) for sheet in self.sheets), initial=0))

    @cached_property
    def wide(self) -> int:
        """Rows of the embedding table that a position is the sum of, at most."""
        return 1 + max(len(sheet.columns) for sheet in self.sheets)

    @cached_property
    def network(self) -> Network:
        """Its sizes: markers of each table's steps and of its whole rows, then tokens of its columns."""
        sizes = tuple(column.size for sheet in self.sheets for column in sheet.predicted)
        return Network(self._ends[-1], sizes, self.width, self.depth)

    def shown(self, table: int, tokens: Ints, step: int = WHOLE) -> Ints:
        """Rows of the embedding table (n, wide) for rows `tokens` (n, columns): what is known before `step`, or all.

        A token of -1 is unknown, or does not apply; which of the two follows from the step.
        """
        found = np.full((len(tokens), self.wide), self.network.tokens)
        steps, columns = self._known[table].shape
        found[:, 0] = self._ends[table] + step % steps
        known = self._known[table][step] & (tokens >= 0)
        found[:, 1 : 1 + columns] = np.where(known, tokens + self._first[table], self.network.tokens)
        return found

    def tokens(self, table: int, codes: Mapping[str, Ints], rows: int) -> Ints:
        """Tokens (rows, columns) of codes, some of which are not drawn yet."""
        unknown, columns = np.full(rows, -1), self.sheets[table].columns
        return np.stack([column.tokens(codes.get(column.name, unknown)) for column in columns], 1)

    @cached_property
    def _ends(self) -> tuple[int, ...]:
        sizes = (1 + len(s.predicted) + sum(column.size for column in s.columns) for s in self.sheets)
        return tuple(accumulate(sizes, initial=1))

    @cached_property
    def _first(self) -> tuple[Ints, ...]:
        """The embedding row of token 0 of each table's columns."""
        return tuple(self._begun(number, sheet) for number, sheet in enumerate(self.sheets))

    def _begun(self, number: int, sheet: Sheet) -> Ints:
        sizes = [column.size for column in sheet.columns]
        return self._ends[number] + 1 + len(sheet.predicted) + np.cumsum([0, *sizes[:-1]])

    @cached_property
    def _known(self) -> tuple[Flags, ...]:
        """(steps + 1, columns) of each table: what is known before each step, and at last of the whole row."""
        return tuple(_known(sheet) for sheet in self.sheets)


def _known(sheet: Sheet) -> Flags:
    context, steps = len(sheet.context), len(sheet.predicted)
    place = np.empty(steps, np.int64)
    place[list(sheet.order)] = np.arange(steps)
    known = np.ones((steps + 1, context + steps), bool)
    for step in range(steps):
        known[step, context:] = place < place[step]
        for column, after in enumerate(sheet.network.after):
            known[step, column] = all(place[other] < place[step] for other in after)
    return known
