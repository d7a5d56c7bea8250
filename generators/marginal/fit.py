"""Learning a child table's chain from noised sums.

Every conditional is a log-linear model whose moments are the noised histograms (`loglinear`). Moments depend on how often
each context occurs, and contexts are rows drawn from the model itself, in rounds: draw sequences, fit every step on them,
draw again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.arrays import Arrays
from generators.marginal.chain import Chain, Conditional, context
from generators.marginal.estimate import Base, Moments, base, base_moments, factor_moments, raked, spread, within
from generators.marginal.loglinear import design
from generators.marginal.loglinear import fit as fit_loglinear
from generators.marginal.plan import Step
from privacy.histogram import weights
from privacy.query import Query
from privacy.sums import Sums

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Codes = Mapping[str, Ints]


DAMPING = 0.5
"""Share of a round's fit that is taken over."""


@dataclass(frozen=True)
class Effort:
    """How hard to try: classes of the root table and steps of their descent; for child tables patients drawn and at most
    so many of their rows to fit on, iterations of a fit, rounds of drawing and fitting.
    """

    classes: int = 128
    steps: int = 300
    rows: int = 24_000
    patients: int = 4_000
    iterations: int = 60
    rounds: int = 4


def prior(step: Step, sums: Sums) -> Conditional:
    """The step before any fit: its own distribution, and its main factor read as a conditional where noise allows."""
    known = base(step, sums)
    bias = np.log(known.shares)
    theta = {q.name: np.zeros((_contexts(q), step.variable.size)) for q in step.factors}
    last = step.main
    if last:
        noised, std = spread(step, last, sums.values[last.name], sums.std[last.name], known)
        weight = max(std * step.variable.size, 1.0)
        shares = np.repeat(known.shares, len(noised) // len(known.shares), 0)
        smooth = np.maximum(noised, 0) + weight * shares
        theta[last.name] = np.log(smooth / smooth.sum(1, keepdims=True)) - np.log(shares)
    return Conditional(step, bias, theta, within(step, sums) if step.domain.ordered else None)


def learn(
    arrays: Arrays, start: Conditional, sums: Sums, codes: Codes, weight: Floats, allowed: Any, effort: Effort
) -> Conditional:
    """The step fitted on rows with these `codes`, each counted `weight`, of which `allowed` says what was possible."""
    step = start.step
    index, sizes = _rows_in(step, codes, len(weight)), [step.given_size, *map(_contexts, step.factors)]
    known = base(step, sums)
    tables = [spread(step, q, sums.values[q.name], sums.std[q.name], known) for q in step.factors]
    weight = _without_drift(step, weight, index, tables)
    seen = [np.bincount(column, weight, size).astype(np.float64) for column, size in zip(index.T, sizes, strict=True)]
    moments = _moments(known, tables, seen)
    target = np.concatenate([m.target for m in moments])
    ridge = np.concatenate([m.ridge for m in moments])
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    centre = np.zeros_like(target)
    centre[: step.given_size] = np.log(known.shares)
    theta = np.concatenate([start.bias, *(start.theta[q.name] for q in step.factors)])
    rows = design(arrays, index + offsets[:-1], int(offsets[-1]), weight, allowed)
    fitted = arrays.back(fit_loglinear(arrays, rows, target, ridge, centre, theta, effort.iterations)).astype(np.float64)
    parts = {q.name: fitted[offsets[i + 1] : offsets[i + 2]] for i, q in enumerate(step.factors)}
    return Conditional(step, fitted[: step.given_size], parts, start.within)


def _rows_in(step: Step, codes: Codes, rows: int) -> Ints:
    """Where each row is (rows, 1 + factors): its given, and its context in every factor."""
    given = codes[step.given] if step.given else np.zeros(rows, np.int64)
    return np.stack([given, *(context(q, codes) for q in step.factors)], axis=1)


def _without_drift(step: Step, weight: Floats, index: Ints, tables: list[tuple[Floats, float]]) -> Floats:
    """Weights (rows,) by which contexts that hang on earlier rows are as frequent as at the hospitals."""
    drifting = [i for i, q in enumerate(step.factors) if q in step.drifting]
    return raked(weight, index[:, [i + 1 for i in drifting]], [tables[i] for i in drifting])


def _moments(known: Base, tables: list[tuple[Floats, float]], seen: list[Floats]) -> list[Moments]:
    """What the base and each factor should meet on a design that saw their contexts `seen` times."""
    factors = [factor_moments(known, noised, std, count) for (noised, std), count in zip(tables, seen[1:], strict=True)]
    return [base_moments(known, seen[0]), *factors]


def _contexts(query: Query) -> int:
    return query.cells // query.shape[-1]


def row_weights(step: Step, codes: Codes, patient: Ints) -> Floats:
    """About how much the step's queries count each row (see `privacy.query`), in patients; 0 where the step does not apply.

    At hospitals the group also holds the fine histogram of an ordered step; drawn rows have no fine codes.
    """
    group = step.factors or (() if step.domain.ordered else (step.fine,))
    applies = codes[step.variable.name] >= 0
    if not group:
        return applies.astype(float)
    weight = weights(group, codes, patient)[patient] / group[0].scale
    return np.asarray(np.where(applies, weight, 0.0))


def _between(old: Conditional, new: Conditional, share: float) -> Conditional:
    """Part of the way: rows drawn next time depend on themselves, and a full step would overshoot."""
    theta = {name: old.theta[name] + share * (value - old.theta[name]) for name, value in new.theta.items()}
    return Conditional(old.step, old.bias + share * (new.bias - old.bias), theta, old.within)


def learn_children(
    arrays: Arrays, chain: Chain, sums: Sums, drawn: Any, patient: Ints, effort: Effort, rng: np.random.Generator
) -> Chain:
    """One round: every step of a child table fitted on the rows `drawn` from the chain so far."""
    found = []
    for conditional in chain.conditionals:
        name = conditional.step.variable.name
        weight = row_weights(conditional.step, drawn.codes, patient)
        rows = np.flatnonzero(weight > 0)
        if len(rows) > effort.rows:
            rows = np.sort(rng.choice(rows, effort.rows, replace=False))
        if len(rows) == 0:
            found.append(conditional)
            continue
        codes = {v: c[rows] for v, c in drawn.codes.items()}
        allowed = drawn.allowed[name][rows] if name in drawn.allowed else None
        found.append(_between(conditional, learn(arrays, conditional, sums, codes, weight[rows], allowed, effort), DAMPING))
    return Chain(chain.plan, tuple(found))
