"""What is learned: cross-entropy of the hidden columns given the seen ones, over random choices of what to hide."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from generators.diffusion.network import Network


def masks(network: Network, n: int, order: Sequence[int], ordered: float, generator: torch.Generator) -> Tensor:
    """What to hide, (n, predicted columns): how many is spread evenly over 1..columns, stratified over the n rows.

    A share `ordered` of the rows hides the columns that come last in `order`, as sampling in that order will meet them;
    the others hide any subset of that size with equal chance, so that any subset can condition.
    """
    columns = network.columns
    spread = (torch.randperm(n, generator=generator) + torch.rand(n, generator=generator)) / n
    count = 1 + (spread * columns).long().clamp(max=columns - 1)
    rank = torch.rand(n, columns, generator=generator).argsort(1)
    place = torch.empty(columns, dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(columns)
    follows = torch.rand(n, generator=generator) < ordered
    rank = torch.where(follows[:, None], columns - 1 - place, rank)
    return rank < count[:, None]


def losses(network: Network, out: Tensor, tokens: Tensor, mask: Tensor) -> Tensor:
    """Loss of each row (n,), in nats: its expectation over masks bounds the row's negative log-likelihood.

    With `k` of `d` columns hidden each hidden column weighs d/k (any-order autoregression: Uria et al. 2014;
    absorbing-state diffusion: Austin et al. 2021).
    """
    weight = mask * (mask.shape[1] / mask.sum(1, keepdim=True))
    total = torch.zeros(len(tokens))
    for i, head in enumerate(network.heads):
        total = total + weight[:, i] * functional.cross_entropy(out[:, head], tokens[:, network.context + i], reduction="none")
    return total
