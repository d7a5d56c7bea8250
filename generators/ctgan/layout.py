"""Between code columns and what the networks see: mode-specific normalisation (Xu et al. 2019, section 4.2).

The paper fits a column's modes to its values. Here they are fitted to the noised histogram of the column's fine codes, which
the base model holds: nothing private is read for them. A value is the middle of its fine code, and what is drawn becomes the
fine code whose middle is nearest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from generators.ctgan.fields import Field, Fields
from generators.ctgan.modes import WIDTH, Modes, fitted
from generators.marginal.learned import Root
from generators.trained import Weights
from specs.lang.domain import SPLIT

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DRAWN = 32_768
"""Rows of the base model that the histograms are taken from."""
GRID = 64.0
"""Counts stand among the weights as multiples of this. A round moves a weight by at most its rate, so rounding finds them again
after the noise of more rounds than anybody trains."""


def drawn_counts(fields: Fields, root: Root, rng: np.random.Generator) -> Floats:
    """Token counts (all tokens,) of rows drawn from a public model. It puts columns' own shares in rows exactly."""
    codes = root.draw(DRAWN, rng)
    found = [np.bincount(field.column.tokens(codes[field.column.name]), minlength=field.column.size) for field in fields.all]
    return np.concatenate(found).astype(np.float64)


def packed(counts: Floats) -> Weights:
    """Counts as weights: hospitals know them from there."""
    return (counts * GRID).astype(np.float32)


def unpacked(weights: Weights) -> Floats:
    """The counts again, whatever noise was added to their weights in training."""
    return np.maximum(np.round(weights.astype(np.float64) / GRID), 0.0)


@dataclass(frozen=True)
class Layout:
    """Fields with their token `counts` (all tokens,)."""

    fields: Fields
    counts: Floats

    @cached_property
    def by_field(self) -> list[Floats]:
        """Each field's token counts."""
        return np.split(self.counts, np.cumsum(self.fields.tokens)[:-1])

    @cached_property
    def modes(self) -> list[Modes]:
        """Of each ordered field."""
        found = zip(self.fields.all, self.by_field, strict=True)
        return [fitted(f.centres, counts[: len(f.centres)], f.modes) for f, counts in found if f.ordered]

    def split(self, codes: Mapping[str, Ints], rng: np.random.Generator) -> tuple[Floats, Ints]:
        """Distances from modes (n, ordered fields) and choices (n, fields) of coded rows.

        A value's mode is drawn from its posterior, as in the paper, with random numbers of each row's own.
        """
        rows = len(codes[self.fields.all[0].column.name])
        uniform = rng.random((rows, len(self.fields.ordered)))
        choices = [f.column.tokens(codes[f.column.name]) for f in self.fields.categories]
        away = np.zeros((rows, len(self.fields.ordered)))
        for i, (field, modes) in enumerate(zip(self.fields.ordered, self.modes, strict=True)):
            token = field.column.tokens(codes[field.column.name])
            null = token >= len(field.centres)
            token = np.where(null, 0, token)
            rise = modes.posterior(field.centres).cumsum(1)
            mode = np.minimum((uniform[:, i, None] > rise[token]).sum(1), field.modes - 1)
            away[:, i] = np.where(null, 0.0, modes.away(field.centres)[token, mode])
            choices.append(np.where(null, field.modes, mode))
        return away, np.stack(choices, 1)

    def codes(self, away: Floats, choices: Ints) -> dict[str, Ints]:
        """Codes and fine codes of what `split` made, or of what a network draws in its place."""
        found = {f.column.name: choices[:, i] for i, f in enumerate(self.fields.categories)}
        ordered = choices[:, len(self.fields.categories) :]
        for i, (field, modes) in enumerate(zip(self.fields.ordered, self.modes, strict=True)):
            fine = field.column.back(_nearest(field, modes, away[:, i], ordered[:, i]))
            found[field.column.name] = fine
            found[field.step.variable.name] = np.minimum(fine // SPLIT, field.step.variable.size - 1)
        return found

    def dense(self, away: Floats, choices: Ints) -> NDArray[np.float32]:
        """Rows as vectors (n, width): distances from modes, then a 1 for each field's choice."""
        rows = np.zeros((len(away), self.fields.width), np.float32)
        rows[:, : away.shape[1]] = away
        rows[np.arange(len(away))[:, None], away.shape[1] + np.array(self.fields.starts) + choices] = 1.0
        return rows


def picked(fields: Fields, logits: Floats, rng: np.random.Generator) -> tuple[Floats, Ints]:
    """Distances (n, ordered fields) and choices (n, fields) of `logits` (n, width): tanh, and a draw from each softmax."""
    away, scores = np.split(logits, [len(fields.ordered)], axis=1)
    scores = scores - np.log(rng.standard_exponential(scores.shape))
    parts = np.split(scores, fields.starts[1:], axis=1)
    return np.tanh(away), np.stack([part.argmax(1) for part in parts], 1)


def _nearest(field: Field, modes: Modes, away: Floats, choice: Ints) -> Ints:
    null = choice >= field.modes
    mode = np.where(null, 0, choice)
    x = modes.mean[mode] + WIDTH * modes.std[mode] * away
    middle = (field.centres[1:] + field.centres[:-1]) / 2
    return np.where(null, field.column.size - 1, np.searchsorted(middle, x))
