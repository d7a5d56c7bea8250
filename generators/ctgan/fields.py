"""A root table's columns as both papers' networks take them: what follows from the spec alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from generators.diffusion.sheet import Column, Sheet
from generators.marginal.plan import Plan, Step
from specs.lang.domain import SPLIT

Floats = NDArray[np.float64]
MODES = 10
"""Modes of an ordered column, at most."""


@dataclass(frozen=True)
class Field:
    """One step of the plan. Its `column` has tokens: parts of bins where the step is ordered, else codes."""

    step: Step
    column: Column

    @property
    def ordered(self) -> bool:
        """Whether it has modes. Bins that another column decides count as categories."""
        return bool(self.column.codes)

    @property
    def null(self) -> bool:
        """Whether an ordered field's last token is NULL, which is a mode of its own."""
        return self.ordered and self.step.domain.nullable

    @property
    def modes(self) -> int:
        """Modes, NULL's left out; 0 without an order."""
        return min(MODES, self.column.size - self.null) if self.ordered else 0

    @property
    def choices(self) -> int:
        """What is chosen among: modes and NULL, or categories."""
        return self.modes + self.null if self.ordered else self.column.size

    @property
    def centres(self) -> Floats:
        """Middle of each token of an ordered field, NULL's left out, in the column's units; ascending."""
        cells = self.step.domain.cells[0]
        codes = np.array(self.column.codes[: self.column.size - self.null])
        low, high, parts = (np.array([getattr(cell, name) for cell in cells], float) for name in ("low", "high", "parts"))
        cell, part = codes // SPLIT, codes % SPLIT
        return np.asarray(low[cell] + (part + 0.5) * (high - low)[cell] / parts[cell])


@dataclass(frozen=True)
class Fields:
    """All fields of a root table, categories first. A row is a vector: distances from modes, then one-hot choices."""

    plan: Plan
    all: tuple[Field, ...]

    @staticmethod
    def of(plan: Plan) -> Fields:
        """The fields of a root table's plan."""
        columns = Sheet(plan, True, 1, 1).predicted
        found = [Field(step, column) for step, column in zip(plan.steps, columns, strict=True)]
        return Fields(plan, tuple(sorted(found, key=lambda field: field.ordered)))

    @property
    def categories(self) -> tuple[Field, ...]:
        """Those without an order."""
        return tuple(field for field in self.all if not field.ordered)

    @property
    def ordered(self) -> tuple[Field, ...]:
        """Those with modes."""
        return tuple(field for field in self.all if field.ordered)

    @property
    def blocks(self) -> list[int]:
        """How many choices each field has."""
        return [field.choices for field in self.all]

    @property
    def starts(self) -> list[int]:
        """Where each field's choices begin, counted from the first choice."""
        return list(accumulate(self.blocks[:-1], initial=0))

    @property
    def given(self) -> int:
        """Categories of all fields without an order: the length of a conditional vector."""
        return sum(field.choices for field in self.categories)

    @property
    def width(self) -> int:
        """Length of a row's vector."""
        return len(self.ordered) + sum(self.blocks)

    @property
    def names(self) -> tuple[str, ...]:
        """Code columns that hold the fields' tokens."""
        return tuple(field.column.name for field in self.all)

    @property
    def tokens(self) -> list[int]:
        """How many tokens each field has."""
        return [field.column.size for field in self.all]

    def coarse(self, within: Mapping[str, Floats]) -> dict[str, Floats]:
        """`within` of those variables that the networks know by bins only."""
        finely = {field.step.variable.name for field in self.ordered}
        return {name: parts for name, parts in within.items() if name not in finely}
