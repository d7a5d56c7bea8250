"""From a door to a model: ask once, then learn table after table."""

from __future__ import annotations

import numpy as np

from generators.arrays import Arrays, arrays
from generators.frame import Tables, known, length
from generators.marginal.above import above
from generators.marginal.chain import Chain
from generators.marginal.fit import Codes, Effort, Ints, learn_children, learn_roots, prior
from generators.marginal.model import Model
from generators.marginal.shard import ancestry, times
from generators.marginal.simulate import children, roots
from generators.marginal.structure import Plan, queries, structure
from generators.marginal.values import counts, values
from generators.progress import Progress, silent
from privacy.door import Door
from privacy.sums import Sums
from specs.lang.types import Study, Table


def fit(door: Door, study: Study, progress: Progress = silent) -> Model:
    """Asks everything in one round and learns from the noised sums."""
    return learn(study, door.ask(queries(study), 1.0), progress)


def learn(study: Study, sums: Sums, progress: Progress = silent, effort: Effort | None = None) -> Model:
    """The model of `sums`. Post-processing: seeded, free and repeatable."""
    effort = effort or Effort()
    device = arrays(study.generator.device)
    rng = np.random.default_rng([study.seed, 1])
    return _Learning(study, sums, progress, effort, device, rng).model()


class _Learning:
    """Rows drawn from what is learned so far: what the next table is learned on."""

    def __init__(
        self, study: Study, sums: Sums, progress: Progress, effort: Effort, device: Arrays, rng: np.random.Generator
    ) -> None:
        self.study, self.sums, self.progress, self.effort, self.device, self.rng = study, sums, progress, effort, device, rng
        self.chains: dict[str, Chain] = {}
        self.codes: dict[str, Codes] = {}
        self.tables: Tables = {}
        self.parents: dict[str, Ints] = {}
        self.patient: dict[str, Ints] = {}
        plans = structure(study)
        self.work = sum(len(p.steps) * (1 if study.tables[p.table].parent is None else effort.rounds) for p in plans)
        self.done = 0

    def model(self) -> Model:
        for plan in structure(self.study):
            table = self.study.tables[plan.table]
            if table.parent is None:
                self._roots(table, plan)
            else:
                self._children(table, plan)
        return Model(self.study, self.chains)

    def _tell(self, doing: str) -> None:
        self.progress(f"learning {doing}", self.done / self.work)
        self.done += 1

    def _roots(self, table: Table, plan: Plan) -> None:
        chain = learn_roots(self.device, plan, self.sums, self.effort, self.rng, self._tell)
        codes = roots(chain, self.effort.patients, self.rng)
        self._drawn(table, chain, codes, np.arange(self.effort.patients))
        self.tables[table.name] = values(table, chain, codes, self.rng)

    def _children(self, table: Table, plan: Plan) -> None:
        assert table.parent is not None
        parent = self.study.tables[table.parent.table]
        everyone = np.arange(length(self.tables[parent.name]))
        up = ancestry(self.study, table, self.parents, everyone)
        aligned = {n: {v: c[rows] for v, c in self.codes[n].items()} for n, rows in up.items()}
        number = counts(self.study, parent, self.chains[parent.name], self.codes[parent.name], self.rng)[table.name]
        chain = Chain(plan, tuple(prior(step, self.sums) for step in plan.steps))
        base = above(self.study, table, chain, aligned, number, times(self.study, table, self.tables, up))
        for _ in range(self.effort.rounds):
            drawn = children(self.study, table, chain, base, self.rng, keep=True)
            patient = self.patient[parent.name][drawn.parent]
            for step in plan.steps:
                self._tell(f"{table.name}.{step.variable.name}")
            chain = learn_children(self.device, chain, self.sums, drawn, patient, self.effort, self.rng)
        drawn = children(self.study, table, chain, base, self.rng)
        self.parents[table.name] = drawn.parent
        self._drawn(table, chain, drawn.codes, self.patient[parent.name][drawn.parent])
        frame = values(table, chain, drawn.codes, self.rng)
        if table.order_by and drawn.at is not None:
            frame[table.order_by] = known(drawn.at)
        self.tables[table.name] = frame

    def _drawn(self, table: Table, chain: Chain, codes: Codes, patient: Ints) -> None:
        self.chains[table.name], self.codes[table.name], self.patient[table.name] = chain, codes, patient
