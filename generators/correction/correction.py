"""What the marginal model misses of values that repeat, learned in rounds of clipped and noised sums.

A few thousand patients cannot tell a network's hundred thousand weights through the noise of a budget: what is drawn gets worse.
They can tell some dozens. So the marginal model stays, and what is learned is how its conditionals of ordered columns move with
the last value of the same kind and the mean of all so far (`remembered`, `tilt`). Rounds are steps of natural gradient (Amari
1998) whose information matrix comes from synthetic rows, so it is free, and few steps are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from generators.correction.chain import Corrected
from generators.correction.layout import Known, Layout
from generators.correction.target import Rows, Target, targets
from generators.correction.tilt import SCORES, Tilt
from generators.marginal.chain import Chain
from generators.marginal.code import Codes, code
from generators.marginal.learned import Learned
from generators.marginal.model import Model
from generators.optimise import State, begin, finite
from generators.rules import NoRules
from generators.trained import Coded, Floats, Weights
from specs.lang.types import Study

PATIENTS = 8192
"""Synthetic patients that tell the places of codes and the information matrix."""
STEP = 0.5
"""Largest step. Full ones overshot under some draws of the noise: the information of synthetic rows is not quite the real one."""
ENOUGH = 12
"""With more rounds than this steps are shorter."""
SHORT = 0.5
"""The bound of a patient's gradient, of the root of the number of weights: about what the longest fifth are cut to."""
LOCAL = 4
"""Steps of a local pass."""
ROUNDING = 1e-6
"""Norms are taken to be larger by this share of what the rows' could be at most: more than what rounding can hide of them."""
ROWS = 65_536
"""Rows that are looked at together, about."""


