"""Sampling in denoising passes: each pass shows the network what is known and draws one or several hidden columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from generators.diffusion.device import back, placed
from generators.diffusion.flat import Parts, views
from generators.diffusion.network import Network, shown, trunk

Tokens = NDArray[np.int64]
CHUNK = 4096


def passes(order: Sequence[int], count: int) -> list[tuple[int, ...]]:
    """The order cut into `count` passes; columns of one pass are drawn as if independent given the passes before."""
    if not 1 <= count <= len(order):
        raise ValueError(f"passes must be between 1 and {len(order)}")
    return [tuple(int(c) for c in part) for part in np.array_split(np.asarray(order), count)]


def sample(
    network: Network,
    flat: Tensor,
    known: Tokens,
    plan: Sequence[Sequence[int]],
    rng: np.random.Generator,
    barred: Mapping[int, int] | None = None,
) -> Tokens:
    """Complete rows (n, columns) from `known`, where -1 stands for "to be drawn"; context columns must be known.

    `plan` lists the predicted columns of each pass; `barred[column]` is a token that is never drawn. Rows that agree on all
    that is known so far share one evaluation of the network. Draws are evenly spread over rows that are alike (Kronecker
    sequences with random starts): each row follows the model, and counts over rows fluctuate less than those of independent
    draws. Every column has a sequence of its own, for columns that shared one would depend on each other.
    """
    tokens, at = known.copy(), network.context
    if (tokens[:, :at] < 0).any():
        raise ValueError("context columns must be known")
    todo = {c for part in plan for c in part}
    if any(i not in todo and (tokens[:, at + i] < 0).any() for i in range(network.columns)):
        raise ValueError("a column to be drawn is in no pass")
    weights, slopes = views(network.shapes, flat), _slopes(network.columns)
    group = _groups(np.unique(tokens, axis=0, return_inverse=True)[1].reshape(-1))
    for part in plan:
        if not (tokens[:, [at + c for c in part]] < 0).any():
            continue
        leader = np.zeros(group.max() + 1, np.int64)
        leader[group] = np.arange(len(group))
        features, told = _features(network, weights, tokens[leader]), group
        for c in part:
            rise = _rise(network, weights, features, c, (barred or {}).get(c))
            draw = _pick(rise, told, _stratified(group, slopes[c], rng))
            tokens[:, at + c] = np.where(tokens[:, at + c] < 0, draw, tokens[:, at + c])
            group = _groups(group * network.sizes[at + c] + tokens[:, at + c])
    return tokens


def _rise(network: Network, weights: Parts, features: Tensor, column: int, barred: int | None) -> NDArray[Any]:
    """The distribution function (n, tokens) of a predicted column, given the trunk's features (n, width)."""
    head = network.heads[column]
    out = functional.linear(features, weights["head.w"][head], weights["head.b"][head])
    if barred is not None:
        out[:, barred] = -torch.inf
    return back(torch.softmax(out.double(), 1).cumsum(1))


def _groups(key: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers from 0 on, the same for rows with the same key."""
    return np.unique(key, return_inverse=True)[1]


def _features(network: Network, weights: Parts, tokens: Tokens) -> Tensor:
    """The trunk's features (n, width) of rows in which -1 is hidden."""
    given = placed(tokens, weights["embed"].device)
    rows = shown(network, given.clamp(min=0), given[:, network.context :] < 0)
    with torch.no_grad():
        return torch.cat([trunk(network, weights, part) for part in torch.split(rows, CHUNK)])


def _slopes(count: int) -> list[float]:
    """Square roots of primes: with 1 they are linearly independent over the rationals (Besicovitch 1940)."""
    found: list[float] = []
    number = 2
    while len(found) < count:
        if all(number % factor for factor in range(2, math.isqrt(number) + 1)):
            found.append(math.sqrt(number) % 1)
        number += 1
    return found


def _stratified(group: NDArray[np.int64], slope: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Numbers (n,) in [0, 1), one a row, spread evenly over the rows of each group."""
    shuffled = rng.permutation(len(group))
    line = shuffled[np.argsort(group[shuffled], kind="stable")]
    u = np.empty(len(group))
    u[line] = (rng.random() + np.arange(len(group)) * slope) % 1.0
    return u


def _pick(rise: NDArray[np.float64], group: NDArray[np.int64], u: NDArray[np.float64]) -> NDArray[np.int64]:
    # all rising lines in one: row g's lies in [g, g + 1], so one search finds every row's token
    tall, wide = rise.shape
    line = (np.minimum(rise / rise[:, -1:], 1.0) + np.arange(tall)[:, None]).ravel()
    found = np.searchsorted(line, group + u, side="right") - group * wide
    picked: NDArray[np.int64] = found.clip(0, wide - 1)
    return picked
