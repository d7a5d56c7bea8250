"""Patients as sequences: positions for what happened, which are attended to, and positions that ask what comes next.

A patient's history is: a beginning, the own row, then table after table every row. A row is one position, and attends to itself
and to what lies before it. Each step of a row is a position that asks: it sees what is known of the row so far, attends to
what lies before the row, and nothing attends to it. Before a row lie all tables before its own, and earlier rows of its parent:
so rows of different parents can be drawn at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.marginal.code import Codes
from generators.timeline.layout import Layout
from generators.timeline.network import nearness

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
NOTHING = 1 << 20
"""The table of positions that only fill up."""


@dataclass(frozen=True)
class Held:
    """A table's rows by patient, parent and order: `tokens` (rows, columns), `parent` (rows,), `rank` (rows,) of it from 0.

    Those of patient i are `first[i]` to `first[i + 1]`.
    """

    tokens: Ints
    parent: Ints
    rank: Ints
    first: Ints

    @staticmethod
    def of(layout: Layout, table: int, codes: Codes, patients: int) -> Held:
        """The rows of a coded table."""
        order = np.lexsort((codes.row, codes.parent, codes.patient))
        tokens = layout.tokens(table, codes.values, len(order))[order]
        parent, row = codes.parent[order], np.arange(len(order))
        begins = np.concatenate([[True], parent[1:] != parent[:-1]])[: len(order)]
        rank = row - np.maximum.accumulate(np.where(begins, row, 0))
        return Held(tokens, parent, rank, np.searchsorted(codes.patient[order], np.arange(patients + 1)))

    def rows(self, chosen: Ints, uniform: Floats, most: int) -> tuple[Ints, Ints]:
        """Rows of the patients `chosen`, and whose they are: at most `most` of each, one after the other from `uniform` on."""
        count = self.first[chosen + 1] - self.first[chosen]
        kept = np.minimum(count, most)
        begin = self.first[chosen] + np.floor(uniform * (count - kept + 1)).astype(np.int64)
        who = np.repeat(np.arange(len(chosen)), kept)
        return np.arange(len(who)) - np.repeat(np.cumsum(kept) - kept, kept) + begin[who], who


def held(layout: Layout, coded: Mapping[str, Codes]) -> tuple[Held, ...]:
    """All tables' rows, tables as numbered."""
    patients = 1 + max(int(coded[plan.table].patient.max(initial=-1)) for plan in layout.plans if plan.table in coded)
    return tuple(Held.of(layout, n, coded[p.table], patients) for n, p in enumerate(layout.plans) if p.table in coded)


@dataclass(frozen=True)
class Ask:
    """Positions (n,) that ask for one predicted column, counted through the batch; `aim` (n,) is the token that is true.

    `share` (n,) is one over the rows that the patient has in the table, as far as they are looked at.
    """

    place: Tensor
    aim: Tensor
    share: Tensor


@dataclass(frozen=True)
class Batch:
    """Some patients' sequences: `shown` (patients, positions, wide), the first `keys` positions for what happened.

    `table` and `parent` (patients, positions) say where a position belongs, `time` when: twice the row's rank, and 1 more for
    the row itself. `asks` is by predicted column of all tables.
    """

    shown: Tensor
    keys: int
    table: Tensor
    parent: Tensor
    time: Tensor
    asks: tuple[Ask, ...]

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        moved = {name: getattr(self, name).to(device) for name in ("shown", "table", "parent", "time")}
        asks = tuple(Ask(ask.place.to(device), ask.aim.to(device), ask.share.to(device)) for ask in self.asks)
        return replace(self, **moved, asks=asks)

    def bias(self, layout: Layout, dtype: torch.dtype) -> Tensor:
        """What attention adds (patients, heads, positions, keys)."""
        table, parent, time = (x[:, :, None] for x in (self.table, self.parent, self.time))
        key_table, key_parent, key_time = (x[:, None, : self.keys] for x in (self.table, self.parent, self.time))
        same = (key_table == table) & (key_parent == parent) & (key_time <= time)
        between = torch.where(same, (time - key_time) // 2, 0).to(dtype)
        return nearness(layout.network, same | (key_table < table), between)


def batch(layout: Layout, tables: Sequence[Held], chosen: Ints, uniform: Floats, most: int, asking: bool = True) -> Batch:
    """The sequences of patients `chosen`, of which each table gives at most `most` rows; without `asking` only what happened.

    `uniform` (chosen,) in [0, 1) says which rows those are. A patient's part depends on nothing of the others'.
    """
    none, beginning = np.zeros(len(chosen), np.int64), np.full((len(chosen), layout.wide), layout.network.tokens)
    beginning[:, 0] = 0
    told, asked = [(np.arange(len(chosen)), none - 1, none, none, beginning)], []
    aims: list[tuple[Ints, Floats]] = []
    for table, rows in enumerate(tables):
        index, who = rows.rows(chosen, uniform, most)
        tokens, parent, time = rows.tokens[index], rows.parent[index], 2 * rows.rank[index]
        here = np.full(len(index), table)
        told.append((who, here, parent, time + 1, layout.shown(table, tokens)))
        share = 1 / np.bincount(who, minlength=len(chosen))[who] if len(who) else np.zeros(0)
        context = len(layout.sheets[table].context)
        for step in range(len(layout.sheets[table].predicted) if asking else 0):
            has = np.flatnonzero(tokens[:, context + step] >= 0)
            asked.append((who[has], here[has], parent[has], time[has], layout.shown(table, tokens[has], step)))
            aims.append((tokens[has, context + step], share[has]))
    keys, _ = _padded(layout, told, len(chosen))
    if not asking:
        return Batch(keys[3], keys[3].shape[1], keys[0], keys[1], keys[2], ())
    asks, places = _padded(layout, asked, len(chosen))
    joined = [torch.cat([a, b], 1) for a, b in zip(keys, asks, strict=True)]
    size, first = joined[0].shape[1], keys[0].shape[1]
    ends = np.cumsum([len(aim) for aim, _ in aims])[:-1]
    whose = np.concatenate([part[0] for part in asked])
    found = zip(np.split(whose * size + first + places, ends), aims, strict=True)
    asks_ = tuple(Ask(*map(torch.from_numpy, (place, aim, share))) for place, (aim, share) in found)
    return Batch(joined[3], first, joined[0], joined[1], joined[2], asks_)


def _padded(layout: Layout, parts: Sequence[tuple[Ints, ...]], patients: int) -> tuple[list[Tensor], Ints]:
    """Table, parent, time and shown rows by patient, filled up to the longest; and each position's place at its patient."""
    who, *columns = (np.concatenate(column) for column in zip(*parts, strict=True))
    order, count = np.argsort(who, kind="stable"), np.bincount(who, minlength=patients)
    place = np.empty(len(who), np.int64)
    place[order] = np.arange(len(who)) - (np.cumsum(count) - count)[who[order]]
    found = []
    for column, filler in zip(columns, (NOTHING, 0, 0, layout.network.tokens), strict=True):
        full = np.full((patients, int(count.max(initial=0)), *column.shape[1:]), filler)
        full[who, place] = column
        found.append(torch.from_numpy(full))
    return found, place
