"""Synthetic answers against noised sums, query by query, as shares of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluation.axis import Axis, axes
from evaluation.distance import Floats, Truth, beyond, noise_spread, noise_tvd, truth, tvd
from generators.marginal.structure import structure
from privacy.query import Query, grouped
from privacy.sums import Sums
from specs.lang.types import Study

READABLE = 0.25
"""Where noise alone moves more than this share of rows, the sum cannot judge anything, and is left out of averages."""
CLEAR = 3.0
"""A distance this many standard deviations above that of noise alone is no noise."""
ROUNDING = 1e-9
"""Distances below this come from floating point alone."""


@dataclass(frozen=True, eq=False)
class Row:
    """One query. `noised` and `synthetic` are shares (sum about 1) of shape `query.shape`, 0 where no row can be.

    `std` is the standard error of one noised share, `possible` tells cells that a row can be in, `total` the noised sum of all
    cells in patients (a patient with several rows counts more than once; see privacy/query.py).
    """

    query: Query
    axes: tuple[Axis, ...]
    noised: Floats
    synthetic: Floats
    possible: NDArray[np.bool_]
    std: float
    total: float
    tvd: float
    noise: float
    spread: float

    @property
    def ways(self) -> int:
        """How many columns."""
        return len(self.query.columns)

    @property
    def readable(self) -> bool:
        """Whether the noise leaves anything to compare with."""
        return self.noise <= READABLE

    @property
    def clear(self) -> bool:
        """Whether the distance is more than noise can make."""
        return self.readable and self.tvd > self.noise + CLEAR * self.spread + ROUNDING

    @property
    def beyond(self) -> float:
        """The part of the distance that noise does not explain."""
        return beyond(self.tvd, self.noise)

    @property
    def truth(self) -> Truth:
        """The estimated distance to the patients' own distribution."""
        return truth(self.tvd, self.noise)

    @property
    def title(self) -> str:
        """The query for people."""
        return " × ".join(a.title for a in self.axes)


@dataclass(frozen=True, slots=True)
class Level:
    """All queries over `ways` columns: how many, how many are `judged` (readable), and their means."""

    ways: int
    queries: int
    judged: int
    clear: int
    tvd: float
    noise: float
    low: float
    high: float

    def text(self) -> str:
        """One line for a terminal."""
        if not self.judged:
            return f"{self.ways}-way: noise hides all {self.queries} tables"
        hidden = f", {self.queries - self.judged} more hidden by noise" if self.queries > self.judged else ""
        return (
            f"{self.ways}-way: {self.tvd:.1%} off the noised sums (noise alone {self.noise:.1%}); "
            f"from the truth {self.low:.1%} to {self.high:.1%} ({self.judged} tables{hidden})"
        )


@dataclass(frozen=True, eq=False)
class Comparison:
    """Every query of a study, in the order asked; `patients` is the noised number of patients, with its standard error."""

    rows: Mapping[str, Row]
    patients: float
    patients_std: float

    @property
    def levels(self) -> tuple[Level, ...]:
        """Means by number of columns; numbers are 0 where nothing could be judged."""
        ways = sorted({r.ways for r in self.rows.values()})
        return tuple(_level(w, [r for r in self.rows.values() if r.ways == w]) for w in ways)

    @property
    def worst(self) -> tuple[Row, ...]:
        """Rows that differ by more than noise, worst first."""
        return tuple(sorted((r for r in self.rows.values() if r.clear), key=lambda r: (-r.beyond, r.query.name)))


def compare(study: Study, sums: Sums, synthetic: Mapping[str, Floats]) -> Comparison:
    """Compares what `sums` and `synthetic` answer to the same queries, both in patients and of shape `Query.shape`.

    Raises KeyError when an answer is missing, ValueError when one has another shape.
    """
    plans = {p.table: p for p in structure(study)}
    every = {q.name: _Part(q, axes(study, plans, q.table, q.columns), sums, synthetic) for q in sums.queries.values()}
    found: dict[str, Row] = {}
    for group in grouped(sums.queries.values()).values():
        parts = [every[q.name] for q in group]
        for part in parts:
            found[part.query.name] = part.row(_pooled([p for p in parts if p.counts_like(part)])[0])
    roots = [part for part in every.values() if part.query.table == study.root.name]
    patients, std = _pooled(roots) if roots else (0.0, 0.0)
    return Comparison({name: found[name] for name in sums.queries}, patients, std)


class _Part:
    """One query's two answers, in patients, cells that no row can be in set to 0."""

    def __init__(self, query: Query, found: tuple[Axis, ...], sums: Sums, synthetic: Mapping[str, Floats]) -> None:
        noised, made = np.asarray(sums.values[query.name], float), np.asarray(synthetic[query.name], float)
        if noised.shape != query.shape or made.shape != query.shape:
            raise ValueError(f"query {query.name}: answers of shape {noised.shape} and {made.shape}, asked for {query.shape}")
        self.query, self.axes, self.std = query, found, sums.std[query.name]
        self.possible = _possible(found)
        self.noised, self.made = noised * self.possible, made * self.possible
        self.total, self.drawn, self.cells = float(self.noised.sum()), float(self.made.sum()), int(self.possible.sum())

    def counts_like(self, other: _Part) -> bool:
        """Whether both count the same rows: then their true totals are equal, and may be estimated together."""
        return abs(self.drawn - other.drawn) <= 1e-6 * max(self.drawn, other.drawn)

    def row(self, total: float) -> Row:
        known = max(total, 1.0) if self.std > 0 else total or 1.0
        noised, made = self.noised / known, self.made / (self.drawn or 1.0)
        std = self.std / known
        each = np.where(self.possible, std, 0.0)
        return Row(
            self.query, self.axes, noised, made, self.possible, std, total, tvd(noised, made), noise_tvd(each), noise_spread(each)
        )


def _pooled(parts: list[_Part]) -> tuple[float, float]:
    """The common total of queries and its standard error: totals weighted by 1 / variance, that is by 1 / cells."""
    weights = np.array([1 / max((p.std**2 or 1.0) * p.cells, 1e-300) for p in parts])
    totals = np.array([p.total for p in parts])
    noisy = any(p.std > 0 for p in parts)
    return float((weights * totals).sum() / weights.sum()), float(weights.sum() ** -0.5) if noisy else 0.0


def _possible(found: tuple[Axis, ...]) -> NDArray[np.bool_]:
    """Cells of a query that a row can be in: bins differ by the value of another column where the spec says so."""
    names = [a.name for a in found]
    whole = np.ones([a.size for a in found], bool)
    for i, axis in enumerate(found):
        if axis.by in names and len(axis.possible) > 1:
            j = names.index(axis.by)
            table = np.array([axis.possible[min(v, len(axis.possible) - 1)] for v in range(found[j].size)])
            shape = [found[k].size if k in (i, j) else 1 for k in range(len(found))]
            whole &= (table if j < i else table.T).reshape(shape)
        else:
            anywhere = np.any(np.array(axis.possible), axis=0)
            whole &= anywhere.reshape([-1 if k == i else 1 for k in range(len(found))])
    return whole


def _level(ways: int, rows: list[Row]) -> Level:
    """Means over the queries whose noise leaves something to see."""
    judged = [r for r in rows if r.readable]

    def mean(values: list[float]) -> float:
        return float(np.mean(values)) if values else 0.0

    return Level(
        ways,
        len(rows),
        len(judged),
        sum(r.clear for r in judged),
        mean([r.tvd for r in judged]),
        mean([r.noise for r in judged]),
        mean([r.truth.low for r in judged]),
        mean([r.truth.high for r in judged]),
    )
