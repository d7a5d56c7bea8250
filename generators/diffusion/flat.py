"""Networks whose weights are one flat vector, since that is what is summed or averaged over hospitals; layers are views of it."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import torch
from torch import Tensor

Parts = dict[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]


def length(shapes: Shapes) -> int:
    """Number of weights."""
    return sum(prod(shape) for shape in shapes.values())


def views(shapes: Shapes, flat: Tensor) -> Parts:
    """Each layer's weights, as views of the flat vector (length,)."""
    parts = torch.split(flat, [prod(shape) for shape in shapes.values()])
    return {name: part.view(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def linear(name: str, inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    """Shapes of a linear layer."""
    return {f"{name}.w": (outputs, inputs), f"{name}.b": (outputs,)}


def start(shapes: Shapes, generator: torch.Generator) -> Tensor:
    """Fresh weights (length,): linear layers uniform up to one over the root of their inputs, as Torch does it; others 0."""
    flat = torch.zeros(length(shapes))
    weights = views(shapes, flat)
    for name, part in weights.items():
        if name.endswith(".w"):
            bound = part.shape[1] ** -0.5
            part.uniform_(-bound, bound, generator=generator)
            weights[name.removesuffix("w") + "b"].uniform_(-bound, bound, generator=generator)
    return flat
