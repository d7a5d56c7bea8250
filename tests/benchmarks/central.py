"""A generator trained in memory on all rows at once, with the noise the door would add drawn here: for benchmarks alone.

Noise is of floating point and seeded, so what comes out is for figures, not for release.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.bins.find import find
from generators.bins.grid import grid
from generators.frame import Frame, Tables
from generators.marginal.ask import answers
from generators.marginal.code import code
from generators.marginal.model import Model
from generators.marginal.structure import queries
from generators.marginal.train import learn
from generators.optimise import averaged, begin, rate
from generators.trained import Coded, Trainable
from generators.trains import trainable
from privacy.accountant import epsilon, rho
from privacy.query import Query
from privacy.sums import Sums
from runners.trial import WARM
from specs.lang.types import Bins, Budget, Column, Generator, Privacy, Study

Parents = Mapping[str, NDArray[np.int64]]
Watch = Callable[[int, Model], None]


def with_budget(study: Study, epsilon: float | None, delta: float) -> Study:
    """The study with this budget; None: without privacy."""
    budget = Budget(epsilon, delta) if epsilon else None
    return replace(study, privacy=Privacy(study.privacy.unit, budget, None if budget else "published data set"))


def with_found_bins(study: Study, tables: Tables, part: float, draw: int) -> Study:
    """The study with the bins that `wardloom bins` would find for this part of the budget; the rest is left to it."""
    budget, root = study.privacy.budget, study.root
    asking = replace(study, generator=Generator("bins", "cpu"))
    exact = {q.name: _counted(root.columns, q, tables[root.name]) for q in queries(asking)}
    edges = find(asking, sums(asking, exact, part, draw))
    columns = {n: replace(c, bins=Bins((found,))) if (found := edges.get(n)) else c for n, c in root.columns.items()}
    left = epsilon((1 - part) * rho(*_both(budget)), budget.delta) if budget else None
    told = replace(study, tables={**study.tables, root.name: replace(root, columns=columns)})
    return with_budget(told, left, budget.delta if budget else 0.0)


def _counted(columns: Mapping[str, Column], query: Query, rows: Frame) -> NDArray[np.float64]:
    """Rows in each cell of one level of a column of whole numbers."""
    name, level = query.columns[0].split("__")
    cells = grid(columns[name])
    found = (rows[name].values - cells.low) // cells.width // int(level)
    return np.bincount(found.astype(int), minlength=query.cells).astype(float)


def sums(study: Study, exact: Mapping[str, Any], part: float, draw: int) -> Sums:
    """All histograms with the noise of this part of the budget."""
    asked, rng = {q.name: q for q in queries(study)}, np.random.default_rng([draw, 1])
    budget = study.privacy.budget
    noise = math.sqrt(sum(q.scale**2 for q in asked.values()) / (2 * part * rho(*_both(budget)))) if budget else 0.0
    std = {name: noise / q.scale for name, q in asked.items()}
    return Sums(asked, {n: answer + rng.normal(0, std[n], answer.shape) for n, answer in exact.items()}, std, ("one",))


def model(
    study: Study, tables: Tables, parents: Parents, draw: int, watch: Watch | None = None
) -> tuple[Model, dict[str, float]]:
    """The study's generator learned from these rows, and CPU seconds of its parts."""
    begun = time.process_time()
    exact = answers(study, tables, parents)
    part = study.generator.measure if study.generator.trains else 1.0
    base = learn(study, sums(study, exact, part, draw))
    counted = time.process_time()
    if not study.generator.trains:
        return base, {"base_cpu_s": counted - begun}
    generator, coded = trainable(study), code(study, tables, parents)
    state = begin(generator.begin(base))
    started = time.process_time()
    for number in range(study.generator.rounds):
        moved = _round(study, generator, state.weights, coded, np.random.default_rng([draw, 2, number]))
        if study.privacy.budget:
            rounds = study.generator.rounds
            step = rate(number, rounds, generator.rate, max(1, rounds // WARM))
            state = generator.stepped(state, moved, len(coded[study.root.name].patient), step)
        else:
            state = averaged(state, moved)
        if watch:
            watch(number + 1, Model(study, generator.learned(state.average, base)))
    found = Model(study, generator.learned(state.average, base))
    trained = time.process_time()
    return found, {"base_cpu_s": counted - begun, "begin_cpu_s": started - counted, "rounds_cpu_s": trained - started}


def _round(study: Study, generator: Trainable, weights: Any, coded: Coded, rng: np.random.Generator) -> NDArray[np.float64]:
    """What comes back from a round: a noised sum of gradients; without privacy how far a local pass moves."""
    if not study.privacy.budget:
        return generator.trained(weights, coded, rng).astype(np.float64) - weights
    share = (1 - study.generator.measure) * rho(*_both(study.privacy.budget)) / study.generator.rounds
    noise = rng.normal(0, generator.clip / math.sqrt(2 * share), generator.moving)
    return generator.gradient(weights, coded, generator.clip, rng) + noise


def _both(budget: Budget) -> tuple[float, float]:
    return budget.epsilon, budget.delta
