"""The last touch of a root table's network: its columns' own shares are made to be those of the noised histograms."""

from __future__ import annotations

import numpy as np
from torch import Tensor

from generators.diffusion.device import placed
from generators.diffusion.flat import views
from generators.diffusion.sample import Tokens, passes, sample
from generators.diffusion.sheet import Sheet

SWEEPS = 4
FIRM = 2.0
"""Rows that a share is held by: tokens rarer than this move little."""


def calibrated(sheet: Sheet, flat: Tensor, aim: Tokens, rng: np.random.Generator) -> Tensor:
    """Weights (length,) whose drawn rows have about the token shares of `aim` (rows, columns). Only heads' biases move.

    What is drawn is compared with `aim`, and every token's bias moved by the logarithm of the ratio: iterative proportional
    fitting of the model's margins (Deming and Stephan 1940), with rows drawn in place of sums over all of them.
    """
    network, found = sheet.network, flat.clone()
    bias = views(network.shapes, found)["head.b"]
    plan, hidden = passes(sheet.order, network.columns), np.full(aim.shape, -1)
    for _ in range(SWEEPS):
        drawn = sample(network, found, hidden, plan, rng)
        for column, (head, size) in enumerate(zip(network.heads, network.sizes, strict=True)):
            wanted, got = (np.bincount(rows[:, column], minlength=size) + FIRM for rows in (aim, drawn))
            bias[head] += placed(np.log(wanted / got), bias.device).float()
    return found
