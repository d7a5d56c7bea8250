"""Sequences that grow row by row: keys and values of all that happened are kept, so that a new position is all there is to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generators.diffusion.device import back, placed
from generators.diffusion.flat import views
from generators.timeline.gradient import portions
from generators.timeline.layout import WHOLE, Layout
from generators.timeline.loss import features
from generators.timeline.network import attention, nearness, trunk
from generators.timeline.sequence import NOTHING, Held, batch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
CHUNK = 512
"""Parents that are read together, those with alike many rows behind them."""


class Reader:
    """Rows of one table for parents of which each has `count` (parents,) to come and belongs to `patient` (parents,).

    `tables` are those before it. What is kept: of every position of the patients, then of every row to come of the parents.
    """

    def __init__(self, layout: Layout, flat: Tensor, table: int, tables: Sequence[Held], patient: Ints, count: Ints) -> None:
        self.layout, self.table, self.device, self.weights = layout, table, flat.device, views(layout.network.shapes, flat)
        patients = len(tables[0].first) - 1 if tables else int(patient.max(initial=-1)) + 1
        size = np.sum([np.ones(patients, np.int64), *(np.diff(rows.first) for rows in tables)], 0)
        begin = np.concatenate([[0], np.cumsum(size)])
        self.before, self.behind = begin[patient], size[patient]
        self.own = begin[-1] + np.cumsum(count) - count
        self.drawn = np.zeros(len(count), np.int64)
        kept = int(begin[-1] + count.sum())
        self.kept = [flat.new_zeros(kept, 2 * layout.network.width) for _ in range(layout.network.depth)]
        with torch.no_grad():
            self._read(tables, begin, patients)

    def ask(self, tokens: Ints, step: int, live: Ints) -> Floats:
        """Log-probabilities (live, codes) of `step` for the parents `live`, whose rows are `tokens` (live, columns) so far."""
        head = self.layout.network.heads[self.layout.first_step[self.table] + step]
        with torch.no_grad():
            found = self._features(self.layout.shown(self.table, tokens, step), live, 0)
            out = functional.linear(found, self.weights["head.w"][head], self.weights["head.b"][head])
            return back(torch.log_softmax(out, 1).double())

    def tell(self, tokens: Ints, live: Ints) -> None:
        """The row `tokens` (live, columns) of the parents `live` has happened."""
        with torch.no_grad():
            self._features(self.layout.shown(self.table, tokens, WHOLE), live, 1)
        self.drawn[live] += 1

    def _read(self, tables: Sequence[Held], begin: Ints, patients: int) -> None:
        """Keeps what the tables before say: all patients' sequences, in parallel."""
        for chosen in portions(self.layout, tables, patients, NOTHING, 0):
            some = batch(self.layout, tables, chosen, np.zeros(len(chosen)), NOTHING, asking=False).to(self.device)
            real = some.table < NOTHING
            place = placed(begin[chosen], self.device)[:, None] + torch.arange(some.keys, device=self.device)
            for kept, found in zip(self.kept, features(self.layout, self.weights, some)[1], strict=True):
                kept[place[real]] = found[real].to(kept.dtype)

    def _features(self, shown: Ints, live: Ints, whole: int) -> Tensor:
        """Features (live, width) of one new position each; with `whole` it is a row, and is kept."""
        found = self.weights["embed"].new_empty(len(live), self.layout.network.width)
        length = self.behind[live] + self.drawn[live] + whole
        order = np.argsort(length, kind="stable")
        for low in range(0, len(live), CHUNK):
            some = order[low : low + CHUNK]
            found[some] = self._chunk(placed(shown[some], self.device), live[some], whole)
        return found

    def _chunk(self, shown: Tensor, live: Ints, whole: int) -> Tensor:
        """As `_features`, for at most `CHUNK` positions."""
        before, behind, own, drawn = (
            placed(x[live], self.device)[:, None] for x in (self.before, self.behind, self.own, self.drawn)
        )
        column = torch.arange(int((behind + drawn).max()) + whole, device=self.device)
        mine = column >= behind
        there = column < behind + drawn + whole
        place = torch.where(mine, own + column - behind, before + column)
        place = torch.where(there, place, 0)
        between = torch.where(mine & there, drawn - (column - behind) - (1 - whole), 0).float()
        bias = nearness(self.layout.network, there[:, None], between[:, None])

        def attend(layer: int, query: Tensor, plain: Tensor, keys: Callable[[Tensor], Tensor]) -> Tensor:
            kept = self.kept[layer]
            if whole:
                kept[(own + drawn)[:, 0]] = keys(plain)[:, 0].to(kept.dtype)
            return attention(self.layout.network, query, kept[place], bias)

        return trunk(self.layout.network, self.weights, shown[:, None], attend)[:, 0]
