"""From noised sums to a model, one table after another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from generators.arrays import Arrays, arrays
from generators.copula.copula import learn_copula
from generators.frame import Tables, known, length
from generators.marginal.above import above
from generators.marginal.chain import Chain
from generators.marginal.classes import fit as fit_classes
from generators.marginal.cliques import cliques
from generators.marginal.estimate import within
from generators.marginal.fit import Codes, Effort, Ints, learn_children, prior
from generators.marginal.learned import Learned, Root
from generators.marginal.mixture import Mixture
from generators.marginal.model import Model
from generators.marginal.pairs import pairs
from generators.marginal.plan import Plan
from generators.marginal.shard import ancestry, times
from generators.marginal.simulate import children
from generators.marginal.structure import structure
from generators.marginal.values import counts, values
from generators.progress import Progress, silent
from privacy.sums import Sums
from specs.lang.types import Study, Table

Done = Callable[[float], None]


def learn(study: Study, sums: Sums, progress: Progress = silent, effort: Effort | None = None) -> Model:
    """The model of `sums`. Post-processing: seeded, free and repeatable."""
    device = arrays(study.generator.device)
    rng = np.random.default_rng([study.seed, 1])
    return _Learning(study, sums, progress, effort or Effort(), device, rng).model()


def learn_root(device: Arrays, plan: Plan, sums: Sums, effort: Effort, rng: np.random.Generator, done: Done) -> Mixture:
    """The root table: classes that explain its noised pairs, and how parts of bins share them."""
    known = pairs(plan, sums)
    together = cliques(known)
    found = fit_classes(device, known, together, effort.classes, effort.steps, rng, done)
    shares = {}
    for clique, cells in zip(together.of, np.split(found.shares, together.start[1:-1], axis=1), strict=True):
        variables = [plan.steps[v].variable for v in clique]
        shares[tuple(v.name for v in variables)] = cells.reshape(-1, *(v.size for v in variables))
    return Mixture(plan, found.weight, shares, {s.variable.name: within(s, sums) for s in plan.steps if s.domain.ordered})


class _Learning:
    """Rows drawn from what is learned so far: what the next table is learned on."""

    def __init__(
        self, study: Study, sums: Sums, progress: Progress, effort: Effort, device: Arrays, rng: np.random.Generator
    ) -> None:
        self.study, self.sums, self.progress, self.effort, self.device, self.rng = study, sums, progress, effort, device, rng
        self.codes: dict[str, Codes] = {}
        self.tables: Tables = {}
        self.parents: dict[str, Ints] = {}
        self.patient: dict[str, Ints] = {}
        self.plans = structure(study)
        self.work = len(self.plans[0].steps) + sum(len(p.steps) * effort.rounds for p in self.plans[1:])
        self.done = 0

    def model(self) -> Model:
        root = self._root(self.study.root, self.plans[0])
        learned = Learned(root, {})
        for plan in self.plans[1:]:
            chain = self._children(self.study.tables[plan.table], plan, learned)
            learned = Learned(root, {**learned.chains, plan.table: chain})
        return Model(self.study, learned)

    def _tell(self, doing: str) -> None:
        self.progress(f"learning {doing}", self.done / self.work)
        self.done += 1

    def _root(self, table: Table, plan: Plan) -> Root:
        """The learned root table, and rows of it to learn the tables below on."""
        def done(part: float) -> None:
            self.progress(f"learning {table.name}", part * len(plan.steps) / self.work)

        if self.study.generator.name == "copula":
            root: Root = learn_copula(plan, self.sums)
        else:
            root = learn_root(self.device, plan, self.sums, self.effort, self.rng, done)
        self.done = len(plan.steps)
        codes = root.draw(self.effort.patients, self.rng)
        self.codes[table.name], self.patient[table.name] = codes, np.arange(self.effort.patients)
        self.tables[table.name] = values(table, root, codes, self.rng)
        return root

    def _children(self, table: Table, plan: Plan, learned: Learned) -> Chain:
        """The learned chain of a table below, and its rows; drawn and fitted in turns, since contexts are rows drawn before."""
        assert table.parent is not None
        parent = self.study.tables[table.parent.table]
        everyone = np.arange(length(self.tables[parent.name]))
        up = ancestry(self.study, table, self.parents, everyone)
        aligned = {n: {v: c[rows] for v, c in self.codes[n].items()} for n, rows in up.items()}
        number = counts(self.study, parent, learned[parent.name], self.codes[parent.name], self.rng)[table.name]
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
        self.codes[table.name], self.patient[table.name] = drawn.codes, self.patient[parent.name][drawn.parent]
        frame = values(table, chain, drawn.codes, self.rng)
        if table.order_by and drawn.at is not None:
            frame[table.order_by] = known(drawn.at)
        self.tables[table.name] = frame
        return chain
