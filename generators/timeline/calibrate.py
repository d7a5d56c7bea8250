"""The last touch of the patients' own row: its columns' shares are made to be those of the noised histograms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from generators.diffusion.device import placed
from generators.marginal.chain import draw
from generators.timeline.layout import Layout
from generators.timeline.reader import Reader

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
ROWS = 4096
"""Rows drawn to see what the network says."""
SWEEPS = 8
FIRM = 2.0
"""Rows that a share is held by: tokens rarer than this move little."""


def calibrated(layout: Layout, flat: Tensor, aim: Ints, rng: np.random.Generator) -> Tensor:
    """Weights (length,) whose rows have about the token shares of `aim` (rows, columns). Only heads' biases move.

    Column after column, given the columns drawn before: the mean of what the network says of a token is compared with its
    share, and its bias moved by the logarithm of the ratio: iterative proportional fitting of a margin (Deming and Stephan 1940).
    """
    found, sheet, everyone = flat.clone(), layout.sheets[0], np.arange(ROWS)
    bias = found[-sum(layout.network.sizes) :]
    reader = Reader(layout, found, 0, (), everyone, np.zeros(ROWS, np.int64))
    tokens = np.full((ROWS, len(sheet.columns)), -1)
    for step in sheet.order:
        said, column = reader.ask(tokens, step, everyone), len(sheet.context) + step
        shift = _shift(said, np.bincount(aim[:, column], minlength=said.shape[1]))
        bias[layout.network.heads[step]] += placed(shift, bias.device).float()
        tokens[:, column] = draw(said + shift, None, rng.random(ROWS))
    return found


def _shift(said: Floats, count: Ints) -> Floats:
    """What to add (tokens,) to log-probabilities `said` (rows, tokens), so that their mean is as `count` (tokens,)."""
    shift, rows = np.zeros(len(count)), count.sum()
    for _ in range(SWEEPS):
        odds = np.exp(said + shift)
        share = (odds / odds.sum(1, keepdims=True)).mean(0)
        shift += np.log((count + FIRM) / (share * rows + FIRM))
    return shift
