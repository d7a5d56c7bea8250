"""One trial of a generator that trains: round after round of sums over all hospitals, from weights to better weights.

With a budget each round is a sum of clipped gradients with noise, and the step is Adam's (post-processing). Without one it is
federated averaging (McMahan et al. 2017): the mean of the hospitals' own passes, weighted by their numbers of patients; or
federated SGD: that same sum of gradients, neither clipped nor noised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from generators.marginal.model import Model
from generators.optimise import State, averaged, begin, heard, rate
from generators.trained import Floats, Trainable
from privacy.gradient import restored
from runners.coordinator import FederatedDoor
from runners.errors import DATA, Stop
from runners.files import write_atomic
from runners.task import BESIDES, Task, unit
from specs.lang.types import Study

WARM = 10
"""The first tenth of the rounds takes smaller steps."""
VECTORS = ("weights", "first", "second", "average")
"""Of a state, in order."""
Done = Callable[[State], None]
"""Called after each round."""


@dataclass(frozen=True)
class Trial:
    """Trial `number` of a study; `study` is the study as it trains it. What is reached is kept in `folder` after each round."""

    study: Study
    number: int
    generator: Trainable
    door: FederatedDoor
    folder: Path
    patients: int

    def trained(self, base: Model, done: Done) -> State:
        """All rounds, from where an earlier attempt stopped. Raises Stop."""
        state = _load(self._file) or self._kept(begin(self.generator.begin(base)))
        for _ in range(state.step, self.study.generator.rounds):
            state = self._kept(self._round(state))
            done(state)
        return state

    @property
    def _file(self) -> Path:
        return _file_of(self.folder, self.number)

    def _round(self, state: State) -> State:
        """The state after one more round. Raises Stop where its total is of no use."""
        task = Task.of(state.step, state.weights, self.number)
        total = self.door.train(task, state.weights, self.generator.moving)
        try:
            new = self._stepped(state, total.vector)
        except FloatingPointError as wrong:
            hint = "the weights before are kept; try fewer rounds, or a new seed"
            raise Stop(DATA, f"training stopped: {wrong}\n  {hint}") from None
        self.door.forget(task, self.generator.moving)
        return new

    def _stepped(self, state: State, vector: NDArray[np.int64]) -> State:
        """The state after a round's total: a private gradient; without a budget what moved, then the loss and the patients."""
        every = self.study.generator.rounds
        step = rate(state.step, every, self.generator.rate, max(1, every // WARM))
        if self.study.privacy.budget:
            return self.generator.stepped(state, restored(vector, self.generator.clip), self.patients, step)
        total: Floats = restored(vector[:-BESIDES], unit(self.study))
        loss, patients = map(float, restored(vector[-BESIDES:], 1.0))
        if not patients:
            raise FloatingPointError("no hospital has a patient")
        state = heard(state, loss / patients)
        if self.study.averages:
            return averaged(state, total / patients)
        return self.generator.stepped(state, total, patients, step)

    def _kept(self, state: State) -> State:
        """The same state, which is on disk now."""
        vectors = {name: getattr(state, name) for name in VECTORS}

        def put(path: Path) -> None:
            with path.open("wb") as out:
                np.savez(out, step=state.step, losses=np.array(state.losses), **vectors)

        write_atomic(self._file, put)
        return state


def trained(study: Study, folder: Path) -> bool:
    """Whether every trial of a study has all its rounds, kept in the run's folder."""
    states = [_load(_file_of(folder, number)) for number in range(len(study.generator.trials))]
    ends = [trial.rounds for trial in study.generator.trials]
    return all(state and state.step >= end for state, end in zip(states, ends, strict=True))


def _file_of(folder: Path, number: int) -> Path:
    return folder / f"training-{number + 1}.npz"


def _load(file: Path) -> State | None:
    """The state an earlier attempt kept."""
    try:
        with np.load(file, allow_pickle=False) as found:
            vectors = {name: found[name] for name in VECTORS}
            return State(int(found["step"]), **vectors, losses=tuple(map(float, found["losses"])))
    except (OSError, ValueError, KeyError):
        return None
