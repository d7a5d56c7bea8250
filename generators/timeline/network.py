"""The network: summed embeddings, attention to what came before, residual blocks, one head per predicted column.

Only Linear, Embedding and LayerNorm have weights, and nothing mixes patients.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate, pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generators.diffusion.device import placed, short
from generators.diffusion.flat import Parts, length, views
from generators.diffusion.layers import Layer, Layers

SLOPES = (0.0, 1.0, 1 / 8, 1 / 64)
"""How much less each attention head looks at a row of the same parent for every row that lies between (Press et al. 2022)."""
Attend = Callable[[int, Tensor, Tensor, Callable[[Tensor], Tensor]], Tensor]
"""What attention finds: of layer i, for queries (b, q, width) of positions (b, q, width), with the layer's keys and values."""


@dataclass(frozen=True)
class Network:
    """Sizes: rows of the embedding table, tokens of each predicted column, the trunk."""

    tokens: int
    sizes: tuple[int, ...]
    width: int = 128
    depth: int = 2
    inner: int = 2
    """The hidden layer of a block is `inner` times as wide as the trunk."""

    @property
    def slopes(self) -> tuple[float, ...]:
        """One per attention head; as many heads as divide the width, up to four."""
        return SLOPES[: math.gcd(self.width, len(SLOPES))]

    @property
    def heads(self) -> tuple[slice, ...]:
        """Where each predicted column's logits lie."""
        return tuple(slice(a, b) for a, b in pairwise(accumulate(self.sizes, initial=0)))

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's shape, in the order of the flat vector."""
        d, h = self.width, self.width * self.inner
        shapes: dict[str, tuple[int, ...]] = {"embed": (self.tokens, d)}
        for i in range(self.depth):
            linear = {f"query{i}": (d, d), f"keys{i}": (2 * d, d), f"found{i}": (d, d), f"in{i}": (h, d), f"out{i}": (d, h)}
            for name in (f"first{i}", f"second{i}"):
                shapes |= {f"{name}.w": (d,), f"{name}.b": (d,)}
            for name, shape in linear.items():
                shapes |= {f"{name}.w": shape, f"{name}.b": shape[:1]}
        outputs = sum(self.sizes)
        return shapes | {"last.w": (d,), "last.b": (d,), "head.w": (outputs, d), "head.b": (outputs,)}

    @property
    def length(self) -> int:
        """Number of weights."""
        return length(self.shapes)


def start(network: Network, marginals: Sequence[NDArray[np.float64]], seed: int) -> Tensor:
    """Fresh weights (length,) whose predictions are exactly `marginals`, one public distribution per predicted column."""
    generator = torch.Generator().manual_seed(seed)
    flat = torch.zeros(network.length)
    weights = views(network.shapes, flat)
    weights["embed"].normal_(0, 0.3, generator=generator)
    for name, tensor in weights.items():
        if name.startswith(("first", "second", "last")) and name.endswith(".w"):
            tensor.fill_(1.0)
        elif tensor.ndim == 2 and name.startswith(("query", "keys", "in")):
            tensor.normal_(0, tensor.shape[1] ** -0.5, generator=generator)
        elif tensor.ndim == 2 and name.startswith(("found", "out")):
            tensor.normal_(0, 0.3 * tensor.shape[1] ** -0.5, generator=generator)
    weights["head.b"].copy_(torch.from_numpy(np.concatenate([np.log(np.maximum(m, 1e-6)) for m in marginals])))
    return flat


def trunk(network: Network, weights: Parts, shown: Tensor, attend: Attend, tape: list[Layer] | None = None) -> Tensor:
    """Features (b, q, width) of positions, each the sum of rows `shown` (b, q, k) of the embedding table; row `tokens` is 0.

    On a GPU in bfloat16, but for layers that are noted: patients' gradients keep the precision of the weights.
    """
    layers = Layers(weights, tape)
    table = torch.cat([weights["embed"], weights["embed"].new_zeros(1, network.width)])
    summed = functional.embedding_bag(shown.flatten(0, 1), table, mode="sum")
    x = layers.note("embed", shown, summed.view(*shown.shape[:2], network.width))
    with short(shown.device, tape is None):
        for i in range(network.depth):
            plain = layers.norm(f"first{i}", x)
            found = attend(i, layers.linear(f"query{i}", plain), plain, partial(layers.linear, f"keys{i}"))
            x = x + layers.linear(f"found{i}", found)
            inner = functional.silu(layers.linear(f"in{i}", layers.norm(f"second{i}", x)))
            x = x + layers.linear(f"out{i}", inner)
        return layers.norm("last", x)


def attention(network: Network, query: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
    """Values (b, q, width) found by `query` (b, q, width) among `keys` (b, k, 2 width); `bias` (b, heads, q, k) is added."""
    heads = len(network.slopes)

    def split(x: Tensor) -> Tensor:
        return x.unflatten(2, (heads, -1)).transpose(1, 2)

    key, value = keys.chunk(2, 2)
    found = functional.scaled_dot_product_attention(split(query), split(key), split(value), attn_mask=bias)
    return found.transpose(1, 2).flatten(2)


def nearness(network: Network, allowed: Tensor, between: Tensor) -> Tensor:
    """`bias` (b, heads, q, k) of attention: not where it is not `allowed` (b, q, k), less with rows `between` (b, q, k)."""
    slopes = placed(np.array(network.slopes), between.device).to(between.dtype)[:, None, None]
    return torch.where(allowed[:, None], -slopes * between[:, None], float("-inf"))
