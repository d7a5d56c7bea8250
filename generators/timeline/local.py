"""Training on rows at hand: synthetic ones before the first round, or a hospital's own where no privacy is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.diffusion.flat import views
from generators.timeline.layout import Layout
from generators.timeline.loss import loss
from generators.timeline.sequence import Batch, Held, batch

Ints = NDArray[np.int64]
BATCH = 32
"""Patients of a step."""
POOL = 16
"""Batches among which patients are put with others of alike length."""
MOST = 256
"""Rows of a table that a patient's sequence holds, at most: a random stretch of them."""
BETAS = (0.9, 0.99)
DROP = 0.15
"""Share of what a position is the sum of that is hidden at random in each step, so that nothing hangs on one thing alone."""


def train(layout: Layout, flat: Tensor, tables: Sequence[Held], rates: Sequence[float], rng: np.random.Generator) -> Tensor:
    """Weights (length,) after one step of Adam (Kingma and Ba 2015) for each of `rates`, on batches of shuffled patients."""
    leaf, hidden = flat.clone().requires_grad_(), torch.Generator().manual_seed(int(rng.integers(1 << 62)))
    adam = torch.optim.Adam([leaf], betas=BETAS)
    for rate, chosen in zip(rates, _batches(tables, rng), strict=False):
        some = _less(layout, batch(layout, tables, chosen, rng.random(len(chosen)), MOST), hidden).to(flat.device)
        asked = sum(len(ask.aim) for ask in some.asks)
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        (loss(layout, views(layout.network.shapes, leaf), some, False) / asked).backward()
        torch.nn.utils.clip_grad_norm_([leaf], 1.0)
        adam.step()
    return leaf.detach()


def _less(layout: Layout, some: Batch, random: torch.Generator) -> Batch:
    """The same with less to see: markers of steps stay."""
    hidden = torch.rand(some.shown.shape, generator=random) < DROP
    hidden[..., 0] = False
    return replace(some, shown=torch.where(hidden, layout.network.tokens, some.shown))


def _batches(tables: Sequence[Held], rng: np.random.Generator) -> Iterator[Ints]:
    """Patients of batch after batch, without end; each patient comes once before any comes again."""
    length = np.sum([np.diff(table.first) for table in tables], 0)
    while True:
        line = rng.permutation(len(length))
        for low in range(0, len(line), BATCH * POOL):
            pool = line[low : low + BATCH * POOL]
            pool = pool[np.argsort(length[pool], kind="stable")]
            parts = [pool[at : at + BATCH] for at in range(0, len(pool), BATCH)]
            yield from (parts[int(i)] for i in rng.permutation(len(parts)))
