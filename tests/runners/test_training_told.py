"""What people are told of rounds of training: progress, what a steward reads, and what helps when memory runs out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from generators.marginal.structure import queries
from generators.optimise import begin
from privacy.accountant import epsilon, rho
from runners import training
from runners.commands import site_approve
from runners.errors import DATA, Stop
from runners.site import audit
from runners.task import Task
from tests.runners.small import public
from tests.runners.trainers import FEW, federation, weights


@pytest.fixture
def study(study):
    return replace(study, generator=FEW)


class Quick:
    """A trial that is done at once, after one round."""

    def __init__(self, study, number, generator, door, folder, patients):
        self.number, self.generator = number, SimpleNamespace(length=4, moving=4, learned=lambda weights, base: None)
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


def test_memory_that_runs_out_at_the_coordinator_names_what_to_turn(study, monkeypatch):
    class Greedy(Quick):
        def trained(self, base, done):
            raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(training, "Trial", Greedy)
    monkeypatch.setattr(training, "noised_patients", lambda run: 10**6)
    quiet = SimpleNamespace(tell=lambda text, part: None, note=lambda text: None)
    run = SimpleNamespace(study=study, asked=queries(study), door=None, folder=None, ticker=quiet)
    with pytest.raises(Stop, match=r"generator\.width or generator\.depth") as stop:
        training._trained(run, None, 0)
    assert stop.value.code == DATA


@pytest.mark.parametrize(("federated", "said"), [
    ("averaging", "how far a pass over its rows moves the weights, times its patients; the sum of their losses; their number"),
    ("sgd", "the sum of its patients' gradients; the sum of their losses; their number"),
])  # fmt: skip
def test_a_steward_reads_what_a_round_sends_before_and_after(study, tmp_path, federated, said):
    """In the approval, in words; in the audit log, with the vector's length."""
    study = replace(public(study), generator=replace(FEW, federated=federated))
    found = SimpleNamespace(study=study, queries=queries(study), approval=SimpleNamespace(queries="q"), bound=1.0)
    assert any(said in line for line in site_approve._questions(found, False))
    asked = weights(study)
    federation(study, tmp_path).train(Task.of(0, asked), asked)
    noted = [line.facts for line in audit.read(study.sites["north"])]
    assert [facts["cells"] for facts in noted if facts["kind"] == "sent"] == [len(asked) + 2, 0]
    assert any("with loss and patients" in str(facts) for facts in noted if facts["kind"] == "queries")
