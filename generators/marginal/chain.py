"""A learned table: its chain of conditionals, ready to be drawn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.marginal.plan import Plan, Step
from generators.marginal.stored import Stored
from privacy.query import Query

if TYPE_CHECKING:
    from generators.marginal.above import Above

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


class Odds(Protocol):
    """What a chain says of the rows of parents that are drawn together, row after row."""

    def logits(self, conditional: Conditional, codes: Mapping[str, Ints], live: Ints) -> Floats:
        """(live, codes) unnormalised log-probabilities of the next step of parents `live`, given what their rows have so far."""
        ...

    def done(self, codes: Mapping[str, Ints], live: Ints) -> None:
        """The row of the parents `live` is whole."""
        ...


@dataclass(frozen=True)
class Chain:
    """The conditionals of one table, in the order of its plan."""

    plan: Plan
    conditionals: tuple[Conditional, ...]

    def __getitem__(self, name: str) -> Conditional:
        return next(c for c in self.conditionals if c.step.variable.name == name)

    def odds(self, above: Above) -> Odds:
        """For drawing all rows of these parents. What lies further back than the plan's contexts is not looked at."""
        return Contexts(self, above)

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


class Contexts:
    """Odds that hang on the plan's contexts alone; what is the same for all rows of a parent is computed once."""

    def __init__(self, chain: Chain, above: Above) -> None:
        self.parents = frozenset(v.name for v in chain.plan.variables.values() if v.kind == "parent")
        parents = len(above.count)
        self.ever = {c.step.variable.name: c.logits(above.codes, parents, self._static) for c in chain.conditionals}

    def logits(self, conditional: Conditional, codes: Mapping[str, Ints], live: Ints) -> Floats:
        """As `Odds` has it."""
        step = conditional.step
        found = conditional.logits(codes, len(live), self._dynamic) + self.ever[step.variable.name][live]
        return np.asarray(found + conditional.bias[codes[step.given] if step.given else 0])

    def done(self, codes: Mapping[str, Ints], live: Ints) -> None:
        """Nothing is remembered: the next row's contexts say it."""

    def _static(self, query: Query) -> bool:
        """Whether all contexts are of the parent, so that the factor is the same for all its rows."""
        return self.parents.issuperset(query.columns[:-1])

    def _dynamic(self, query: Query) -> bool:
        return not self._static(query)


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
