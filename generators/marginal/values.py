"""From the codes of drawn rows to values in the columns' own units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Series
from generators.marginal.chain import draw_part
from generators.marginal.encode import decode
from generators.marginal.implied import count_column
from generators.marginal.plan import Plan, Step
from specs.lang.domain import SELF
from specs.lang.types import Study, Table

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Codes(Protocol):
    """A learned table, as far as its codes become values."""

    @property
    def plan(self) -> Plan:
        """Its steps."""
        ...

    @property
    def within(self) -> Mapping[str, Floats]:
        """How the parts of codes share them, by variable."""
        ...


def values(table: Table, learned: Codes, codes: Mapping[str, Ints], rng: np.random.Generator) -> Frame:
    """The measured columns that the learned table has steps for; a reference to the own table keeps the labels `SELF`."""
    frame: Frame = {}
    for step in learned.plan.steps:
        variable, dom = step.variable, step.domain
        if variable.kind != "own":
            continue
        code = codes[variable.name]
        null = code >= dom.values
        if not dom.ordered:
            labels = SELF if table.columns[variable.column].references == table.name else dom.labels
            frame[variable.column] = Series(np.where(null, 0, code), null, labels)
            continue
        fine = _fine(step, learned, codes, rng)
        by = codes[dom.by] if dom.by else None
        frame[variable.column] = Series(
            decode(table.columns[variable.column], dom, np.where(null, 0, fine), by, rng.random(len(code))), null
        )
    return frame


def counts(
    study: Study, table: Table, learned: Codes, codes: Mapping[str, Ints], rng: np.random.Generator
) -> dict[str, Ints]:
    """For each child table how many rows each row of `table` gets."""
    found: dict[str, Ints] = {}
    for child in study.children(table.name):
        column = count_column(child)
        step = next(s for s in learned.plan.steps if s.variable.name == column.name)
        fine = _fine(step, learned, codes, rng)
        found[child.name] = decode(column, step.domain, fine, None, rng.random(len(fine)))
    return found


def _fine(step: Step, learned: Codes, codes: Mapping[str, Ints], rng: np.random.Generator) -> Ints:
    """Fine codes (n,): as drawn with the row, else a part of each code."""
    name = step.variable.name
    if f"{name}__fine" in codes:
        return codes[f"{name}__fine"]
    given = codes[step.given] if step.given else None
    return draw_part(step, learned.within[name], codes[name], given, rng.random(len(codes[name])))
