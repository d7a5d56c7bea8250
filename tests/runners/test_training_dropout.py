"""A hospital that vanishes between rounds of training: absorbed where the spec allows it, else the run stops and can go on."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from generators.trains import trainable
from privacy.ledger import Ledger
from runners.coordinator import FederatedDoor
from runners.errors import DATA, Stop
from runners.noise import cost, total_std
from runners.places import ledger_of
from runners.task import Task
from runners.trial import Trial
from specs.lang.types import Federation, Generator
from tests.runners.small import public
from tests.runners.trainers import federation

ROUNDS = 4
GONE = "coast"


@pytest.fixture
def study(study):
    return replace(study, generator=Generator("diffusion", measure=0.5, rounds=ROUNDS, width=8, depth=1))


def forgiving(study):
    """One hospital may fail to answer: the noise of two is enough."""
    return replace(study, federation=Federation(min_sites=2, dropouts=1))


class Going:
    """Coast is gone from the question about round `first` (from 1) on, when it is asked for the stage `stage`."""

    def __init__(self, first, stage):
        self.first, self.stage, self.rounds, self.gone = first, stage, 0, False

    def __call__(self, stage, site, data):
        if (stage, site) == ("ready", GONE):
            self.rounds += 1
        if site == GONE and self.rounds >= self.first and stage == self.stage:
            self.gone = True
        return None if self.gone and site == GONE else data


def trial(study, door, folder, monkeypatch):
    generator = trainable(study)
    begun = np.random.default_rng(0).normal(0, 0.1, generator.length).astype(np.float32)
    monkeypatch.setattr(type(generator), "begin", lambda self, base: begun)
    return Trial(study, 0, generator, door, folder, patients=90)


def spends(study, site):
    return [entry.spend for entry in Ledger(ledger_of(study.sites[site])).entries()]


@pytest.mark.parametrize("stage", ["ready", "deal", "sums"])
@pytest.mark.parametrize("budget", [True, False])
def test_one_that_may_fail_is_left_out_and_training_ends_with_the_others(study, tmp_path, monkeypatch, stage, budget):
    study = forgiving(study if budget else public(study))
    door, warned, totals = federation(study, tmp_path), [], []
    door.transport.there, door.warn = Going(2, stage), warned.append
    train = FederatedDoor.train

    def listened(self, task, weights, moving):
        totals.append(train(self, task, weights, moving))
        return totals[-1]

    monkeypatch.setattr(FederatedDoor, "train", listened)
    state = trial(study, door, tmp_path, monkeypatch).trained(None, lambda state: None)
    assert state.step == ROUNDS and np.isfinite(state.weights).all()
    assert [len(total.sites) for total in totals] == [3, 2, 2, 2]
    assert all(GONE not in total.sites for total in totals[1:]) and set(door.left_out) == {GONE}
    assert len(warned) == 1 and GONE in warned[0]
    if budget:
        assert len(spends(study, "north")) == ROUNDS and len(spends(study, GONE)) <= 2
    else:
        assert [total.vector[-1] // 2**20 for total in totals] == [90, 60, 60, 60]


def test_the_noise_of_those_who_stay_is_what_the_claim_needs(study):
    """Every site's share is made for the fewest that may be left."""
    asked = Task(0, "0" * 64).query(study, 10)
    claimed = cost(study, (asked,), 0.1)[1]
    assert total_std(forgiving(study), claimed, 2) >= float(claimed) ** 0.5 * (1 - 1e-9)


def test_where_none_may_fail_the_run_stops_and_goes_on_when_it_is_back(study, tmp_path, monkeypatch):
    door, done = federation(study, tmp_path), []
    door.transport.there = Going(2, "sums")
    first = trial(study, door, tmp_path, monkeypatch)
    with pytest.raises(Stop, match=GONE) as stop:
        first.trained(None, lambda state: done.append(state.step))
    assert stop.value.code == DATA and done == [1]
    door.transport.there = lambda stage, site, data: data
    again = FederatedDoor(study, door.transport, door.folder, "r1", warn=lambda text: None)
    replace(first, door=again).trained(None, lambda state: done.append(state.step))
    assert done == [1, 2, 3, 4]
    for site in study.sites:  # a question that was paid for before it was answered is the same one afterwards
        found = spends(study, site)
        assert len({spend.query_digest for spend in found}) == len(found) == ROUNDS
