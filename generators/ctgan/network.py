"""Generator and critic of CTGAN (Xu et al. 2019, section 4.4).

The generator's batch normalisation mixes rows, but only those it makes itself, from public numbers: its statistics depend on
the weights alone, so that there are no running ones to average. The critic, which sees patients, has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from generators.ctgan.fields import Fields
from generators.diffusion.flat import Parts, linear

NOISE = 128
"""Length of the random vector a row is made from."""
PAC = 10
"""Rows that the critic judges together (PacGAN: Lin et al. 2018)."""
HEAT = 0.2
"""Temperature of the Gumbel softmax (Jang et al. 2017)."""
LEAK, DROP = 0.2, 0.5
Moments = Sequence[tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Sizes:
    """Sizes that follow from the fields: `away` distances, `blocks` choices a field, `given` entries of a condition."""

    away: int
    blocks: tuple[int, ...]
    given: int
    width: int
    depth: int

    @staticmethod
    def of(fields: Fields, width: int, depth: int) -> Sizes:
        """Networks `width` wide and `depth` layers deep."""
        return Sizes(len(fields.ordered), tuple(fields.blocks), fields.given, width, depth)

    @property
    def row(self) -> int:
        """Length of a row's vector."""
        return self.away + sum(self.blocks)

    @property
    def generator(self) -> dict[str, tuple[int, ...]]:
        """Shapes: each layer's output stands before its input in the next one's (residual, as in the authors' code)."""
        shapes: dict[str, tuple[int, ...]] = {}
        size = NOISE + self.given
        for i in range(self.depth):
            shapes |= linear(f"layer{i}", size, self.width) | {f"norm{i}.scale": (self.width,), f"norm{i}.shift": (self.width,)}
            size += self.width
        return shapes | linear("out", size, self.row)

    @property
    def critic(self) -> dict[str, tuple[int, ...]]:
        """Shapes: it sees `PAC` rows with their conditions."""
        ends = [PAC * (self.row + self.given), *[self.width] * self.depth]
        shapes = [linear(f"layer{i}", a, b) for i, (a, b) in enumerate(pairwise(ends))]
        return {name: shape for layer in (*shapes, linear("out", self.width, 1)) for name, shape in layer.items()}


def made(weights: Parts, depth: int, x: Tensor, moments: Moments | None = None) -> Tensor:
    """Logits (n, row) for `x` (n, NOISE + given): noise and conditions.

    Layers are normalised by mean and variance of the rows at hand, or by the given ones.
    """
    for i in range(depth):
        h = functional.linear(x, weights[f"layer{i}.w"], weights[f"layer{i}.b"])
        scale, shift = 1 + weights[f"norm{i}.scale"], weights[f"norm{i}.shift"]
        mean, variance = moments[i] if moments else (None, None)
        h = functional.batch_norm(h, mean, variance, scale, shift, moments is None)
        x = torch.cat([torch.relu(h), x], 1)
    return functional.linear(x, weights["out.w"], weights["out.b"])


def moments(weights: Parts, depth: int, x: Tensor) -> Moments:
    """Mean and variance of each layer for `x` (n, NOISE + given)."""
    found: list[tuple[Tensor, Tensor]] = []
    for i in range(depth):
        h = functional.linear(x, weights[f"layer{i}.w"], weights[f"layer{i}.b"])
        found.append((h.mean(0), h.var(0, correction=0)))
        scale, shift = 1 + weights[f"norm{i}.scale"], weights[f"norm{i}.shift"]
        x = torch.cat([torch.relu(functional.batch_norm(h, *found[i], scale, shift)), x], 1)
    return found


def soft(sizes: Sizes, logits: Tensor, generator: torch.Generator) -> Tensor:
    """Rows (n, row) that gradients can pass: tanh of distances, Gumbel softmax of choices."""
    choices = logits[:, sizes.away :]
    gumbel = -torch.empty(choices.shape).exponential_(generator=generator).log().to(choices.device)
    parts = ((choices + gumbel) / HEAT).split(sizes.blocks, 1)
    return torch.cat([torch.tanh(logits[:, : sizes.away]), *(torch.softmax(part, 1) for part in parts)], 1)


def dropped(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """Dropout: which units are kept, and how much more they count."""
    return torch.empty(shape).bernoulli_(1 - DROP, generator=generator) / (1 - DROP)


def judged(weights: Parts, depth: int, packs: Tensor, kept: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Score (n,) of packs (n, PAC * (row + given)), with dropout `kept` (n, width) a layer; and each layer's slopes."""
    x, slopes = packs, []
    for i in range(depth):
        h = functional.linear(x, weights[f"layer{i}.w"], weights[f"layer{i}.b"])
        slopes.append(torch.where(h.detach() > 0, 1.0, LEAK) * kept[i])
        x = h * slopes[-1]
    return functional.linear(x, weights["out.w"], weights["out.b"])[:, 0], slopes


def steepness(weights: Parts, slopes: Sequence[Tensor]) -> Tensor:
    """Norm (n,) of the score's gradient by its pack: the critic is linear between kinks, so a matrix product a layer."""
    x = weights["out.w"].expand(len(slopes[0]), -1)
    for i in reversed(range(len(slopes))):
        x = (x * slopes[i]) @ weights[f"layer{i}.w"]
    return x.norm(dim=1)
