"""The network: summed embeddings of the columns' tokens, residual blocks, one head per predicted column.

Only Linear, Embedding and LayerNorm, none of which mixes rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generators.diffusion.device import placed, short
from generators.diffusion.flat import Parts, length, views
from generators.diffusion.layers import Layer, Layers

BESIDES = 2
"""Rows of the embedding table of a column besides its tokens': "hidden" and "does not apply"."""


@dataclass(frozen=True)
class Network:
    """Sizes: tokens per column (context first), how many columns are context (never predicted), the trunk.

    `after[c]` are the predicted columns that decide context column `c`, so that it is hidden while one of them is.
    """

    sizes: tuple[int, ...]
    context: int = 0
    width: int = 128
    depth: int = 2
    after: tuple[tuple[int, ...], ...] = ()
    inner: int = 2
    """The hidden layer of a block is `inner` times as wide as the trunk."""

    @property
    def columns(self) -> int:
        """Number of predicted columns."""
        return len(self.sizes) - self.context

    @property
    def first(self) -> tuple[int, ...]:
        """First row of each column in the embedding table; a column has `size + BESIDES` rows."""
        return tuple(accumulate((size + BESIDES for size in self.sizes[:-1]), initial=0))

    @property
    def heads(self) -> tuple[slice, ...]:
        """Where each predicted column's logits lie."""
        ends = list(accumulate(self.sizes[self.context :], initial=0))
        return tuple(slice(a, b) for a, b in pairwise(ends))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's shape, in the order of the flat vector."""
        d, h = self.width, self.width * self.inner
        shapes: dict[str, tuple[int, ...]] = {"embed": (sum(self.sizes) + BESIDES * len(self.sizes), d)}
        for i in range(self.depth):
            shapes |= {f"norm{i}.w": (d,), f"norm{i}.b": (d,), f"in{i}.w": (h, d), f"in{i}.b": (h,)}
            shapes |= {f"out{i}.w": (d, h), f"out{i}.b": (d,)}
        outputs = sum(self.sizes[self.context :])
        return shapes | {"norm.w": (d,), "norm.b": (d,), "head.w": (outputs, d), "head.b": (outputs,)}

    @property
    def length(self) -> int:
        """Number of weights."""
        return length(self.shapes)


def start(network: Network, marginals: Sequence[NDArray[np.float64]], seed: int) -> Tensor:
    """Fresh weights (length,) whose predictions are exactly `marginals`, one public distribution per predicted column.

    The heads' matrices are zero, so that only the biases, the logarithms of the marginals, speak at first.
    """
    generator = torch.Generator().manual_seed(seed)
    flat = torch.zeros(network.length)
    weights = views(network.shapes, flat)
    weights["embed"].normal_(0, len(network.sizes) ** -0.5, generator=generator)
    for name, tensor in weights.items():
        if name.startswith("norm") and name.endswith(".w"):
            tensor.fill_(1.0)
        elif name.startswith("in") and name.endswith(".w"):
            tensor.normal_(0, tensor.shape[1] ** -0.5, generator=generator)
        elif name.startswith("out") and name.endswith(".w"):
            tensor.normal_(0, 0.3 * tensor.shape[1] ** -0.5, generator=generator)
    share = np.concatenate([np.maximum(m, 1e-6) / np.maximum(m, 1e-6).sum() for m in marginals])
    weights["head.b"].copy_(torch.from_numpy(np.log(share)))
    return flat


def shown(network: Network, tokens: Tensor, mask: Tensor) -> Tensor:
    """Rows of the embedding table (n, columns) for `tokens` (n, columns), -1 where a column does not apply.

    `mask` (n, predicted columns) is what is hidden; with it goes the context that follows from it. That a column does not
    apply is never hidden.
    """
    none = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
    follows = [mask[:, torch.tensor(on)].any(1) if on else none for on in network.after or [()] * network.context]
    hidden = torch.cat([*(f[:, None] for f in follows), mask], 1)
    sizes = placed(np.array(network.sizes), tokens.device)
    rows = torch.where(tokens < 0, sizes + 1, torch.where(hidden, sizes, tokens))
    return rows + placed(np.array(network.first), tokens.device)


def trunk(network: Network, weights: Parts, rows: Tensor, tape: list[Layer] | None = None) -> Tensor:
    """Features (n, width) of rows of the embedding table (n, columns); layers are noted on `tape`.

    On a GPU in bfloat16, but for layers that are noted: patients' gradients keep the precision of the weights.
    """
    layers = Layers(weights, tape)
    x = layers.note("embed", rows, functional.embedding_bag(rows, weights["embed"], mode="sum"))
    with short(rows.device, tape is None):
        for i in range(network.depth):
            inner = functional.silu(layers.linear(f"in{i}", layers.norm(f"norm{i}", x)))
            x = x + layers.linear(f"out{i}", inner)
        return layers.norm("norm", x)


def logits(network: Network, weights: Parts, rows: Tensor, tape: list[Layer] | None = None) -> Tensor:
    """Logits (n, tokens of all predicted columns)."""
    return Layers(weights, tape).linear("head", trunk(network, weights, rows, tape))
