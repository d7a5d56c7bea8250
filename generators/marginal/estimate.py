"""From noised histograms of a step to the moments its model should meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.marginal.structure import Step
from privacy.sums import Sums
from specs.lang.domain import SPLIT

Floats = NDArray[np.float64]
LEAST_RIDGE = 0.5
"""Even without noise a moment of less than half a row decides nothing."""


@dataclass(frozen=True)
class Base:
    """The step's own distribution `given` (givens, codes), the weight of each given, and its variance per cell."""

    shares: Floats
    weight: Floats
    variance: float


@dataclass(frozen=True)
class Moments:
    """What a factor's moments (contexts, codes) should be on a design, and how much each may miss (contexts, 1)."""

    target: Floats
    ridge: Floats


def base(step: Step, sums: Sums) -> Base:
    """Every histogram of the step holds its own distribution as a margin: combined by inverse variance."""
    estimates = [_margin(step, sums, q.name) for q in (step.fine, *step.factors)]
    precision = sum(1 / v for _, v in estimates)
    mean = sum(m / v for m, v in estimates) / precision
    weight = np.maximum(mean.sum(1), 1e-9)
    shares = np.maximum(mean, 0) + 1e-6 * max(weight.sum(), 1.0)
    return Base(shares / shares.sum(1, keepdims=True), weight, float(1 / precision))


def _margin(step: Step, sums: Sums, name: str) -> tuple[Floats, float]:
    """A histogram summed down to (givens, codes), and the variance of each cell."""
    values = _codes(step, sums.values[name]) if name == step.fine.name else sums.values[name]
    givens = step.given_size
    flat = values.reshape(givens, -1, step.variable.size).sum(1)
    return flat, max(sums.std[name], 1e-3) ** 2 * sums.queries[name].cells / flat.size


def _codes(step: Step, fine: Floats) -> Floats:
    """Fine codes summed to codes, in the last dimension."""
    if not step.domain.ordered:
        return fine
    values = fine[..., : step.domain.values * SPLIT].reshape(*fine.shape[:-1], step.domain.values, SPLIT).sum(-1)
    return np.concatenate([values, fine[..., -1:]], -1) if step.domain.nullable else np.asarray(values)


def base_moments(known: Base, seen: Floats) -> Moments:
    """The step's own distribution on a design that saw each given `seen` (givens,) times."""
    scale = seen / np.maximum(known.weight, 1e-9)
    ridge = np.maximum(known.variance * np.minimum(scale, 10.0) ** 2, LEAST_RIDGE * 0.1)
    return Moments(seen[:, None] * known.shares, ridge[:, None])


def raked(weight: Floats, index: NDArray[np.int64], tables: list[tuple[Floats, float]], sweeps: int = 4) -> Floats:
    """Row weights (rows,) such that contexts are about as frequent in the design as at the hospitals.

    `index` (rows, factors) is each row's context, `tables` the factors' (noised (contexts, codes), std). Rows drawn from a
    chain drift; fitted as they are, conditionals would bend to undo the drift, and a chain that remembers its last value
    amplifies what was bent. Raking: Deming and Stephan 1940; contexts rarer than their noise are left alone.
    """
    total = weight.sum()
    for _ in range(sweeps):
        for column, (noised, std) in zip(index.T, tables, strict=True):
            context = np.maximum(noised.sum(1), 0)
            context *= total / max(context.sum(), 1e-9)
            drawn = np.bincount(column, weight, len(context))
            slack = std * np.sqrt(noised.shape[1]) + 1.0
            weight = weight * np.clip((context + slack) / (drawn + slack), 0.2, 5.0)[column]
    return weight


def factor_moments(known: Base, noised: Floats, std: float, seen: Floats) -> Moments:
    """Moments of a factor `noised` (contexts, codes) on a design that saw each context `seen` (contexts,) times.

    The interaction `noised - context * base` is added to what the base alone would give on the design, so that nothing is
    divided by a small noised count. Contexts are ordered with the given first.
    """
    per_given = len(noised) // len(known.shares)
    shares = np.repeat(known.shares, per_given, 0)
    context = noised.sum(1)
    scale = seen.sum() / max(known.weight.sum(), 1e-9)
    ratio = np.clip(seen / np.maximum(scale * np.maximum(context, std), 1e-9), 0.5, 2.0) * scale
    target = seen[:, None] * shares + ratio[:, None] * (noised - context[:, None] * shares)
    return Moments(target, np.maximum((ratio * std) ** 2, LEAST_RIDGE)[:, None])


def within(step: Step, sums: Sums) -> Floats:
    """How a code's parts share it: (givens, codes without NULL, SPLIT), smoothed where noise is larger than the signal."""
    values = sums.values[step.fine.name].reshape(step.given_size, -1)[:, : step.domain.values * SPLIT]
    parts = np.maximum(values.reshape(step.given_size, step.domain.values, SPLIT), 0)
    prior = max(sums.std[step.fine.name], 0.25)
    exists = np.arange(SPLIT) < np.array([[c.parts for c in _pad(step, i)] for i in range(step.given_size)])[..., None]
    parts = (parts + prior) * exists
    return np.asarray(parts / parts.sum(-1, keepdims=True))


def _pad(step: Step, given: int) -> list:  # type: ignore[type-arg]
    cells = step.domain.cells[given if step.domain.by else 0]
    return [*cells, *[cells[-1]] * (step.domain.values - len(cells))]
