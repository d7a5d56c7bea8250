"""Importance weights of a balanced cohort."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from runners.cohort.draw import Drawn
from specs.lang.cohort import Balance


@dataclass(frozen=True)
class Stratum:
    """One value of the balanced column: `patients` of the cohort, their share of it, and the share in the model.

    `std_error` is the standard error of `model_share`, which is counted, not known. `weight` = `model_share` / `share`.
    """

    value: str
    patients: int
    share: float
    model_share: float
    std_error: float

    @property
    def weight(self) -> float:
        """What a patient of this value counts for."""
        return self.model_share / self.share


def strata(balance: Balance, drawn: Drawn) -> tuple[Stratum, ...]:
    """The strata with their weights.

    Weighted means of the cohort are means of the model's patients who meet the conditions and have one of the values. Let f be
    any number of a patient (or of the rows below), n the patients, n_s those of value s, p_s its share in the model, and
    w_s = p_s / (n_s / n). Then

        1/n sum_i w_i f_i = sum_s (n_s / n) w_s mean_s(f) = sum_s p_s mean_s(f),

    and as the patients of value s are drawn from the model given s, mean_s(f) is unbiased for E[f | s], so that this is unbiased
    for sum_s p_s E[f | s] = E[f] (law of total expectation). With f = 1: weights add up to n.

    p_s is counted in all patients that met the conditions (N of them, kept or not): m_s / N, standard error
    sqrt(p_s (1 - p_s) / N). As drawing ends when the last stratum is full, that one's share is a little too large: by a part
    of itself of order 1 / m_s, where the standard error is one of order 1 / sqrt(m_s).
    """
    total, met = sum(balance.patients.values()), sum(drawn.met.values())
    return tuple(_stratum(s, n / total, drawn.met[s] / met, n, met) for s, n in balance.patients.items())


def _stratum(value: str, share: float, model_share: float, patients: int, met: int) -> Stratum:
    return Stratum(value, patients, share, model_share, sqrt(model_share * (1 - model_share) / met))
