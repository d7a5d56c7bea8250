"""Encoder and decoder of TVAE and the evidence lower bound (Xu et al. 2019, section 4.5). No layer mixes rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from generators.ctgan.fields import Fields
from generators.diffusion.flat import Parts, length, linear, start, views

CODE = 128
"""Length of the vector a row is encoded as."""
FIRST = 0.1
LEAST, MOST = 0.01, 1.0
"""Standard deviations of distances around what is decoded: at first, and their bounds."""
FACTOR = 2.0
"""How much reconstruction counts against the divergence from the prior: as in the authors' code."""


@dataclass(frozen=True)
class Layer:
    """A layer's part in a forward pass: what went in (nothing, where the weights alone come out) and what came out."""

    name: str
    input: Tensor | None
    output: Tensor


@dataclass(frozen=True)
class Sizes:
    """Sizes that follow from the fields (`away` distances, `blocks` choices a field), and the networks' own."""

    away: int
    blocks: tuple[int, ...]
    width: int
    depth: int

    @staticmethod
    def of(fields: Fields, width: int, depth: int) -> Sizes:
        """Networks `width` wide and `depth` layers deep."""
        return Sizes(len(fields.ordered), tuple(fields.blocks), width, depth)

    @property
    def row(self) -> int:
        """Length of a row's vector."""
        return self.away + sum(self.blocks)

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Every weight's shape, in the order of the flat vector."""
        found = linear("mean", self.width, CODE) | linear("spread", self.width, CODE) | linear("out", self.width, self.row)
        for i in range(self.depth):
            found |= linear(f"encode{i}", self.width if i else self.row, self.width)
            found |= linear(f"decode{i}", self.width if i else CODE, self.width)
        return found | {"sigma": (self.away,)}

    @property
    def length(self) -> int:
        """Number of weights."""
        return length(self.shapes)


def fresh(sizes: Sizes, seed: int) -> Tensor:
    """Weights (length,) before any training."""
    flat = start(sizes.shapes, torch.Generator().manual_seed(seed))
    views(sizes.shapes, flat)["sigma"].fill_(FIRST)
    return flat


def decoded(sizes: Sizes, weights: Parts, code: Tensor, tape: list[Layer] | None = None) -> Tensor:
    """Logits (n, row) of codes (n, CODE); layers are noted on `tape`."""
    for i in range(sizes.depth):
        code = torch.relu(_linear(weights, f"decode{i}", code, tape))
    return _linear(weights, "out", code, tape)


def losses(sizes: Sizes, weights: Parts, rows: Tensor, noise: Tensor, tape: list[Layer] | None = None) -> Tensor:
    """Negative evidence lower bound of each row (n,), in nats, reconstruction counting `FACTOR` times.

    `rows` (n, row) are encoded as normal distributions; `noise` (n, CODE) says which codes of them are decoded.
    """
    x = rows
    for i in range(sizes.depth):
        x = torch.relu(_linear(weights, f"encode{i}", x, tape))
    mean, spread = _linear(weights, "mean", x, tape), _linear(weights, "spread", x, tape)
    divergence = 0.5 * (mean.square() + spread.exp() - 1 - spread).sum(1)
    logits = decoded(sizes, weights, mean + (0.5 * spread).exp() * noise, tape)
    sigma = weights["sigma"].expand(len(rows), -1)
    if tape is not None:
        tape.append(Layer("sigma", None, sigma))
    return FACTOR * _missed(sizes, logits, sigma.clamp(LEAST, MOST), rows) + divergence


def _missed(sizes: Sizes, logits: Tensor, sigma: Tensor, rows: Tensor) -> Tensor:
    """Negative log-likelihood of rows (n, row): normal distances, softmax of choices."""
    z = (rows[:, : sizes.away] - torch.tanh(logits[:, : sizes.away])) / sigma
    distances = (z.square() / 2 + sigma.log()).sum(1)
    scores = logits[:, sizes.away :]
    chosen = (scores * rows[:, sizes.away :]).sum(1)
    return distances - chosen + _normalisers(sizes.blocks, scores)


def _normalisers(blocks: Sequence[int], scores: Tensor) -> Tensor:
    return torch.stack([part.logsumexp(1) for part in scores.split(tuple(blocks), 1)]).sum(0)


def _linear(weights: Parts, name: str, x: Tensor, tape: list[Layer] | None) -> Tensor:
    out = functional.linear(x, weights[f"{name}.w"], weights[f"{name}.b"])
    if tape is not None:
        tape.append(Layer(name, x, out))
    return out