class Correction:
    """The marginal model of all tables, and a correction of every ordered column below the patients' table but times."""

    def __init__(self, study: Study) -> None:
        self.study, self.layout = study, Layout(targets(study))
        self.rate = STEP * min(1.0, ENOUGH / study.generator.rounds)
        self.clip = SHORT * self.layout.learned**0.5

    @property
    def length(self) -> int:
        """Number of weights, with those that stay."""
        return self.layout.length

    @property
    def moving(self) -> int:
        """How many of the first weights rounds move."""
        return self.layout.moving

    def begin(self, base: Model) -> Weights:
        """Weights (length,): no correction, and the marginal model of what will be corrected. Seeded by the study."""
        drawn = base.sample(PATIENTS, self.study.seed, NoRules())
        coded = code(self.study, drawn.tables, drawn.parents)
        return self.layout.joined([_known(target, base, coded[target.plan.table]) for target in self.layout.targets])

    def gradient(self, weights: Weights, coded: Coded, clip: float, rng: np.random.Generator) -> Floats:
        """Sum over patients of their gradients (moving,) of the loss, each scaled to at most `clip` in L2; witnesses are 0.

        A patient's loss is the negative log-likelihood of the values in all rows, in each column divided by the root of how many
        there are. It depends on that patient's rows and the weights alone, and nothing here is random, so one patient more
        or less moves the sum by at most `clip`. A patient whose gradient is not finite counts as 0.
        """
        with np.errstate(all="ignore"):  # a warning would say something of the rows
            return self._gradient(weights, coded, clip)

    def loss(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> float:
        """Sum over patients of their losses, in nats."""
        total = 0.0
        for (_, tilt), rows in zip(self.layout.parts(weights), self._rows(weights, coded), strict=True):
            odds = tilt.odds(rows.odds, rows.seen)[np.arange(len(rows.codes)), rows.codes]
            total -= float((odds * rows.weight).sum())
        return total

    def trained(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> Weights:
        """Weights (length,) after a few steps on the rows. Without privacy: one patient can move them by any amount."""
        state, patients = begin(weights), len(coded[self.study.root.name].patient)
        for _ in range(LOCAL if patients else 0):
            state = self.stepped(state, self.gradient(state.weights, coded, np.inf, rng), patients, self.rate)
        return state.weights

    def stepped(self, state: State, gradient: Floats, patients: float, rate: float) -> State:
        """One step from a summed gradient (moving,) of about so many patients. Raises FloatingPointError as `advance` does.

        `average` is the weights as the noise lets one know them: each target's are drawn towards 0 by the positive-part
        James-Stein rule (Efron and Morris 1973), with the noise that the witnesses show. That is rather more than there is, for
        a step also takes back some of the noise of those before.
        """
        finite(state, gradient)
        moved, witnesses = state.weights.astype(np.float64), slice(self.layout.learned, self.moving)
        moved[: self.moving] -= rate * gradient / patients
        known, noise = moved.copy(), float((moved[witnesses] ** 2).mean())
        for place in self.layout.places:
            part = moved[place]
            known[place] = part * max(0.0, 1 - len(part) * noise / max(float((part**2).sum()), 1e-30))
        return replace(state, step=state.step + 1, weights=moved.astype(np.float32), average=known.astype(np.float32))

    def learned(self, weights: Weights, base: Model) -> Learned:
        """What is drawn from: the marginal model, some of its child tables corrected."""
        tilts: dict[str, dict[str, Tilt]] = {}
        for target, (_, tilt) in zip(self.layout.targets, self.layout.parts(weights), strict=True):
            tilts.setdefault(target.plan.table, {})[target.remembered.step.variable.name] = tilt

        def corrected(chain: Chain) -> Corrected:
            return Corrected(chain.plan, chain.conditionals, tilts.get(chain.plan.table, {}))

        return Learned(base.learned.root, {name: corrected(chain) for name, chain in base.learned.chains.items()})

    def _gradient(self, weights: Weights, coded: Coded, clip: float) -> Floats:
        found, total = self._rows(weights, coded), np.zeros(self.moving)
        patients = 1 + max(int(rows.patient.max(initial=-1)) for rows in found)
        size = max(1, ROWS * patients // (1 + sum(len(rows.patient) for rows in found)))
        for low in range(0, patients, size):
            some = [rows.portion(low, low + size) for rows in found]
            total[: self.layout.learned] += clipped(*self._slopes(weights, some, min(size, patients - low)), clip)
        return total

    def _slopes(self, weights: Weights, found: Sequence[Rows], patients: int) -> tuple[Floats, Floats]:
        """Each patient's gradient (patients, learned), and the sum (patients,) of how long those of the rows could be."""
        total, length = np.zeros((patients, self.layout.learned)), np.zeros(patients)
        for rows, (known, tilt), place in zip(found, self.layout.parts(weights), self.layout.places, strict=True):
            slopes = rows.weight[:, None] * tilt.slopes(rows.odds, rows.seen, rows.codes)
            np.add.at(total[:, place], rows.patient, -slopes @ known["scale"])
            np.add.at(length, rows.patient, np.linalg.norm(slopes, axis=1) * np.linalg.norm(known["scale"]))
        return total, length

    def _rows(self, weights: Weights, coded: Coded) -> list[Rows]:
        """The rows of each target, by patient."""
        parts = zip(self.layout.targets, self.layout.parts(weights), strict=True)
        return [target.rows(coded[target.plan.table], target.conditional(known)).sorted() for target, (known, _) in parts]


def clipped(slopes: Floats, length: Floats, clip: float) -> Floats:
    """Sum of patients' gradients (patients, learned), each scaled to at most `clip`; those that are not finite are left out.

    Without the rows' `length` (patients,) rows that cancel would leave rounding errors, which may hang on who else is there, and
    scaling would make them large.
    """
    norm = np.hypot(np.linalg.norm(slopes, axis=1), ROUNDING * length)
    kept = np.isfinite(norm)
    return np.asarray((slopes[kept] * np.minimum(1.0, clip / np.maximum(norm[kept], 1e-30))[:, None]).sum(0))


def _known(target: Target, base: Model, codes: Codes) -> Known:
    """What goes along with a target's weights, by name."""
    conditional = base.learned.chains[target.plan.table][target.remembered.step.variable.name]
    rows = target.rows(codes, conditional)
    places = target.remembered.placed(rows.codes, rows.seen[:, 0])
    none = Tilt(target.remembered, places, np.zeros((SCORES, target.remembered.features)))
    return {"bias": conditional.bias, **conditional.theta, "places": places, "scale": target.scale(none, rows, PATIENTS)}
