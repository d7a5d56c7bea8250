"""Drawing child tables from chains: row after row, all parents at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.marginal.above import Above
from generators.marginal.chain import Chain, Conditional, draw, draw_part
from generators.marginal.clock import clock, grouped
from generators.marginal.drawn import Drawn, Turn, collected
from generators.marginal.encode import decode, encode
from generators.marginal.implied import marks, start_column, starts_at_parent, stride_column
from generators.marginal.zeros import Zeros
from specs.lang.domain import domain
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]
Codes = dict[str, Ints]


def children(study: Study, table: Table, chain: Chain, above: Above, rng: np.random.Generator, keep: bool = False) -> Drawn:
    """All rows of `table` for the parents in `above`; `keep` also hands back what was allowed."""
    walk = _Walk(study, table, chain, above, rng, keep)
    live = np.flatnonzero(above.count > 0)
    position = 0
    while len(live):
        live = walk.step(live, position)
        position += 1
        live = live[above.count[live] > position]
    return collected(walk.turns, chain, walk.clock.at[:0])


@dataclass
class _Walk:
    """The state of drawing: for each parent what its next row depends on."""

    study: Study
    table: Table
    chain: Chain
    above: Above
    rng: np.random.Generator
    keep: bool
    turns: list[Turn] = field(default_factory=list)

    def __post_init__(self) -> None:
        parents = len(self.above.count)
        variables = self.chain.plan.variables.values()
        self.previous = {v.name: np.full(parents, v.size - 1) for v in variables if v.kind == "previous"}
        by = {v.name: _size_of(self.chain, v.by) for v in variables if v.kind == "last"}
        self.last = {v.name: np.full((parents, by[v.name]), v.size - 1) for v in variables if v.kind == "last"}
        self.zeros = Zeros(self.table, self.chain, self.above.count)
        self.odds = self.chain.odds(self.above)
        self.clock = clock(self.table, self.above)
        self.earliest = np.full(parents, -np.inf)

    def step(self, live: Ints, position: int) -> Ints:
        """Draws row `position` of the parents `live`; gives back those that got one."""
        codes = {v: c[live] for v, c in (self.above.codes | self.previous).items()}
        allowed: dict[str, Any] = {}
        at = None
        if self.table.order_by:
            live, codes, at = self._time(live, codes, position, allowed)
        self.zeros.row(live, codes, position)
        for conditional in self.chain.conditionals:
            variable = conditional.step.variable
            if variable.kind in ("start", "gap"):
                continue
            if variable.kind == "mark":
                live, codes, at = self._mark(conditional, codes, live, allowed, at)
                continue
            self._last_of(conditional, codes, live)
            live, codes, at = self._draw(conditional, codes, live, self.zeros.limits(variable, live, position), allowed, at)
            if variable.kind == "own":
                self.zeros.drawn(variable.name, live, codes[variable.name])
        self._remember(live, codes)
        self.turns.append(Turn(live, codes, at, allowed))
        return live

    def _time(self, live: Ints, codes: Codes, position: int, allowed: dict[str, Any]) -> tuple[Ints, Codes, Any]:
        """Draws start or gap, and from it the row's time; bins that hold no possible time are impossible."""
        name = str(self.table.order_by)
        conditional = self.chain[f"{name}__gap" if position else f"{name}__start"]
        column = stride_column(self.table) if position else start_column(self.study, self.table)
        codes |= self.clock.codes(self.chain.plan.variables, live, position)
        low, high = np.array([(c.low, c.high) for c in conditional.step.domain.cells[0]]).T
        first, last = self.clock.span(low, high, live[:, None], position)
        live, codes, _ = self._draw(conditional, codes, live, first <= last, allowed, None)
        code = codes[conditional.step.variable.name]
        assert conditional.within is not None
        fine = draw_part(conditional.step, conditional.within, code, None, self.rng.random(len(live)))
        distance = decode(column, conditional.step.domain, fine, None, self.rng.random(len(live)))
        before = self.clock.at[live]
        if position or starts_at_parent(self.study, self.table):
            self.earliest[live] = before
        at = self.clock.moved(distance, *self.clock.span(low[code], high[code], live, position), live, position, self.rng)
        codes[f"{name}__moved"] = np.where(at == before, 1, 2) if position else np.zeros(len(at), np.int64)
        codes[name] = self._place(at)
        return live, codes, at

    def _mark(
        self, conditional: Conditional, codes: Codes, live: Ints, allowed: dict[str, Any], at: Any
    ) -> tuple[Ints, Codes, Any]:
        """Some rows move to a time that rows of their kind share, if it is not before the previous row nor beyond the bound."""
        times = np.array(marks(self.table))
        possible = (times >= self.earliest[live][:, None]) & (times <= self.clock.top[live][:, None])
        limits = np.concatenate([np.ones((len(live), 1), bool), possible], axis=1)
        live, codes, at = self._draw(conditional, codes, live, limits, allowed, at)
        code = codes[conditional.step.variable.name]
        at = np.where(code > 0, times[np.maximum(code - 1, 0)], at).astype(at.dtype)
        self.clock.at[live] = at
        codes[str(self.table.order_by)] = self._place(at)
        return live, codes, at

    def _place(self, at: Any) -> Ints:
        """The group of each time (n,)."""
        name = str(self.table.order_by)
        code, _ = encode(domain(self.table.columns[name]), at, np.zeros(len(at), bool))
        return grouped(self.chain.plan.variables[name], code)

    def _last_of(self, conditional: Conditional, codes: Codes, live: Ints) -> None:
        for variable in self.chain.plan.variables.values():
            if variable.kind == "last" and variable.column == conditional.step.variable.column:
                codes[variable.name] = self.last[variable.name][live, codes[variable.by]]

    def _draw(
        self, conditional: Conditional, codes: Codes, live: Ints, limits: Any, allowed: dict[str, Any], at: Any
    ) -> tuple[Ints, Codes, Any]:
        """Draws one variable; parents for which nothing is possible get no row."""
        name = conditional.step.variable.name
        code = draw(self.odds.logits(conditional, codes, live), limits, self.rng.random(len(live)))
        got = code >= 0
        if limits is not None and self.keep:
            allowed[name] = limits
        if not got.all():
            live, code, at = live[got], code[got], None if at is None else at[got]
            codes = {v: c[got] for v, c in codes.items()}
            for v in allowed:
                allowed[v] = allowed[v][got]
        codes[name] = code
        for variable in self.chain.plan.variables.values():
            if variable.name == f"{name}__coarse":
                codes[variable.name] = grouped(variable, code)
        return live, codes, at

    def _remember(self, live: Ints, codes: Codes) -> None:
        for variable in self.chain.plan.variables.values():
            if variable.kind == "previous":
                self.previous[variable.name][live] = codes[variable.source]
            elif variable.kind == "last":
                self.last[variable.name][live, codes[variable.by]] = codes[variable.source]
        self.zeros.done(live, codes)
        self.odds.done(codes, live)


def _size_of(chain: Chain, name: str) -> int:
    return chain[name].step.variable.size
