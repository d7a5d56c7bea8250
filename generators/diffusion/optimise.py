"""The server's step: Adam on the mean gradient, and a running average of the weights, which is what is sampled from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class State:
    """Where training stands after `step` steps; every vector is (length,). A checkpoint is exactly this."""

    step: int
    weights: Tensor
    first: Tensor
    second: Tensor
    average: Tensor


def begin(weights: Tensor) -> State:
    """The state before the first step."""
    return State(0, weights, torch.zeros_like(weights), torch.zeros_like(weights), weights.clone())


def rate(step: int, steps: int, peak: float, warm: int = 50) -> float:
    """Learning rate of a step: a short rise, then half a cosine down to zero."""
    return peak * min(1.0, (step + 1) / warm) * 0.5 * (1 + math.cos(math.pi * step / steps))


def advance(
    state: State, gradient: Tensor, count: float, rate: float, keep: float = 0.999, betas: tuple[float, float] = (0.9, 0.99)
) -> State:
    """One Adam step (Kingma and Ba 2015) from a summed gradient of (about) `count` patients.

    `keep` is the running average's memory; early on it is shorter, so that the start is forgotten. Raises:
        FloatingPointError: the gradient is not finite; the given state is still good.
    """
    if not bool(torch.isfinite(gradient).all()):
        raise FloatingPointError(f"step {state.step}: the summed gradient is not finite; lower the learning rate")
    step, mean = state.step + 1, gradient / count
    first = torch.lerp(state.first, mean, 1 - betas[0])
    second = torch.lerp(state.second, mean.square(), 1 - betas[1])
    size = (second / (1 - betas[1] ** step)).sqrt_().add_(1e-8)
    weights = state.weights.addcdiv(first, size, value=-rate / (1 - betas[0] ** step))
    average = torch.lerp(state.average, weights, 1 - min(keep, step / (step + 10)))
    return State(step, weights, first, second, average)
