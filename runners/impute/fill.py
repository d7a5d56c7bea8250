"""Fills the columns that a partial table lacks, row by row, from the released model."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Series, stacked, take
from generators.impute import Fills, complete
from generators.marginal.encode import encode
from generators.marginal.values import values
from generators.rules import Rules
from runners.impute.partial import Partial
from specs.lang.types import Study

CHUNK = 16_384
"""Rows filled together, with a random generator of their own: seeded by (seed, chunk)."""
TRIES = 50
"""How often what was drawn for a row that breaks a constraint is drawn again; the last draw stays."""
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Known:
    """What the partial table says: columns, their codes (-1: to be filled), and which columns are filled with values only."""

    frame: Frame
    codes: dict[str, Ints]
    valued: frozenset[str]

    def take(self, rows: Ints) -> Known:
        """The rows at these positions."""
        return Known(take(self.frame, rows), {v: c[rows] for v, c in self.codes.items()}, self.valued)


def read(study: Study, root: Fills, partial: Partial, fill: Collection[str]) -> Known:
    """The measured columns that are there. NULL is to be filled in columns named by `fill` and where the spec allows no NULL."""
    frame: Frame = {}
    codes: dict[str, Ints] = {}
    for step in root.plan.steps:
        column = study.root.columns.get(step.variable.column)
        if step.variable.kind != "own" or column is None or column.references == study.root.name:
            continue
        if partial.name(column.name) is None:
            continue
        series = partial.series(column)
        by = codes.get(step.domain.by) if step.domain.by else None
        if step.domain.by and by is None:
            continue  # without the kind, a value has no code; it stays as it is
        code, fine = encode(step.domain, series.values, series.null, by)
        missing = series.null & (column.name in fill or not column.nullable)
        frame[column.name] = series
        unknown = missing | (by < 0 if by is not None else False)
        codes[step.variable.name] = np.where(unknown, -1, code)
        if step.domain.ordered:
            codes[f"{step.variable.name}__fine"] = np.where(unknown, -1, fine)
    named = {s.variable.name for s in root.plan.steps if s.variable.column in fill and s.variable.kind == "own"}
    return Known(frame, codes, frozenset(named))


def filled(study: Study, root: Fills, known: Known, rows: int, rules: Rules, seed: int) -> Frame:
    """All columns of the root table but those that point to other patients: what was known, and draws."""
    parts = []
    for number, start in enumerate(range(0, rows, CHUNK)):
        chunk = known.take(np.arange(start, min(start + CHUNK, rows)))
        parts.append(_chunk(study, root, chunk, min(CHUNK, rows - start), rules, np.random.default_rng([seed, number])))
    return stacked(parts)


def _chunk(study: Study, root: Fills, known: Known, rows: int, rules: Rules, rng: np.random.Generator) -> Frame:
    frame = _drawn(study, root, known, rows, rules, rng)
    for _ in range(TRIES):
        bad = np.flatnonzero(rules.broken(study.root.name, frame, {}))
        if len(bad) == 0:
            break
        frame = _replaced(frame, bad, _drawn(study, root, known.take(bad), len(bad), rules, rng))
    return frame


def _drawn(study: Study, root: Fills, known: Known, rows: int, rules: Rules, rng: np.random.Generator) -> Frame:
    codes = complete(root, known.codes, known.valued, rows, rng)
    frame = values(study.root, root, codes, rng)
    for name, series in known.frame.items():
        frame[name] = _kept(series, frame[name], known.codes[name])
    pointing = [c.name for c in study.root.columns.values() if c.references == study.root.name]
    return rules.derive(study.root.name, {name: series for name, series in frame.items() if name not in pointing})


def _kept(given: Series, drawn: Series, codes: Ints) -> Series:
    """What was given, where something was; categories of both are codes into the same labels."""
    filled_ = given.null & (codes < 0)
    return Series(np.where(filled_, drawn.values, given.values), np.where(filled_, drawn.null, given.null), drawn.labels)


def _replaced(frame: Mapping[str, Series], rows: Ints, by: Frame) -> Frame:
    found = {}
    for name, series in frame.items():
        values_, null = series.values.copy(), series.null.copy()
        values_[rows], null[rows] = by[name].values, by[name].null
        found[name] = Series(values_, null, series.labels)
    return found
