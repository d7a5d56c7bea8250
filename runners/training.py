"""The stage of a run that trains: one trial, or several of which the closest to the noised sums is taken."""

from __future__ import annotations

from typing import Any

import numpy as np

from evaluation.compare import compare
from generators.marginal.ask import answers
from generators.marginal.model import Model
from generators.optimise import State
from generators.rules import NoRules
from generators.trained import Trainable
from generators.trains import trainable
from privacy.accountant import epsilon
from runners.coordinator import silent
from runners.errors import DATA, Stop
from runners.noise import cost
from runners.run import Run
from runners.stages import noised_patients
from runners.task import Task, measured, rounds, share, tried
from runners.trial import Trial

LONGEST = 1.0
"""Noise that is longer than this many gradients hides what rounds could learn."""
DRAWN = 4_000
"""Patients drawn from each of several trials to see how close it comes."""


def train(run: Run) -> None:
    """Trains, and takes the trained model over. Choosing between trials looks at noised sums alone, so it is free.

    Raises Stop.
    """
    assert run.model and run.recorder
    run.door.told = silent
    with run.recorder.fit(run.present), run.recorder.round(run.present) as stage:
        found = [_trained(run, run.model, number) for number in range(len(run.study.generator.trials))]
        run.present = tuple(site for site in run.present if site not in run.door.left_out)
        stage.answered(run.present, cost(run.study, run.asked, 1 - measured(run.study))[0] or None)
    best = int(np.argmin([facts["distance"] for _, facts in found]))
    for number, (_, facts) in enumerate(found if len(found) > 1 else []):
        run.ticker.note(_line(facts) + (", taken" if number == best else ""))
    run.model, run.training = found[best]
    run.training["trials"] = len(found)


def _trained(run: Run, base: Model, number: int) -> tuple[Model, dict[str, Any]]:
    """The model of one trial, and what a reader of the release should know of it."""
    from generators.diffusion.device import enough_memory

    try:
        with enough_memory():
            return _tried(run, base, number)
    except MemoryError:
        hint = "lower generator.width or generator.depth; rounds that are done are kept"
        raise Stop(DATA, f"this machine has too little memory to train\n  {hint}") from None


def _tried(run: Run, base: Model, number: int) -> tuple[Model, dict[str, Any]]:
    """The model of one way to train, and what is told of it."""
    study = tried(run.study, number)
    trial = Trial(study, number, trainable(study), run.door, run.folder, noised_patients(run))
    _drowned(run, number, trial.generator)

    def done(state: State) -> None:
        name = f"trial {number + 1}, " if run.study.generator.sweep else ""
        loss = f", mean loss {state.losses[-1]:.4g}" if state.losses else ""
        said = f"{name}round {state.step} of {study.generator.rounds}{loss}{_spent(run, number, state.step)}"
        run.ticker.tell(said, _part(run, number, state.step))

    run.ticker.tell("learning from the model of the sums", _part(run, number, 0))
    state = trial.trained(base, done)
    model = Model(run.study, trial.generator.learned(state.average, base))
    return model, _facts(run, trial, state, model)


def _facts(run: Run, trial: Trial, state: State, model: Model) -> dict[str, Any]:
    said, generator = rounds(run.study)[trial.number], run.study.generator.trials[trial.number]
    return {
        "rounds": said.number,
        "rho": said.rho,
        "noise": said.noise,
        "width": generator.width,
        "depth": generator.depth,
        "federated": "averaging" if run.study.averages else "sgd",
        "losses": list(state.losses),
        "weights": trial.generator.length,
        "moving": trial.generator.moving,
        "sha256": Task.of(0, state.average).digest,
        "distance": _distance(run, model) if run.study.generator.sweep else 0.0,
    }


def _distance(run: Run, model: Model) -> float:
    """Mean total variation distance from the noised sums, over all histograms that noise does not hide."""
    assert run.sums
    drawn = model.sample(DRAWN, run.study.seed, NoRules())
    levels = compare(run.study, run.sums, answers(run.study, drawn.tables, drawn.parents)).levels
    judged = [(level.tvd, level.judged) for level in levels if level.judged]
    return float(np.average([tvd for tvd, _ in judged], weights=[many for _, many in judged])) if judged else 1.0


def _line(facts: dict[str, Any]) -> str:
    sizes = f"{facts['rounds']} rounds, width {facts['width']}, depth {facts['depth']}"
    return f"{sizes}: {100 * facts['distance']:.2f} % off the noised sums"


def _part(run: Run, number: int, done: int) -> float:
    """How much of all rounds of all trials is done."""
    trials = run.study.generator.trials
    return (sum(trial.rounds for trial in trials[:number]) + done) / sum(trial.rounds for trial in trials)


def _spent(run: Run, number: int, done: int) -> str:
    budget = run.study.privacy.budget
    if budget is None:
        return ""
    before = sum(trial.rounds * share(run.study, i) for i, trial in enumerate(run.study.generator.trials[:number]))
    rho = cost(run.study, run.asked, measured(run.study) + before + done * share(run.study, number))[0]
    return f", epsilon {epsilon(rho, budget.delta):.3g} so far"


def _drowned(run: Run, number: int, generator: Trainable) -> None:
    """Says so when a round's noise is longer than any patient's gradient: then training learns nothing."""
    longer = rounds(run.study)[number].noise * generator.moving**0.5 / noised_patients(run)
    if longer > LONGEST:
        run.ticker.note(f"too few patients for this budget: noise in a round's mean gradient is {longer:.1f} times its bound")
        run.ticker.note("`generator: {name: marginal}` is likely better; `wardloom plan` shows its expected errors")
