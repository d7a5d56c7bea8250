"""A learned table: its chain of conditionals, ready to be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.marginal.plan import Plan, Step
from generators.marginal.stored import Stored
from privacy.query import Query

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditional:
    """One step: `bias` (givens, codes), `theta[factor]` (contexts, codes) and `within` (givens, codes, SPLIT) or None."""

    step: Step
    bias: Floats
    theta: Mapping[str, Floats]
    within: Floats | None

    def logits(self, codes: Mapping[str, Ints], rows: int, factors: Callable[[Query], bool] | None = None) -> Floats:
        """(rows, codes) unnormalised log-probabilities; `factors` picks those to add (then the bias is left out)."""
        total = np.zeros((rows, self.bias.shape[1]))
        if factors is None:
            total += self.bias[codes[self.step.given] if self.step.given else np.zeros(rows, np.int64)]
        for query in self.step.factors:
            if factors is None or factors(query):
                total += self.theta[query.name][context(query, codes)]
        return total


@dataclass(frozen=True)
class Chain:
    """The conditionals of one table, in the order of its plan."""

    plan: Plan
    conditionals: tuple[Conditional, ...]

    def __getitem__(self, name: str) -> Conditional:
        return next(c for c in self.conditionals if c.step.variable.name == name)

    @property
    def within(self) -> dict[str, Floats]:
        """How each ordered step's codes are shared by their parts, by variable: (givens, codes, SPLIT)."""
        return {c.step.variable.name: c.within for c in self.conditionals if c.within is not None}

    def arrays(self) -> Stored:
        """All parameters: "step/bias", "step/within" and "step/theta/k" for factor k."""
        found: dict[str, NDArray[Any]] = {}
        for c in self.conditionals:
            at = c.step.variable.name
            found[f"{at}/bias"] = c.bias
            if c.within is not None:
                found[f"{at}/within"] = c.within
            found |= {f"{at}/theta/{i}": c.theta[q.name] for i, q in enumerate(c.step.factors)}
        return found

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Chain:
        """From what `arrays` gave."""
        conditionals = []
        for step in plan.steps:
            at = step.variable.name
            theta = {q.name: stored[f"{at}/theta/{i}"] for i, q in enumerate(step.factors)}
            conditionals.append(Conditional(step, stored[f"{at}/bias"], theta, stored.get(f"{at}/within")))
        return Chain(plan, tuple(conditionals))


def context(query: Query, codes: Mapping[str, Ints]) -> Ints:
    """The cell of the query's contexts (all its columns but the last), in C order."""
    cell = codes[query.columns[0]]
    for name, size in zip(query.columns[1:-1], query.shape[1:-1], strict=True):
        cell = cell * size + codes[name]
    return np.asarray(cell)


def draw(logits: Floats, allowed: Any, uniform: Floats) -> Ints:
    """One code a row by inversion; where nothing is allowed, -1."""
    if allowed is not None:
        logits = np.where(allowed, logits, -np.inf)
    top = logits.max(1, keepdims=True)
    p = np.exp(logits - np.where(np.isfinite(top), top, 0.0))
    steps = np.cumsum(p, axis=1)
    code = (steps <= (uniform * steps[:, -1])[:, None]).sum(1)
    code = np.minimum(code, p.shape[1] - 1)
    return np.where(np.isfinite(top[:, 0]), code, -1)


def draw_part(step: Step, within: Floats, code: Ints, given: Ints | None, uniform: Floats) -> Ints:
    """The fine code of each code (n,), of whose parts `within` (givens, codes, SPLIT) says the shares; NULL stays NULL."""
    known = np.minimum(code, step.domain.values - 1)
    shares = within[given if given is not None else 0, known]
    part = np.minimum((np.cumsum(shares, axis=1) <= uniform[:, None]).sum(1), shares.shape[1] - 1)
    return np.where(code >= step.domain.values, step.domain.fine_size - 1, known * shares.shape[1] + part)
