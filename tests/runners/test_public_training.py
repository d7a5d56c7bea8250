"""Rounds of training without a budget: exact sums with the loss, averaging and SGD, and what stops them. None of it with one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")


from generators.diffusion.diffusion import Diffusion
from generators.marginal.code import Codes
from generators.optimise import advance, begin, rate
from generators.trains import trainable
from privacy.gradient import UNITS, restored
from runners.coordinator import FederatedDoor
from runners.errors import DATA, Stop
from runners.site.training import answered, some
from runners.task import FINE, Task
from runners.trial import Trial
from specs.lang.types import Generator
from tests.runners.small import public
from tests.runners.trainers import FEW, federation, rows, weights


@pytest.fixture
def study(study):
    return replace(study, generator=FEW)


def test_without_privacy_the_total_is_exact_and_counts_patients(study, tmp_path, sums):
    study = public(study)
    asked = weights(study)
    total = federation(study, tmp_path).train(Task.of(0, asked), asked)
    assert (total.vector == sum(sums)).all()
    assert len(total.vector) == len(asked) + 2
    assert total.vector[-1] == 90 * UNITS


def test_without_privacy_the_sum_holds_the_patients_losses_which_is_part_of_the_question(study, tmp_path):
    study = replace(public(study), generator=replace(FEW, name="timeline"))  # its losses hang on no random number here
    asked, generator = weights(study), trainable(study)
    losses = [generator.loss(asked, rows(study, seed), np.random.default_rng(0)) for seed in range(3)]
    total = federation(study, tmp_path).train(Task.of(0, asked), asked)
    assert total.vector[-2] / UNITS == pytest.approx(sum(losses), rel=1e-6)
    question = Task.of(0, asked).query(study, len(asked))
    assert question.cells == len(asked) + 2 and "loss and patients" in question.name


def test_with_a_budget_no_loss_is_asked_for(study, tmp_path, monkeypatch):
    asked = weights(study)
    monkeypatch.setattr(Diffusion, "loss", lambda *given: pytest.fail("a loss was computed"))
    total = federation(study, tmp_path).train(Task.of(0, asked), asked)
    assert len(total.vector) == len(asked)
    assert "loss" not in Task.of(0, asked).query(study, len(asked)).name


def test_a_loss_is_taken_of_so_many_patients_and_counted_for_all(study):
    every = rows(study, 0)
    few, times = some(every, "patient", 10, np.random.default_rng(0))
    assert times == 3.0 and sorted(few["patient"].patient) == list(range(10))
    assert np.bincount(few["lab"].patient, minlength=10).tolist() == [2] * 10  # with all their rows
    alike, once = some(every, "patient", 30, np.random.default_rng(0))
    assert once == 1.0 and (alike["lab"].values["test"] == every["lab"].values["test"]).all()


def pooled(study):
    """The rows of all three sites as one."""
    found = {}
    parts = [rows(study, seed) for seed in range(3)]
    for table in parts[0]:
        codes = [part[table] for part in parts]
        values = {name: np.concatenate([c.values[name] for c in codes]) for name in codes[0].values}
        patient = np.concatenate([c.patient + 30 * i for i, c in enumerate(codes)])
        parent = np.concatenate([c.parent + 30 * i for i, c in enumerate(codes)])
        found[table] = Codes(values, patient, parent, np.concatenate([c.row for c in codes]))
    return found


def test_one_round_of_sgd_over_three_sites_is_one_over_their_pooled_rows(study, tmp_path, monkeypatch):
    study = replace(public(study), generator=Generator("timeline", rounds=1, width=8, depth=1, federated="sgd"))
    asked, generator = weights(study), trainable(study)
    monkeypatch.setattr(generator, "begin", lambda base: asked)
    trial = Trial(study, 0, generator, federation(study, tmp_path), tmp_path, patients=1)
    found = trial.trained(None, lambda state: None)
    gradient = generator.gradient(asked, pooled(study), np.inf, np.random.default_rng(0))
    expected = advance(begin(asked), gradient, 90, rate(0, 1, generator.rate, 1))
    assert np.abs(found.weights - asked).max() > generator.rate / 2
    assert found.weights == pytest.approx(expected.weights, abs=1e-6)
    assert found.losses[0] == pytest.approx(generator.loss(asked, pooled(study), np.random.default_rng(0)) / 90, rel=1e-6)


def test_a_gradient_without_a_budget_is_not_clipped(study):
    study = replace(public(study), generator=replace(FEW, name="timeline", federated="sgd"))
    generator, every = trainable(study), rows(study, 0)
    steep = (10 * weights(study)).astype(np.float32)
    vector = answered(study, generator, steep, every)
    assert np.linalg.norm(restored(vector[:-2], FINE)) > 31 * generator.clip


@pytest.mark.parametrize("federated", ["averaging", "sgd"])
def test_weights_that_are_not_finite_stop_the_run_and_the_ones_before_are_kept(study, tmp_path, monkeypatch, federated):
    study = replace(public(study), generator=replace(FEW, federated=federated))
    asked, generator, seen = weights(study), trainable(study), []
    monkeypatch.setattr(generator, "begin", lambda base: asked)

    def breaks(self, given, *more):
        seen.append(given)
        return np.full(self.length, np.nan) if len(seen) > 3 else np.zeros(self.length)

    monkeypatch.setattr(Diffusion, "trained", breaks)
    monkeypatch.setattr(Diffusion, "gradient", breaks)
    door = federation(study, tmp_path)
    trial = Trial(study, 0, generator, door, tmp_path, patients=1)
    with pytest.raises(Stop, match="not finite") as stop:
        trial.trained(None, lambda state: None)
    assert stop.value.code == DATA and "weights before are kept" in str(stop.value)
    monkeypatch.undo()
    done = []
    again = replace(trial, generator=trainable(study), door=FederatedDoor(study, door.transport, door.folder, "r1"))
    assert np.isfinite(again.trained(None, lambda state: done.append(state.step)).weights).all()
    assert done == [2, 3]  # the first round is not made again


def test_a_loss_that_explodes_stops_the_run_with_what_is_good(study, tmp_path, monkeypatch):
    study = public(study)
    asked, generator, losses = weights(study), trainable(study), iter([2.0] * 3 + [1e8] * 3)
    monkeypatch.setattr(generator, "begin", lambda base: asked)
    monkeypatch.setattr(Diffusion, "loss", lambda *given: next(losses))
    trial = Trial(study, 0, generator, federation(study, tmp_path), tmp_path, patients=1)
    done = []
    with pytest.raises(Stop, match=r"training stopped: round 2: the mean loss is 3.33e\+06, it was 0.0667 at first") as stop:
        trial.trained(None, lambda state: done.append(state.step))
    assert stop.value.code == DATA and done == [1]
