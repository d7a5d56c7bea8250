"""Which hospital treats a patient, and who is held out: decided once per patient, from a public seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from runners.demo.recipe import Hospital

AGE_CENTRE, AGE_SCALE = 50.0, 15.0  # public numbers, so that no statistic of the data decides


def split(
    ages: NDArray[np.float64], hospitals: Mapping[str, Hospital], holdout: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Hospital index and holdout flag of each patient.

    `ages` are in years, one per patient, in the order of the patients' keys. A patient goes to hospital h with probability
    proportional to share_h * exp(tilt_h * (age - 50) / 15). Each hospital holds out exactly round(holdout * n) patients.
    """
    rng = np.random.default_rng(seed)
    share = np.array([h.share for h in hospitals.values()])
    tilt = np.array([h.tilt for h in hospitals.values()])
    age = np.nan_to_num((ages - AGE_CENTRE) / AGE_SCALE)
    weight = share * np.exp(age[:, None] * tilt)
    edges = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    site = (rng.random(len(ages))[:, None] >= edges).sum(axis=1)
    held = np.zeros(len(ages), dtype=np.bool_)
    for h in range(len(hospitals)):
        mine = np.flatnonzero(site == h)
        held[rng.permutation(mine)[: round(holdout * len(mine))]] = True
    return site, held
