"""Rounds of training: what a site answers, what it refuses, what they cost, and that the total is that of all patients."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from generators.diffusion.diffusion import Diffusion
from generators.trains import trainable
from privacy.gradient import bound
from privacy.ledger import Ledger
from runners import coordinator as coordinator_module
from runners.errors import DATA, REFUSED, Stop
from runners.noise import total_std
from runners.places import ledger_of
from runners.site.training import answered
from runners.task import Task, rounds, share
from specs.lang.types import Generator
from tests.runners.trainers import FEW, federation, rows, weights


@pytest.fixture
def study(study):
    return replace(study, generator=FEW)


def test_the_total_is_the_sum_over_all_sites_with_the_noise_the_budget_asks_for(study, tmp_path, sums):
    asked = weights(study)
    total = federation(study, tmp_path).train(Task.of(0, asked), asked)
    assert len(sums) == 3 and total.sites == tuple(sorted(study.sites))
    noise = (total.vector - sum(sums)).astype(float)
    cost = rounds(study)[0]
    expected = total_std(study, Fraction((cost.noise * bound(len(asked))) ** 2), 3)
    assert noise.std() == pytest.approx(expected, rel=5 * (2 * len(asked)) ** -0.5)


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
