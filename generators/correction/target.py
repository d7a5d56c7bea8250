"""A step that is corrected: what a hospital must know of it, as numbers that go along with the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.correction.remembered import Remembered
from generators.correction.tilt import SCORES, Tilt, normal
from generators.marginal.chain import Conditional
from generators.marginal.code import Codes
from generators.marginal.plan import Plan
from generators.marginal.structure import structure
from specs.lang.types import Study

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
FLAT = 1e-3
"""Directions of less information than this share of the most are scaled as if they had it."""


@dataclass(frozen=True)
class Target:
    """One ordered column of a child table."""

    plan: Plan
    remembered: Remembered

    @property
    def size(self) -> int:
        """Number of weights that are learned."""
        return SCORES * self.remembered.features

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """What goes along: the step's conditional, the places of its codes, and the scale of the weights."""
        step = self.remembered.step
        table = step.given_size, step.variable.size
        thetas = {query.name: (int(np.prod(query.shape[:-1])), step.variable.size) for query in step.factors}
        return {"places": table, "scale": (self.size, self.size), "bias": table, **thetas}

    def conditional(self, known: Mapping[str, Floats]) -> Conditional:
        """The step's conditional, as far as logits go."""
        step = self.remembered.step
        return Conditional(step, known["bias"], {query.name: known[query.name] for query in step.factors}, None)

    def tilt(self, weights: Floats, known: Mapping[str, Floats]) -> Tilt:
        """The correction with `weights` (size,), which are scaled."""
        return Tilt(self.remembered, known["places"], (known["scale"] @ weights).reshape(SCORES, -1))

    def rows(self, codes: Codes, conditional: Conditional) -> Rows:
        """The rows that the step applies to."""
        applies = np.flatnonzero(codes.values[self.remembered.step.variable.name] >= 0)
        names = {name for query in self.remembered.step.factors for name in query.columns[:-1]}
        names |= {self.remembered.step.given or self.remembered.step.variable.name}
        values = {name: np.maximum(codes.values[name][applies], 0) for name in names}
        odds = normal(conditional.logits(values, len(applies)))
        own = codes.values[self.remembered.step.variable.name][applies]
        return Rows(odds, self.remembered.seen(codes)[applies], own, codes.patient[applies])

    def scale(self, tilt: Tilt, rows: Rows, patients: int) -> Floats:
        """(size, size) that makes the information of a patient's mean gradient in the scaled weights the identity, at 0.

        So that one step length fits all directions, and noise of one length blurs all of them alike.
        """
        scores, share = tilt.scores(rows.odds, rows.seen), np.exp(rows.odds)
        centred = scores - np.einsum("nt,nst->ns", share, scores)[:, :, None]
        spread = np.einsum("nt,nat,nbt->abn", share, centred, centred) * rows.weight / patients
        said = self.remembered.described(tilt.places, rows.seen)
        blocks = [[(said * spread[a, b][:, None]).T @ said for b in range(SCORES)] for a in range(SCORES)]
        values, axes = np.linalg.eigh(np.block(blocks))
        return np.asarray(axes / np.sqrt(np.maximum(values, FLAT * values.max() + 1e-12)))


@dataclass(frozen=True)
class Rows:
    """Rows of a table: `odds` (rows, codes) of the conditional, what is remembered (`seen`), their `codes`, whose they are."""

    odds: Floats
    seen: Ints
    codes: Ints
    patient: Ints

    @cached_property
    def weight(self) -> Floats:
        """(rows,) 1 / sqrt of the patient's rows: neither do long histories drown short ones, nor do they count the same."""
        return np.asarray(1 / np.sqrt(np.bincount(self.patient)[self.patient])) if len(self.patient) else np.zeros(0)

    def sorted(self) -> Rows:
        """The same by patient."""
        order = np.argsort(self.patient, kind="stable")
        return Rows(self.odds[order], self.seen[order], self.codes[order], self.patient[order])

    def portion(self, low: int, high: int) -> Rows:
        """Those of the patients `low` to `high` (excluded), numbered from 0; patients ascend."""
        part = slice(*np.searchsorted(self.patient, (low, high)))
        return Rows(self.odds[part], self.seen[part], self.codes[part], self.patient[part] - low)


def targets(study: Study) -> tuple[Target, ...]:
    """All ordered columns of child tables but their times: what a budget is spent on beyond histograms."""
    children = (plan for plan in structure(study) if study.tables[plan.table].parent is not None)
    return tuple(Target(plan, remembered) for plan in children for remembered in Remembered.of(plan).values())
