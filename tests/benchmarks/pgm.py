"""MST and AIM on mbi's graphical models: its wheel has the models but no mechanisms, so these are the published algorithms."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, field
from typing import Any

import jax
import mbi
import numpy as np
import pandas as pd

from privacy.accountant import rho

ITERATIONS, LAST_ITERATIONS = 1000, 2500
MEGABYTES, ROUNDS = 80, 16
"""AIM's largest model, and its rounds a column."""
Sizes = dict[str, int]
Query = tuple[str, ...]


@dataclass
class Coded:
    """A table of codes: columns and their numbers of codes."""

    data: pd.DataFrame
    sizes: Sizes

    @property
    def domain(self) -> Any:
        """As mbi says it."""
        return mbi.Domain(tuple(self.sizes), tuple(self.sizes.values()))

    def counts(self, query: Query) -> Any:
        """The exact histogram, flat in C order."""
        shape = tuple(self.sizes[c] for c in query)
        cell = np.ravel_multi_index([self.data[c].to_numpy() for c in query], shape)
        return np.bincount(cell, minlength=math.prod(shape)).astype(float)

    def pairs(self) -> list[Query]:
        """Every two columns."""
        return list(itertools.combinations(self.sizes, 2))


def exponential(rng: np.random.Generator, worth: Any, epsilon: float, sensitivity: float) -> int:
    """The exponential mechanism: epsilon^2 / 8 -zCDP."""
    logit = epsilon * np.asarray(worth) / (2 * sensitivity)
    p = np.exp(logit - logit.max())
    return int(rng.choice(len(p), p=p / p.sum()))


@dataclass
class Aim:
    """AIM (McKenna, Mullins, Sheldon, Miklau 2022, arXiv 2201.12677, algorithm 2) with all pairs as its workload."""

    table: Coded
    epsilon: float
    delta: float
    rng: np.random.Generator
    measured: list[Any] = field(default_factory=list)
    used: float = 0.0

    def __post_init__(self) -> None:
        pairs = self.table.pairs()
        asked = [*((c,) for c in self.table.sizes), *pairs]
        self.weight = {q: sum(len({*q} & {*w}) for w in pairs) for q in asked}
        self.exact = {q: self.table.counts(q) for q in asked}
        self.total = rho(self.epsilon, self.delta)
        self._spread_over(ROUNDS * len(self.table.sizes), self.total)

    def run(self, limit: float) -> Any:
        """The model. After `limit` seconds of wall time it stops choosing; `finished` is then False."""
        begun = time.monotonic()
        for column in self.table.sizes:
            self._measure((column,))
        model, self.rounds, self.finished = self._estimate(None, ITERATIONS), 0, False
        while not self.finished and time.monotonic() - begun < limit:
            if self.total - self.used <= 2 * self._price():
                self._spread_over(1, self.total - self.used)
                self.finished = True
            model = self._round(model)
            print(f"round {self.rounds} budget {self.used / self.total:.3f} {time.monotonic() - begun:.0f} s", flush=True)
        return self._estimate(model, LAST_ITERATIONS) if self.finished else model

    def _spread_over(self, rounds: int, budget: float) -> None:
        self.sigma, self.choice = math.sqrt(rounds / (1.8 * budget)), math.sqrt(0.8 * budget / rounds)

    def _price(self) -> float:
        return 1 / (2 * self.sigma**2) + self.choice**2 / 8

    def _measure(self, query: Query) -> None:
        noisy = self.exact[query] + self.rng.normal(0, self.sigma, self.exact[query].size)
        self.measured.append(mbi.LinearMeasurement(noisy, query, self.sigma))
        self.used += 1 / (2 * self.sigma**2)

    def _estimate(self, warm: Any, iterations: int) -> Any:
        return mbi.estimation.MirrorDescent().estimate(self.table.domain, self.measured, iters=iterations, warm_start=warm)

    def _round(self, model: Any) -> Any:
        fits = self._candidates(model)
        with jax.disable_jit():  # else every pair of every round is compiled anew, at a minute and half a GB a round
            before = {q: np.asarray(model.project(q).datavector()) for q in fits}
        bias = math.sqrt(2 / math.pi) * self.sigma
        worth = [self.weight[q] * (np.abs(self.exact[q] - before[q]).sum() - bias * self.exact[q].size) for q in fits]
        query = fits[exponential(self.rng, worth, self.choice, max(self.weight[q] for q in fits))]
        self.used += self.choice**2 / 8
        self._measure(query)
        model = self._estimate(model, ITERATIONS)
        self.rounds += 1
        if self.rounds % 5 == 0:
            jax.clear_caches()  # every round compiles a new graph; kept, they fill memory
        if np.abs(np.asarray(model.project(query).datavector()) - before[query]).sum() <= bias * self.exact[query].size:
            self.sigma, self.choice = self.sigma / 2, self.choice * 2
        return model

    def _candidates(self, model: Any) -> list[Query]:
        """What the model holds anyway, and what it could hold within its share of `MEGABYTES`."""
        free = set(mbi.clique_utils.downward_closure(model.cliques))
        kept, most = [m.clique for m in self.measured], MEGABYTES * (self.used + self._price()) / self.total
        size = mbi.junction_tree.hypothetical_model_size
        return [q for q in self.weight if q in free or size(self.table.domain, [*kept, q]) <= most]


