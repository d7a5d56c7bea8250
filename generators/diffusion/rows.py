"""A hospital's rows of some patients as a network takes them, with random numbers of each patient's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from generators.diffusion.gradient import Rows
from generators.diffusion.local import hide
from generators.diffusion.sheet import Sheet
from generators.marginal.code import Codes

Ints = NDArray[np.int64]
MASKS = 4
"""Masks of a patient's own row in one gradient: their mean varies less, and it costs no privacy."""
MOST = 24
"""Rows of a child table of one patient in one gradient, at most: a random choice of them."""


@dataclass(frozen=True)
class ByPatient:
    """A table's rows by patient: `tokens` (rows, columns) and `patient` (rows,), ascending."""

    sheet: Sheet
    tokens: Ints
    patient: Ints

    @staticmethod
    def of(sheet: Sheet, codes: Codes) -> ByPatient:
        """The rows of a coded table."""
        order = np.argsort(codes.patient, kind="stable")
        return ByPatient(sheet, sheet.tokens(codes)[order], codes.patient[order])

    def drawn(self, low: int, high: int, rng: np.random.Generator) -> Rows:
        """Rows of patients `low` to `high` (excluded), each with masks of its own.

        A patient's loss is the mean over masks of its own row and, per child table, the mean over its rows. Choices and masks
        are independent between patients: nothing here looks at more than one.
        """
        part = slice(*np.searchsorted(self.patient, (low, high)))
        tokens, patient = self.tokens[part], self.patient[part] - low
        if self.sheet.fine:
            tokens, patient = np.repeat(tokens, MASKS, 0), np.repeat(patient, MASKS)
        else:
            kept = chosen(patient, rng)
            tokens, patient = tokens[kept], patient[kept]
        share = 1.0 / np.bincount(patient, minlength=high - low)[patient]
        mask = hide(self.sheet, rng.random(len(tokens)), rng)
        return Rows(self.sheet.network, torch.from_numpy(tokens), mask, torch.from_numpy(patient), torch.from_numpy(share))


def chosen(patient: Ints, rng: np.random.Generator) -> Ints:
    """Which rows are kept: at most `MOST` of each `patient` (rows,), any with equal chance."""
    order = np.lexsort((rng.random(len(patient)), patient))
    count = np.bincount(patient)
    rank = np.arange(len(patient)) - (np.cumsum(count) - count)[patient[order]]
    return np.sort(order[rank < MOST])
