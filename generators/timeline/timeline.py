"""A transformer over patients' whole histories, trained on sums over hospitals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from generators.diffusion.device import back, placed
from generators.diffusion.flat import views
from generators.diffusion.local import cosine
from generators.marginal.code import code
from generators.marginal.learned import Learned
from generators.marginal.model import Model
from generators.marginal.structure import structure
from generators.optimise import ByAdam
from generators.rules import NoRules
from generators.timeline.calibrate import calibrated
from generators.timeline.gradient import clipped, portions
from generators.timeline.layout import Layout
from generators.timeline.local import BATCH, train
from generators.timeline.loss import loss
from generators.timeline.network import start
from generators.timeline.root import timeline
from generators.timeline.sequence import Held, batch, held
from generators.trained import Coded, Floats, Weights
from specs.lang.types import Study

STEPS = 1000
"""Steps of training before the first round; half of them where hospitals' own passes follow."""
PATIENTS = 8192
"""Synthetic patients to train on before the first round."""
FIRST = 3e-3
"""Largest learning rate before the first round, and of local passes."""
EPOCHS = 16
"""How often local passes of all rounds see a patient."""
LEAST = 400
"""Steps of a hospital in all rounds, at least, however few its patients."""
AIM = 65_536
"""Synthetic patients that say what the shares of the patients' columns should be."""
MOST = 24
"""Rows of a child table of one patient in one gradient, at most: a random stretch of them."""


class Transformer(ByAdam):
    """One network for all tables; the last weight is the share of local passes done."""

    clip = 1.0
    rate = 5e-4

    def __init__(self, study: Study) -> None:
        self.study = study
        self.layout = Layout(structure(study), study.generator.width, study.generator.depth, study.generator.device)

    @property
    def length(self) -> int:
        """Number of weights."""
        return self.layout.network.length + 1

    def begin(self, base: Model) -> Weights:
        """Weights (length,) from rows of `base`: a network that knows what the marginal generator knows. Seeded by the study."""
        rng = np.random.default_rng([self.study.seed, 2])
        drawn = base.sample(PATIENTS, self.study.seed, NoRules())
        tables = held(self.layout, code(self.study, drawn.tables, drawn.parents))
        steps = STEPS // 2 if self.study.averages else STEPS
        flat = start(self.layout.network, _marginals(self.layout, tables), self.study.seed).to(self.layout.device)
        return _joined(train(self.layout, flat, tables, [FIRST * cosine(step, steps) for step in range(steps)], rng), 0.0)

    def gradient(self, weights: Weights, coded: Coded, clip: float, rng: np.random.Generator) -> Floats:
        """Sum over patients of their gradients (length,), each scaled to at most `clip` in L2, in 64-bit floats.

        A patient's loss is the sum over tables of the mean over its rows. Which rows those are hangs on one random number of
        the patient's own. So given the others' numbers, which one patient more or less does not change in distribution, the
        sum moves by that patient's own term, at most `clip`. A patient whose gradient is not finite counts as 0.
        """
        tables = held(self.layout, coded)
        uniform = rng.random(len(tables[0].first) - 1)
        return np.append(back(clipped(self.layout, self._flat(weights).double(), tables, uniform, MOST, clip)), 0.0)

    def loss(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> float:
        """Sum over patients of their losses, in nats: over tables of the mean over rows."""
        tables, parts = held(self.layout, coded), views(self.layout.network.shapes, self._flat(weights))
        uniform, total = rng.random(len(tables[0].first) - 1), 0.0
        with torch.no_grad():
            for chosen in portions(self.layout, tables, len(uniform), MOST, 0):
                some = batch(self.layout, tables, chosen, uniform[chosen], MOST).to(self.layout.device)
                total += float(loss(self.layout, parts, some, True))
        return total

    def trained(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> Weights:
        """Weights (length,) after a local pass: a part of `EPOCHS`, with a learning rate that falls from round to round."""
        rounds = self.study.generator.rounds
        done = min(max(round(float(weights[-1]) * rounds), 0), rounds - 1)
        tables = held(self.layout, coded)
        steps = math.ceil(max(EPOCHS * (len(tables[0].first) - 1) / BATCH, LEAST) / rounds)
        rates = [FIRST * cosine(done, rounds, 1)] * steps if len(tables[0].tokens) else []
        return _joined(train(self.layout, self._flat(weights), tables, rates, rng), (done + 1) / rounds)

    def learned(self, weights: Weights, base: Model) -> Learned:
        """What is drawn from: one network for all tables; how bins are shared by their parts is the base model's."""
        rng, learned = np.random.default_rng([self.study.seed, 3]), base.learned
        aim = self.layout.tokens(0, learned.root.draw(AIM, rng), AIM)
        flat = calibrated(self.layout, self._flat(weights), aim, rng)
        return timeline(self.layout, back(flat), {plan.table: learned[plan.table].within for plan in self.layout.plans})

    def _flat(self, weights: Weights) -> Tensor:
        if weights.shape != (self.length,):
            raise ValueError(f"weights must be ({self.length},)")
        return placed(weights[:-1].astype(np.float32), self.layout.device)


def _joined(flat: Tensor, done: float) -> Weights:
    return np.append(back(flat), np.float32(done))


def _marginals(layout: Layout, tables: Sequence[Held]) -> list[Floats]:
    """Shares of each predicted column's tokens, none 0."""
    found = []
    for sheet, table in zip(layout.sheets, tables, strict=True):
        for column, tokens in zip(sheet.predicted, table.tokens.T[len(sheet.context) :], strict=True):
            count = np.bincount(tokens[tokens >= 0], minlength=column.size) + 0.1
            found.append(count / count.sum())
    return found
