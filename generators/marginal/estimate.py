"""From noised histograms of a step to the moments its model should meet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.marginal.plan import Step
from privacy.query import Query
from privacy.sums import Sums
from specs.lang.domain import SPLIT

Floats = NDArray[np.float64]
PRIOR = 0.15
"""Variance expected of an interaction, in squared logits."""
RARE = 1e-7
"""Share of rows that even a code which noise hides is given."""
LEAST_ROWS = 1e-3
"""Rows that even a given value which noise hides is taken to have."""
SWEEPS = 4
"""Times that contexts are raked to the sums of each factor in turn."""
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
    """What a factor's moments (contexts, codes) should be on a design; how firmly parameters are held (likewise)."""

    target: Floats
    ridge: Floats


def base(step: Step, sums: Sums) -> Base:
    """Every histogram of the step holds its own distribution as a margin: combined by inverse variance."""
    own = [q for q in step.factors if q.columns[-1] == step.variable.name]
    estimates = [_margin(step, sums, q) for q in (step.fine, *own)]
    precision = sum(1 / v for _, v in estimates)
    mean = sum(m / v for m, v in estimates) / precision
    mean = _with_groups(step, sums, np.asarray(mean), float(1 / precision))
    exists = _exists(step)
    weight = np.maximum((mean * exists).sum(1), LEAST_ROWS)
    shares = np.full_like(mean, 1e-12)
    for given, known in enumerate(exists):
        shares[given, known] = share(mean[given, known], weight[given])
    return Base(shares, weight, float(1 / precision))


def _with_groups(step: Step, sums: Sums, mean: Floats, variance: float) -> Floats:
    """`mean` (givens, codes) moved within each group of codes to what the histograms over groups say."""
    coarse = [q for q in step.factors if q.columns[-1] != step.variable.name]
    if not coarse:
        return mean
    member = np.eye(coarse[0].shape[-1])[list(step.joined(coarse[0]))]  # (codes, groups)
    size = member.sum(0)
    estimates = [(mean @ member, variance * size), *(_margin(step, sums, q) for q in coarse)]
    precision = sum(1 / np.asarray(v) for _, v in estimates)
    groups = sum(m / v for m, v in estimates) / precision
    return np.asarray(mean + ((groups - mean @ member) / size) @ member.T)


def _exists(step: Step) -> NDArray[np.bool_]:
    """(givens, codes): bins that the given value's edges do not reach do not exist."""
    if not step.domain.by:
        return np.ones((step.given_size, step.variable.size), bool)
    reached = np.array([np.arange(step.domain.values) < len(cells) for cells in step.domain.cells])
    return np.concatenate([reached, np.ones((len(reached), int(step.domain.nullable)), bool)], 1)[: step.given_size]


def _margin(step: Step, sums: Sums, query: Query) -> tuple[Floats, float]:
    """A histogram summed down to (givens, codes or groups), and the variance of each cell."""
    values = sums.values[query.name]
    values = coded(step, values) if query is step.fine else values
    flat = values.reshape(step.given_size, -1, values.shape[-1]).sum(1)
    return flat, max(sums.std[query.name], 1e-3) ** 2 * query.cells / flat.size


def coded(step: Step, fine: Floats) -> Floats:
    """Fine codes summed to codes, in the last dimension."""
    if not step.domain.ordered:
        return fine
    values = fine[..., : step.domain.values * SPLIT].reshape(*fine.shape[:-1], step.domain.values, SPLIT).sum(-1)
    return np.concatenate([values, fine[..., -1:]], -1) if step.domain.nullable else np.asarray(values)


