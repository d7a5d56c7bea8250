"""The stage of a run that trains: round after round of sums over all hospitals, from weights to better weights.

With a budget each round is a sum of clipped gradients with noise, and the step is Adam's (post-processing). Without one it is
federated averaging (McMahan et al. 2017): the mean of the hospitals' own passes, weighted by their numbers of patients.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.marginal.model import Model
from generators.optimise import State, advance, averaged, begin, rate
from generators.trained import Floats, Trainable
from generators.trains import trainable
from privacy.accountant import epsilon
from privacy.gradient import restored
from runners.coordinator import silent
from runners.errors import DATA, Stop
from runners.files import write_atomic
from runners.noise import cost
from runners.run import Run
from runners.stages import noised_patients
from runners.task import Task, measured, rounds, share

WARM = 10
"""The first tenth of the rounds takes smaller steps."""
LONGEST = 1.0
"""Noise that is longer than this many gradients hides what rounds could learn."""


def train(run: Run) -> None:
    """Trains from where an earlier attempt stopped. Raises Stop."""
    assert run.model and run.recorder
    generator, every = trainable(run.study), run.study.generator.rounds
    base, file, run.door.told = run.model, run.folder / "training.npz", silent
    _drowned(run, generator)
    run.ticker.tell("learning from the model of the sums", 0.0)
    state = _load(file) or _kept(file, begin(generator.begin(base)))
    with run.recorder.fit(run.present), run.recorder.round(run.present) as stage:
        for number in range(state.step, every):
            state = _kept(file, _round(run, generator, state))
            run.ticker.tell(f"round {number + 1} of {every}{_spent(run, number + 1)}", (number + 1) / every)
        stage.answered(run.present, every * share(run.study) * _rho(run, every) or None)
    run.model, run.training = Model(run.study, generator.learned(state.average, base)), _facts(run, state)


def _round(run: Run, generator: Trainable, state: State) -> State:
    task = Task.of(state.step, state.weights)
    total = run.door.train(task, state.weights)
    run.present = tuple(site for site in run.present if site in total.sites)
    try:
        new = _stepped(run, generator, state, total.vector)
    except FloatingPointError as wrong:
        raise Stop(DATA, f"training stopped: {wrong}\n  the weights before are kept; try fewer or smaller steps") from None
    run.door.forget(task, generator.length)
    return new


def _stepped(run: Run, generator: Trainable, state: State, vector: NDArray[np.int64]) -> State:
    every = run.study.generator.rounds
    if run.study.privacy.budget is None:
        moved = restored(vector, 1.0)
        return averaged(state, moved[:-1] / moved[-1])
    gradient: Floats = restored(vector, generator.clip)
    step = rate(state.step, every, generator.rate, max(1, every // WARM))
    return advance(state, gradient, noised_patients(run), step)


def _drowned(run: Run, generator: Trainable) -> None:
    """Says so when a round's noise is longer than any patient's gradient: then training learns nothing."""
    said = rounds(run.study)
    assert said
    longer = said.noise * generator.length**0.5 / noised_patients(run)
    if longer > LONGEST:
        run.ticker.note(f"too few patients for this budget: noise in a round's mean gradient is {longer:.1f} times its bound")
        run.ticker.note("`generator: {name: marginal}` is likely better; `wardloom plan` shows its expected errors")


def _facts(run: Run, state: State) -> dict[str, Any]:
    """What a reader of the release should know of the training."""
    said = rounds(run.study)
    assert said
    sizes = {"width": run.study.generator.width, "depth": run.study.generator.depth, "weights": len(state.average)}
    return {"rounds": said.number, "rho": said.rho, "noise": said.noise, **sizes, "sha256": Task.of(0, state.average).digest}


def _rho(run: Run, done: int) -> float:
    """What the histograms and so many rounds of training cost together."""
    return cost(run.study, run.asked, measured(run.study) + done * share(run.study))[0]


def _spent(run: Run, done: int) -> str:
    budget = run.study.privacy.budget
    return f", epsilon {epsilon(_rho(run, done), budget.delta):.3g} so far" if budget else ""


def _kept(file: Path, state: State) -> State:
    def put(path: Path) -> None:
        with path.open("wb") as out:
            np.savez(out, step=state.step, weights=state.weights, first=state.first, second=state.second, average=state.average)

    write_atomic(file, put)
    return state


def _load(file: Path) -> State | None:
    """The state an earlier attempt kept."""
    try:
        with np.load(file, allow_pickle=False) as found:
            return State(int(found["step"]), *(found[name] for name in ("weights", "first", "second", "average")))
    except (OSError, ValueError, KeyError):
        return None
