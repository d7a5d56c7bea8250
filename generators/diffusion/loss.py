"""What is learned: cross-entropy of the hidden columns given the seen ones, over random choices of what to hide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generators.diffusion.network import Network

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def spread(rows: int, rng: np.random.Generator) -> Floats:
    """Numbers in [0, 1), (rows,): evenly spread over the rows, so not independent of each other. Not for private gradients."""
    return np.asarray((rng.permutation(rows) + rng.random(rows)) / max(rows, 1))


def masks(columns: int, order: tuple[int, ...], ordered: float, uniform: Floats, rng: np.random.Generator) -> Flags:
    """What to hide, (rows, columns): 1 to all columns, how many is decided by `uniform` (rows,) in [0, 1).

    A share `ordered` of the rows hides the columns that come last in `order`, as sampling in that order will meet them;
    the others hide any subset of that size with equal chance, so that any subset can condition. But for `uniform`, each row
    has random numbers of its own.
    """
    rows = len(uniform)
    count = 1 + np.minimum((uniform * columns).astype(np.int64), columns - 1)
    rank = rng.random((rows, columns)).argsort(1)
    place = np.empty(columns, np.int64)
    place[list(order)] = np.arange(columns)
    rank = np.where(rng.random((rows, 1)) < ordered, columns - 1 - place, rank)
    return np.asarray(rank < count[:, None])


def losses(network: Network, out: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Loss of each row (n,), in nats: its expectation over masks bounds the row's negative log-likelihood.

    With `k` of `d` columns hidden each hidden column weighs d/k (any-order autoregression: Uria et al. 2014;
    absorbing-state diffusion: Austin et al. 2021); one that does not apply weighs nothing.
    """
    aim = tokens[:, network.context :]
    weight = (mask & (aim >= 0)) * (mask.shape[1] / mask.sum(1, keepdim=True)).to(out.dtype)
    total = out.new_zeros(len(tokens))
    for i, part in enumerate(out.split(network.sizes[network.context :], 1)):
        total = total + weight[:, i] * functional.cross_entropy(part, aim[:, i].clamp(min=0), reduction="none")
    return total