def spread(step: Step, query: Query, noised: Floats, std: float, known: Base) -> tuple[Floats, float]:
    """A factor's histogram (contexts, codes) and its standard error; groups are spread over their codes as in the base."""
    noised = noised.reshape(-1, query.shape[-1])
    if query.columns[-1] == step.variable.name:
        return noised, std
    joined = np.array(step.joined(query))
    member = np.eye(query.shape[-1])[joined]
    part = known.shares / np.maximum((known.shares @ member)[:, joined], 1e-12)  # (givens, codes): share of the group
    part = np.repeat(part, len(noised) // len(part), 0)
    return noised[:, joined] * part, std * float(np.sqrt(query.shape[-1] / len(joined)))


def base_moments(known: Base, seen: Floats) -> Moments:
    """The step's own distribution on a design that saw each given `seen` (givens,) times."""
    scale = seen / np.maximum(known.weight, 1e-9)
    target = seen[:, None] * known.shares
    return Moments(target, _ridge(np.sqrt(known.variance) * np.minimum(scale, 10.0), target, target))


def _ridge(std: Floats, target: Floats, expected: Floats) -> Floats:
    """How firmly parameters are held, so that the fit is the most probable one under noise and an N(0, PRIOR) parameter.

    There `(target - moment) * slope / std^2 = theta / PRIOR`, and the slope of a moment is about the moment itself.
    """
    moment = np.maximum(np.maximum(expected, target - std[:, None]), 1e-3)
    return np.maximum(std[:, None] ** 2 / (PRIOR * moment), LEAST_RIDGE)


def raked(weight: Floats, index: NDArray[np.int64], tables: list[tuple[Floats, float]]) -> Floats:
    """Row weights (rows,) such that contexts are about as frequent in the design as at the hospitals.

    `index` (rows, factors) is each row's context, `tables` the factors' (noised (contexts, codes), std). Rows drawn from a
    chain drift; fitted as they are, conditionals would bend to undo the drift, and a chain that remembers its last value
    amplifies what was bent. Raking: Deming and Stephan 1940; contexts rarer than their noise are left alone.
    """
    total = weight.sum()
    for _ in range(SWEEPS):
        for column, (noised, std) in zip(index.T, tables, strict=True):
            context = np.maximum(noised.sum(1), 0)
            scale = total / max(context.sum(), 1e-9)
            drawn = np.bincount(column, weight, len(context))
            slack = 2 * scale * std * np.sqrt(noised.shape[1]) + 1.0
            weight = weight * np.clip((scale * context + slack) / (drawn + slack), 0.2, 5.0)[column]
    return weight


def factor_moments(known: Base, noised: Floats, std: float, seen: Floats) -> Moments:
    """Moments of a factor `noised` (contexts, codes) on a design that saw each context `seen` (contexts,) times.

    The interaction `noised - context * base` is added to what the base alone would give on the design, so that nothing is
    divided by a small noised count. What an interaction adds to a code over all contexts is noise, and taken out again.
    Contexts are ordered with the given first.
    """
    givens, codes = known.shares.shape
    shares = np.repeat(known.shares, len(noised) // givens, 0)
    context = noised.sum(1)
    excess = (noised - context[:, None] * shares).reshape(givens, -1, codes)
    part = _shares(np.maximum(context, 0).reshape(givens, -1))[..., None]
    interaction = (excess - part * excess.sum(1, keepdims=True)).reshape(-1, codes)
    scale = seen.sum() / max(known.weight.sum(), 1e-9)
    ratio = np.clip(seen / np.maximum(scale * np.maximum(context, std), 1e-9), 0.5, 2.0) * scale
    target = seen[:, None] * shares + ratio[:, None] * interaction
    return Moments(target, _ridge(ratio * std, target, seen[:, None] * shares))


def _shares(counts: Floats) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(1, keepdims=True), 1e-9))


def within(step: Step, sums: Sums) -> Floats:
    """How a code's parts share it: (givens, codes without NULL, SPLIT); evenly where noise leaves none of them."""
    exists = np.arange(SPLIT) < np.array([_parts(step, i) for i in range(step.given_size)])[..., None]
    noised = sums.values[step.fine.name].reshape(step.given_size, -1)[:, : step.domain.values * SPLIT].reshape(exists.shape)
    flat = np.where(exists, noised, 0.0).reshape(step.given_size, -1)
    parts = np.stack([share(row, max(row.sum(), 1.0)) for row in flat]).reshape(exists.shape) * exists
    return np.asarray(parts / parts.sum(-1, keepdims=True))


def share(noised: Floats, rows: float) -> Floats:
    """The shares of `rows` closest to noised counts (codes,): nowhere negative, 1 together (Duchi et al. 2008, projection)."""
    falling = np.sort(noised)[::-1]
    above = (np.cumsum(falling) - rows) / np.arange(1, len(falling) + 1)
    cut = above[np.flatnonzero(falling > above)[-1]]
    kept = np.maximum((noised - cut) / rows, RARE)
    return np.asarray(kept / kept.sum())


def _parts(step: Step, given: int) -> list[int]:
    """Into how many parts each code is counted; codes beyond the last bin are as the last."""
    cells = step.domain.cells[given if step.domain.by else 0]
    return [cells[min(code, len(cells) - 1)].parts for code in range(step.domain.values)]