def mst(table: Coded, epsilon: float, delta: float, rng: np.random.Generator) -> tuple[Any, dict[str, Any]]:
    """MST (McKenna, Miklau, Sheldon 2021, arXiv 2108.04978): a third of the budget each for 1-ways, a tree, the tree's pairs.

    Gives the model and which codes were joined, because they were rarer than three standard errors.
    """
    part = rho(epsilon, delta) / 3
    sigma = math.sqrt(len(table.sizes) / (2 * part))
    noisy = {c: table.counts((c,)) + rng.normal(0, sigma, n) for c, n in table.sizes.items()}
    joined = {c: np.where(y >= 3 * sigma, np.cumsum(y >= 3 * sigma) - 1, (y >= 3 * sigma).sum()) for c, y in noisy.items()}
    small = mbi.Dataset({c: table.data[c].to_numpy() for c in table.sizes}, table.domain).compress(joined)
    plain = [mbi.LinearMeasurement(noisy[c], (c,), sigma) for c in table.sizes]
    total = mbi.estimation.minimum_variance_unbiased_total(plain)  # mbi finds none in measurements of joined codes
    measured = [m.compress(joined, table.domain) for m in plain]
    scale = math.sqrt((len(table.sizes) - 1) / (2 * part))
    for query in _tree(table, small, measured, total, part, rng):
        exact = np.asarray(small.project(query).datavector())
        measured.append(mbi.LinearMeasurement(exact + rng.normal(0, scale, exact.size), query, scale))
    return mbi.estimation.MirrorDescent().estimate(small.domain, measured, total, iters=5 * ITERATIONS), joined


def _tree(table: Coded, small: Any, measured: list[Any], total: float, budget: float, rng: np.random.Generator) -> list[Query]:
    """A spanning tree of pairs that single columns explain badly, edge by edge with the exponential mechanism."""
    model = mbi.estimation.MirrorDescent().estimate(small.domain, measured, total, iters=ITERATIONS)
    gain = {q: float(np.abs(small.project(q).datavector() - model.project(q).datavector()).sum()) for q in table.pairs()}
    part, edges = {c: c for c in table.sizes}, []
    while len(edges) < len(part) - 1:
        apart = [q for q in gain if part[q[0]] != part[q[1]]]
        a, b = apart[exponential(rng, [gain[q] for q in apart], math.sqrt(8 * budget / (len(part) - 1)), 1.0)]
        part = {c: part[a] if p == part[b] else p for c, p in part.items()}
        edges.append((a, b))
    return edges
