"""Training on rows at hand: a hospital's own where no privacy is asked for, or synthetic ones before the first round."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from generators.diffusion.flat import views
from generators.tvae.network import CODE, LEAST, MOST, Sizes, losses

BATCH = 500
RATE, DECAY = 1e-3, 1e-5


def train(sizes: Sizes, flat: Tensor, rows: Tensor, steps: int, rng: np.random.Generator) -> Tensor:
    """Weights (length,) after so many steps of Adam (Kingma and Ba 2015) on batches of shuffled `rows` (n, row)."""
    noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
    leaf = flat.clone().requires_grad_()
    adam = torch.optim.Adam([leaf], RATE, weight_decay=DECAY)
    size, line = min(BATCH, len(rows)), np.zeros(0, np.int64)
    for _ in range(steps):
        if len(line) < size:
            line = np.concatenate([line, rng.permutation(len(rows))])
        batch, line = rows[torch.from_numpy(line[:size])], line[size:]
        adam.zero_grad()
        random = torch.randn(size, CODE, generator=noise).to(flat.device)
        losses(sizes, views(sizes.shapes, leaf), batch, random).mean().backward()
        adam.step()
        views(sizes.shapes, leaf.detach())["sigma"].clamp_(LEAST, MOST)
    return leaf.detach()
