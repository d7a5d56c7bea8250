"""A made-up release: noised sums of one draw of `clinic`, synthetic answers of another."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from evaluation.facts import Facts
from generators.marginal.ask import answers
from generators.marginal.structure import queries
from privacy.sums import Sums
from specs.lang.types import Study
from tests.generators.studies import clinic, made_up

STD = 6.0
PRIVATE = Facts("a" * 64, "2026-02-03T04:05:06+00:00", ("north", "lake"), 1.0, 1e-6, 0.02, rows={"patient": 3000})
OPEN = Facts("a" * 64, "2026-02-03T04:05:06+00:00", ("north",), none="simulated, in public")


@cache
def drawn(seed: int, patients: int = 3000) -> Mapping[str, np.ndarray]:
    """Exact answers of one draw."""
    study = clinic()
    return answers(study, *made_up(study, patients, seed))


def noised(study: Study, exact: Mapping[str, np.ndarray], std: float = STD, seed: int = 0) -> Sums:
    """What the door would hand out."""
    rng = np.random.default_rng(seed)
    asked = {q.name: q for q in queries(study)}
    values = {n: exact[n] + (rng.normal(0, std, q.shape) if std else 0) for n, q in asked.items()}
    return Sums(asked, values, dict.fromkeys(asked, std), ("north", "lake"))
