"""A thousand canaries at two hospitals: no byte that any site sends, in any message of a whole masked sum, holds one."""

from dataclasses import replace

import numpy as np
import pytest

from generators.marginal.structure import queries
from runners import places
from runners.coordinator import FederatedDoor
from runners.site.agent import SiteAgent
from runners.task import Task, measured
from specs.lang.read import read
from specs.lang.types import Generator
from tests.e2e.hospitals import SITES, plant
from tests.e2e.place import made
from tests.e2e.search import found_in
from tests.federation.hall import Hall

pytestmark = pytest.mark.slow


@pytest.fixture
def hall(tmp_path, monkeypatch):
    """Everything at the sites is real: dbt, noise, masks, ledger, log."""
    place = made(tmp_path)
    assert plant(place.database("north"), 0) + plant(place.database("lake"), 1000) >= 1000
    for name, value in place.environ().items():
        monkeypatch.setenv(name, value)
    for module in ("runners.places", "runners.dbt", "runners.site.build", "runners.site.sources", "runners.site.project"):
        monkeypatch.setattr(f"{module}.DBT", place.folder / "dbt", raising=False)
    study = read(place.spec)
    agents = {name: SiteAgent(site, study, places.private_of(site, study)) for name, site in study.sites.items()}
    return study, Hall(agents), place.folder


def test_no_message_holds_a_canary(hall):
    """Masked words are chance: that one of them passes for a canary has a chance below 2^-30."""
    study, carried, folder = hall
    FederatedDoor(study, carried, folder / "run", "r1").ask(queries(study), 1.0)
    assert len(carried.seen) == 5 * len(SITES)
    for _, _, request, reply in carried.seen:
        assert reply is not None
        assert (found_in(request), found_in(reply)) == ("", "")


def test_no_message_of_a_round_of_training_holds_one(hall):
    pytest.importorskip("torch")
    from generators.trains import trainable

    study, carried, folder = hall
    study = replace(study, generator=Generator("diffusion", rounds=2, width=8, depth=1))
    carried.agents = {name: replace(agent, study=study) for name, agent in carried.agents.items()}
    door = FederatedDoor(study, carried, folder / "run", "r1")
    door.ask(queries(study), measured(study))
    generator = trainable(study)
    weights = np.random.default_rng(0).normal(0, 0.1, generator.length).astype(np.float32)
    door.train(Task.of(0, weights), weights, generator.moving)
    assert len(carried.seen) == 10 * len(SITES)
    for _, _, _, reply in carried.seen:
        assert reply is not None
        assert found_in(reply) == ""
