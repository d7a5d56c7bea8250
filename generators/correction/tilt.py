"""Exponential tilting of a conditional: its mean and its spread move linearly with what is remembered.

The corrected odds of code `t` in row `x` are `odds[t] + scores[t] @ weights @ features(x)`, an exponential family in the weights
with the conditional itself at 0 (Efron and Tibshirani 1996), so the likelihood is concave in them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from generators.correction.remembered import Remembered

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
SCORES = 2
STEEP = 32.0
"""Largest shift of a row, in scores: far beyond any that is learned."""
LEAST = 1e-3
"""Smallest variance of a score under a conditional: a conditional that is nearly sure is not scaled up without end."""


@dataclass(frozen=True)
class Tilt:
    """`places` (kinds, codes) of what is remembered, `weights` (SCORES, features)."""

    remembered: Remembered
    places: Floats
    weights: Floats

    def odds(self, odds: Floats, seen: Ints) -> Floats:
        """Corrected log-probabilities (rows, codes) of `odds` (rows, codes), also log-probabilities, of rows `seen` (rows, 3)."""
        slope = np.clip(self.remembered.described(self.places, seen) @ self.weights.T, -STEEP, STEEP)
        return normal(odds + np.einsum("ns,nst->nt", slope, self.scores(odds, seen)))

    def scores(self, odds: Floats, seen: Ints) -> Floats:
        """(rows, SCORES, codes): a code's place and its square, less their means and over their deviations under `odds`.

        NULL has no place: its scores are those of the mean, so that how often it comes stays as it is, about.
        """
        place, known = self.places[seen[:, 0]], self.remembered.step.domain.values
        share = np.exp(normal(odds[:, :known]))  # among the values
        found = np.stack([place, place**2], 1)
        mean = np.einsum("nst,nt->ns", found[:, :, :known], share)[:, :, None]
        spread = np.einsum("nst,nt->ns", (found[:, :, :known] - mean) ** 2, share)[:, :, None]
        centred = (found - mean) / np.sqrt(spread.clip(min=LEAST))
        centred[:, :, known:] = 0.0
        return np.asarray(centred)

    def slopes(self, odds: Floats, seen: Ints, codes: Ints) -> Floats:
        """Gradient (rows, SCORES * features) of the log-likelihood of `codes` (rows,) in the weights."""
        scores = self.scores(odds, seen)
        share = np.exp(self.odds(odds, seen))
        off = scores[np.arange(len(codes)), :, codes] - np.einsum("nt,nst->ns", share, scores)
        slopes = off[:, :, None] * self.remembered.described(self.places, seen)[:, None]
        return np.asarray(slopes.reshape(len(codes), SCORES * self.remembered.features))


def normal(odds: Floats) -> Floats:
    """Log-probabilities (rows, codes) of unnormalised ones."""
    top = odds.max(1, keepdims=True, initial=-np.inf)
    return np.asarray(odds - top - np.log(np.exp(odds - top).sum(1, keepdims=True)))
