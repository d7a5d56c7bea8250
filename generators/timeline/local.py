"""Training on rows at hand: synthetic ones before the first round, or a hospital's own where no privacy is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.timeline.layout import Layout
from generators.timeline.loss import loss
from generators.timeline.network import views
from generators.timeline.sequence import Held, batch

Ints = NDArray[np.int64]
BATCH = 32
"""Patients of a step."""
POOL = 16
"""Batches among which patients are put with others of alike length."""
MOST = 256
"""Rows of a table that a patient's sequence holds, at most: a random stretch of them."""
BETAS = (0.9, 0.99)
KEEP = 0.98
"""Memory of the running average of the weights, which is what training gives."""


def train(layout: Layout, flat: Tensor, tables: Sequence[Held], rates: Sequence[float], rng: np.random.Generator) -> Tensor:
    """Weights (length,) after one step of Adam (Kingma and Ba 2015) for each of `rates`, on batches of shuffled patients."""
    leaf, average = flat.clone().requires_grad_(), flat.clone()
    adam = torch.optim.Adam([leaf], betas=BETAS)
    for step, (rate, chosen) in enumerate(zip(rates, _batches(tables, rng), strict=False)):
        some = batch(layout, tables, chosen, rng.random(len(chosen)), MOST)
        asked = sum(len(ask.aim) for ask in some.asks)
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        (loss(layout, views(layout.network, leaf), some, False) / asked).backward()
        torch.nn.utils.clip_grad_norm_([leaf], 1.0)
        adam.step()
        average.lerp_(leaf.detach(), 1 - min(KEEP, (step + 1) / (step + 11)))
    return average


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
