"""Training on rows at hand: synthetic ones before the first round, or a hospital's own where no privacy is asked for."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.diffusion.flat import views
from generators.diffusion.loss import losses, masks, spread
from generators.diffusion.network import logits, shown
from generators.diffusion.sheet import Sheet

BATCH = 256
ORDERED = 0.7
"""Share of the root's rows whose columns are hidden from the end of the order; child rows are always drawn in order."""
BETAS = (0.9, 0.99)
KEEP = 0.98
"""Memory of the running average of the weights, which is what training gives."""


def cosine(step: int, steps: int, warm: int = 20) -> float:
    """Learning rate of a step, of the largest one: a short rise, then half a cosine down to zero."""
    return min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * step / steps))


def hide(sheet: Sheet, uniform: NDArray[np.float64], rng: np.random.Generator) -> Tensor:
    """Masks (rows, predicted columns) for as many rows."""
    ordered = ORDERED if sheet.fine else 1.0
    return torch.from_numpy(masks(sheet.network.columns, sheet.order, ordered, uniform, rng))


def train(sheet: Sheet, flat: Tensor, tokens: Tensor, rates: list[float], rng: np.random.Generator) -> Tensor:
    """Weights (length,) after one step of Adam (Kingma and Ba 2015) for each of `rates`, on batches of shuffled rows."""
    leaf, average = flat.clone().requires_grad_(), flat.clone()
    adam = torch.optim.Adam([leaf], betas=BETAS)
    line = np.zeros(0, np.int64)
    size = min(BATCH, len(tokens))
    for step, rate in enumerate(rates):
        if len(line) < size:
            line = np.concatenate([line, rng.permutation(len(tokens))])
        batch, line = tokens[torch.from_numpy(line[:size])], line[size:]
        mask = hide(sheet, spread(size, rng), rng).to(flat.device)
        out = logits(sheet.network, views(sheet.network.shapes, leaf), shown(sheet.network, batch, mask))
        adam.param_groups[0]["lr"] = rate
        adam.zero_grad()
        losses(sheet.network, out, batch, mask).mean().backward()
        adam.step()
        average.lerp_(leaf.detach(), 1 - min(KEEP, (step + 1) / (step + 11)))
    return average
