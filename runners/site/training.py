"""A site's part in rounds of training: its coded rows stay in this process's memory between rounds, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from generators.marginal.code import Codes
from generators.trained import Coded, Trainable, Weights
from generators.trains import trainable
from privacy.gradient import UNITS, rounded
from runners.site.trouble import Trouble
from runners.task import BESIDES, unit
from specs.lang.types import Generator, Site, Study

Key = tuple[str, str]
LOOKED_AT = 4096
"""Patients whose loss is taken, at most, where there is no budget: for all it would cost as much as a pass over the rows."""


@dataclass
class Held:
    """What a site's process keeps for the next round: rows and generator of one study, and of one data version."""

    _rows: dict[Key, Coded] = field(default_factory=dict)
    _generators: dict[tuple[str, Generator], Trainable] = field(default_factory=dict)

    def keep(self, study: Study, site: Site, rows: Coded) -> Coded:
        """These rows and no others."""
        self._rows = {(study.digest, site.data_version): rows}
        return rows

    def rows(self, study: Study, site: Site, read: Callable[[], Coded]) -> Coded:
        """The kept rows, or those that are read now."""
        found = self._rows.get((study.digest, site.data_version))
        return found if found is not None else self.keep(study, site, read())

    def generator(self, study: Study) -> Trainable:
        """The study's generator. Raises Trouble when it needs packages that are not here."""
        key = study.digest, study.generator
        if key not in self._generators:
            try:
                self._generators = {key: trainable(study)}
            except ImportError:
                raise Trouble("package") from None
        return self._generators[key]


def answered(study: Study, generator: Trainable, weights: Weights, rows: Coded) -> NDArray[np.int64]:
    """The answer in integers: the clipped sum of gradients (moving,).

    Without privacy (moving + 2,): the sum of gradients as they are, or how far a pass over the rows moves the weights, times the
    number of patients; the sum of the patients' losses; their number. Raises MemoryError, and Trouble for what is not finite.
    """
    from generators.diffusion.device import enough_memory  # Torch is here, since there is a generator that trains

    with enough_memory():
        return _answered(study, generator, weights, rows)


def _answered(study: Study, generator: Trainable, weights: Weights, rows: Coded) -> NDArray[np.int64]:
    """The site's part of a round, in integers: clipped gradients; without a budget what moves, then the loss and the patients."""
    rng = np.random.default_rng()  # which columns are hidden: of the system's entropy, so that nobody can choose it
    if study.privacy.budget:
        return rounded(generator.gradient(weights, rows, generator.clip, rng), generator.clip)
    patients = len(rows[study.root.name].patient)
    if not patients:
        return np.zeros(generator.moving + BESIDES, np.int64)
    few, many = some(rows, study.root.name, LOOKED_AT, rng)
    loss = generator.loss(weights, few, rng) * many
    if study.averages:
        total = (generator.trained(weights, rows, rng).astype(np.float64) - weights) * patients
    else:
        total = generator.gradient(weights, rows, np.inf, rng)
    try:
        return np.append(rounded(total, unit(study)), rounded(np.array([loss, float(patients)]), 1.0))
    except ValueError:
        raise Trouble("diverged") from None


def some(rows: Coded, root: str, most: int, rng: np.random.Generator) -> tuple[Coded, float]:
    """All rows of at most so many patients, any with equal chance, and how many times as many patients there are."""
    every = rows[root].patient
    chosen = rng.permutation(every)[:most] if len(every) > most else every
    number = np.full(int(every.max(initial=-1)) + 1, -1)
    number[chosen] = np.arange(len(chosen))

    def those(codes: Codes) -> Codes:
        kept = number[codes.patient] >= 0
        values = {name: value[kept] for name, value in codes.values.items()}
        return Codes(values, number[codes.patient[kept]], codes.parent[kept], codes.row[kept])

    return {table: those(codes) for table, codes in rows.items()}, len(every) / max(len(chosen), 1)


def plausible(vector: NDArray[np.int64], patients: int) -> bool:
    """Whether so many clipped vectors can make this sum."""
    most = (patients + 1) * (1 + 1 / 512) * UNITS + len(vector) ** 0.5
    return bool(np.linalg.norm(vector.astype(np.float64)) <= most)
