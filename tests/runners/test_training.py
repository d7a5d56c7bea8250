"""Rounds of training: what a site answers, what it refuses, what they cost, and that the total is that of all patients."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from generators.diffusion.diffusion import Diffusion
from generators.frame import Sample, Series, known
from generators.marginal.code import Codes, code
from generators.marginal.structure import queries
from generators.optimise import advance, begin, rate
from generators.trains import trainable
from privacy.accountant import epsilon, rho
from privacy.gradient import UNITS, bound, restored
from privacy.ledger import Ledger
from runners import coordinator as coordinator_module
from runners import training
from runners.coordinator import FederatedDoor
from runners.errors import DATA, REFUSED, Stop
from runners.noise import total_std
from runners.places import ledger_of, private_of
from runners.site import agent as agent_module
from runners.site.agent import SiteAgent
from runners.site.training import Held, answered, some
from runners.task import FINE, Task, rounds, share
from runners.trial import Trial
from specs.lang.types import Generator
from tests.federation.hall import Hall
from tests.runners.small import make_hospital, public

FEW = Generator("diffusion", measure=0.5, rounds=3, width=8, depth=1)


@pytest.fixture
def study(study):
    return replace(study, generator=FEW)


def rows(study, seed):
    """Code columns of thirty patients, each with two labs."""
    rng = np.random.default_rng(seed)
    sex = Series(rng.integers(0, 2, 30), np.zeros(30, bool), ("F", "M"))
    test = Series(rng.integers(0, 2, 60), np.zeros(60, bool), ("hdl", "sbp"))
    patient = {"age": known(rng.integers(0, 100, 30)), "sex": sex}
    lab = {"days": known(rng.integers(0, 1000, 60)), "test": test}
    sample = Sample({"patient": patient, "lab": lab}, {"lab": np.repeat(np.arange(30), 2)}, {})
    return code(study, sample.tables, sample.parents)


def federation(study, tmp_path, **changed):
    """A door to three sites with thirty patients each; dbt's part is done."""
    agents = {}
    for seed, site in enumerate(study.sites.values()):
        make_hospital(site)
        held = Held()
        held.keep(study, site, rows(study, seed))
        agents[site.name] = SiteAgent(site, study, private_of(site, study), held=held)
    return FederatedDoor(study, Hall(agents), tmp_path / "run", "r1", warn=lambda text: None, **changed)


def weights(study, seed=0):
    return np.random.default_rng(seed).normal(0, 0.1, trainable(study).length).astype(np.float32)


@pytest.fixture
def sums(monkeypatch):
    """What each site computed before its noise."""
    found = []

    def listens(*given):
        found.append(answered(*given))
        return found[-1]

    monkeypatch.setattr(agent_module, "answered", listens)
    return found


def test_the_total_is_the_sum_over_all_sites_with_the_noise_the_budget_asks_for(study, tmp_path, sums):
    asked = weights(study)
    total = federation(study, tmp_path).train(Task.of(0, asked), asked)
    assert len(sums) == 3 and total.sites == tuple(sorted(study.sites))
    noise = (total.vector - sum(sums)).astype(float)
    cost = rounds(study)[0]
    expected = total_std(study, Fraction((cost.noise * bound(len(asked))) ** 2), 3)
    assert noise.std() == pytest.approx(expected, rel=5 * (2 * len(asked)) ** -0.5)


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


class Quick:
    """A trial that is done at once, after one round."""

    def __init__(self, study, number, generator, door, folder, patients):
        self.generator = SimpleNamespace(length=4, learned=lambda weights, base: None)
        self.losses = () if study.privacy.budget else (2.5,)

    def trained(self, base, done):
        state = replace(begin(np.zeros(4, np.float32)), step=1, losses=self.losses)
        done(state)
        return state


@pytest.mark.parametrize(("budget", "said"), [
    (False, "round 1 of 3, mean loss 2.5"),
    (True, f"round 1 of 3, epsilon {epsilon(rho(1.0, 1e-6) * 2 / 3, 1e-6):.3g} so far"),  # half, and a third of half
])  # fmt: skip
def test_progress_says_the_loss_where_it_is_free_and_else_what_is_spent(study, monkeypatch, budget, said):
    study, told = study if budget else public(study), []
    monkeypatch.setattr(training, "Trial", Quick)
    monkeypatch.setattr(training, "noised_patients", lambda run: 10**6)
    ticker = SimpleNamespace(tell=lambda text, part: told.append(text), note=lambda text: None)
    run = SimpleNamespace(study=study, asked=queries(study), door=None, folder=None, ticker=ticker)
    _, facts = training._trained(run, None, 0)
    assert told[-1] == said
    assert facts["losses"] == ([] if budget else [2.5])


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


