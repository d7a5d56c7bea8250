"""Columns as tokens: what is public about a column, and the way from values to tokens and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.frame import Frame, Series

Tokens = NDArray[np.int64]


@dataclass(frozen=True)
class Column:
    """What is public about one column; nothing here may come from private rows except through the door.

    Categories: `labels`. Numbers: `atoms`, values with a token each (sorted), then one token per bin between `edges`
    (rising; half open, the last one closed). `whole`: values are integers. A nullable column's last token is NULL.
    """

    name: str
    labels: tuple[str, ...] | None = None
    atoms: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    whole: bool = False
    nullable: bool = False

    def __post_init__(self) -> None:
        numbers = self.atoms or len(self.edges) > 1
        if (self.labels is None) != bool(numbers) or self.labels == ():
            raise ValueError(f"column {self.name}: give labels, or atoms or at least two edges")
        if any(b <= a for row in (self.atoms, self.edges) for a, b in pairwise(row)):
            raise ValueError(f"column {self.name}: atoms and edges must rise")

    @property
    def values(self) -> int:
        """Number of tokens without NULL."""
        return len(self.labels) if self.labels is not None else len(self.atoms) + max(len(self.edges) - 1, 0)

    @property
    def size(self) -> int:
        """Number of tokens; the token after the last stands for "hidden" in a network's input."""
        return self.values + self.nullable

    def encode(self, series: Series) -> Tokens:
        """Tokens (n,) of a column's values. Numbers outside all bins go to the nearest; labels are matched by name.

        Raises:
            ValueError: a value is missing in a column that is not nullable, or a label is not in the domain.
        """
        if series.null.any() and not self.nullable:
            raise ValueError(f"column {self.name}: missing values, but it is not nullable")
        found = self._codes(series) if self.labels is not None else self._bins(series.values.astype(np.float64), series.null)
        return np.where(series.null, self.values, found).astype(np.int64)

    def _codes(self, series: Series) -> Tokens:
        assert self.labels is not None
        if series.labels == self.labels or series.labels is None:
            return series.values.astype(np.int64)
        code = {label: i for i, label in enumerate(self.labels)}
        if unknown := set(series.labels) - set(code):
            raise ValueError(f"column {self.name}: {len(unknown)} labels are outside its domain")
        return np.array([code[label] for label in series.labels], np.int64)[np.where(series.null, 0, series.values)]

    def _bins(self, values: NDArray[np.float64], null: NDArray[np.bool_]) -> Tokens:
        values, atoms = np.where(null, 0.0, values), np.asarray(self.atoms)
        if len(atoms):
            at = np.searchsorted(atoms, values).clip(0, len(atoms) - 1)
            if len(self.edges) < 2:
                return np.where((at > 0) & (values - atoms[at - 1] < atoms[at] - values), at - 1, at)
            hit = atoms[at] == values
        else:
            at, hit = np.zeros(len(values), np.int64), np.zeros(len(values), bool)
        inside = np.searchsorted(self.edges[1:-1], values, side="right")
        return np.where(hit, at, len(atoms) + inside)

    def decode(self, tokens: Tokens, rng: np.random.Generator) -> Series:
        """Values of tokens (n,); within a bin uniform, whole numbers where the column has only those."""
        null = tokens == self.values if self.nullable else np.zeros(len(tokens), bool)
        safe = np.where(null, 0, tokens)
        if self.labels is not None:
            return Series(safe, null, self.labels)
        first = len(self.atoms)
        edges = np.asarray(self.edges or (0.0, 0.0))
        values = np.zeros(len(tokens)) if not first else np.asarray(self.atoms)[safe.clip(0, first - 1)]
        low = (safe - first).clip(0, len(edges) - 2)
        lowest, width = edges[low], np.diff(edges)[low]
        drawn = lowest + rng.random(len(tokens)) * width
        if self.whole:
            last = low == len(edges) - 2  # its upper edge belongs to it
            ceiling = np.where(last, np.floor(edges[low + 1]), np.ceil(edges[low + 1]) - 1)
            floor = np.ceil(lowest)
            drawn = np.minimum(floor + np.floor(rng.random(len(tokens)) * (ceiling - floor + 1)), ceiling)
        values = np.where(safe < first, values, drawn)
        return Series(values.astype(np.int64) if self.whole else values, null)


def encode(columns: Sequence[Column], frame: Frame) -> Tokens:
    """Tokens (rows, columns) of a table, columns in the given order."""
    return np.stack([column.encode(frame[column.name]) for column in columns], 1)


def decode(columns: Sequence[Column], tokens: Tokens, rng: np.random.Generator) -> Frame:
    """The table of tokens (rows, columns)."""
    return {column.name: column.decode(tokens[:, i], rng) for i, column in enumerate(columns)}


def column_json(column: Column) -> dict[str, Any]:
    """A column as JSON, for a saved model."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(column).items()}


def column_of(entry: dict[str, Any]) -> Column:
    """The column that `column_json` wrote."""
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return Column(**given)