def test_no_patient_of_a_site_counts_for_more_than_the_bound(study):
    """Whatever the weights: steep ones make every gradient long."""
    generator, every = trainable(study), rows(study, 0)
    steep = (100 * weights(study)).astype(np.float32)
    vector = answered(study, generator, steep, every)
    assert np.linalg.norm(vector.astype(float)) <= 31 * bound(len(vector))


def test_asked_again_a_site_gives_what_it_gave_and_pays_once(study, tmp_path):
    asked, door = weights(study), federation(study, tmp_path)
    task = Task.of(0, asked)
    first = door.train(task, asked)
    door.forget(task, len(asked))
    again = door.train(task, asked)
    assert (first.vector == again.vector).all()
    for site in study.sites.values():
        assert [e.spend.rho for e in Ledger(ledger_of(site)).entries()] == [pytest.approx(rounds(study)[0].rho)]


def test_rounds_and_histograms_together_cost_the_budget_and_no_round_more_is_answered(study, tmp_path):
    door, asked = federation(study, tmp_path), weights(study)
    cost = rounds(study)[0]
    for number in range(FEW.rounds):
        door.train(Task.of(number, asked), asked)
    spent = Ledger(ledger_of(study.sites["north"])).spent("1")
    assert spent == pytest.approx(3 * cost.rho) and spent == pytest.approx((1 - FEW.measure) * 6 * cost.rho)
    more = FEW.rounds + 1
    other = [weights(study, seed) for seed in range(1, more + 1)]
    with pytest.raises(Stop) as stop:  # other weights are another question, as long as the budget lasts
        for one in other:
            door.train(Task.of(0, one), one)
    assert stop.value.code == REFUSED and "budget" in str(stop.value)


def test_weights_that_are_not_those_of_the_question_are_refused(study, tmp_path, monkeypatch):
    asked, door = weights(study), federation(study, tmp_path)
    said = Task.said
    monkeypatch.setattr(Task, "said", lambda task, given: said(task, None if given is None else given + 1))
    with pytest.raises(Stop) as stop:
        door.train(Task.of(0, asked), asked)
    assert stop.value.code == REFUSED


@pytest.mark.parametrize("number", [-1, 3, True, "0"])
def test_a_round_that_the_spec_does_not_have_is_refused(study, tmp_path, number):
    asked, door = weights(study), federation(study, tmp_path)
    with pytest.raises(Stop) as stop:
        door.train(Task(number, Task.of(0, asked).digest) if not isinstance(number, str) else Odd(0, "0" * 64), asked)
    assert stop.value.code == REFUSED


class Odd(Task):
    """Says something else than a round."""

    def said(self, weights):
        return {"training": "all of it"}


def test_a_bigger_share_of_the_budget_than_a_rounds_is_refused(study, tmp_path, monkeypatch):
    asked, door = weights(study), federation(study, tmp_path)
    monkeypatch.setattr(coordinator_module, "share_of", lambda study, trial: 2 * share(study))
    with pytest.raises(Stop) as stop:
        door.train(Task.of(0, asked), asked)
    assert stop.value.code == REFUSED


def test_a_study_that_does_not_train_answers_no_round(study, tmp_path):
    asked, door = weights(study), federation(study, tmp_path)
    for name, agent in door.transport.agents.items():
        door.transport.agents[name] = replace(agent, study=replace(study, generator=Generator()))
    with pytest.raises(Stop) as stop:
        door.train(Task.of(0, asked), asked)
    assert stop.value.code == REFUSED


def test_missing_torch_is_said(study, tmp_path, monkeypatch):
    def missing(study):
        raise ImportError("torch")

    asked, door = weights(study), federation(study, tmp_path)
    monkeypatch.setattr("runners.site.training.trainable", missing)
    with pytest.raises(Stop, match="package"):
        door.train(Task.of(0, asked), asked)


@pytest.mark.parametrize("text", [None, "DefaultCPUAllocator: can't allocate memory: you tried to allocate 99 bytes"])
def test_a_site_that_runs_out_of_memory_says_what_to_turn(study, tmp_path, monkeypatch, text):
    """A GPU's memory and the machine's own."""

    def too_much(*given):
        raise torch.OutOfMemoryError("CUDA out of memory") if text is None else RuntimeError(text)

    asked, door = weights(study), federation(study, tmp_path)
    monkeypatch.setattr(Diffusion, "gradient", too_much)
    with pytest.raises(Stop, match=r"(?s)ran out of memory.*`width` or `depth`") as stop:
        door.train(Task.of(0, asked), asked)
    assert stop.value.code == DATA


def test_no_weight_that_is_no_number_breaks_a_site(study, tmp_path):
    asked = np.full_like(weights(study), np.nan)
    total = federation(study, tmp_path).train(Task.of(0, asked), asked)
    assert np.abs(total.vector).max() < 100 * rounds(study)[0].noise * bound(len(asked))
