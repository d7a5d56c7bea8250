"""The coordinator learns the total over enough sites, and remembers what it was told."""

from dataclasses import replace

import numpy as np
import pytest

from generators.marginal.structure import queries
from runners.coordinator import FederatedDoor
from runners.errors import DATA, INTERNAL, REFUSED, Stop
from runners.noise import cost, total_std
from runners.site.message import STAGES, silence
from runners.site.trouble import Trouble
from specs.lang.types import Federation
from tests.federation.chair import public, seats
from tests.federation.hall import Hall

TWO_OF_THREE = Federation(min_sites=2, dropouts=1)


def patients(study, numbers):
    """Agents whose every cell holds so many patients."""
    agents = seats(study)
    return {name: replace(seat, vector=np.full_like(seat.vector, numbers[name] * 1024)) for name, seat in agents.items()}


@pytest.fixture
def hall(study):
    return Hall(patients(public(study), {"north": 1, "lake": 2, "coast": 3}))


def door(study, hall, tmp_path, **changed):
    return FederatedDoor(study, hall, tmp_path / "run", "r1", warn=lambda text: None, **changed)


def lost(*stages):
    """Messages of these (stage, site) never arrive."""
    return lambda stage, site, data: None if (stage, site) in stages else data


def instead(site, answers):
    """A site answers something else."""
    return lambda stage, name, data: answers if name == site else data


def test_sums_are_those_of_all_sites_in_patients(study, hall, tmp_path):
    sums = door(public(study), hall, tmp_path).ask(queries(study), 1.0)
    for query in queries(study):
        assert sums.values[query.name].shape == query.shape
        assert (sums.values[query.name] == 6.0).all()
        assert sums.std[query.name] == 0.0
    assert sums.sites == ("north", "lake", "coast")


def test_no_reply_shows_a_sites_own_sums(study, hall, tmp_path):
    door(public(study), hall, tmp_path).ask(queries(study), 1.0)
    for site, seat in hall.agents.items():
        own = seat.vector[:2].astype("<u8").tobytes()
        assert all(own not in reply for _, name, _, reply in hall.seen if name == site)


def test_an_answered_round_is_not_asked_again_and_leaves_nothing_but_its_total(study, hall, tmp_path):
    study = public(study)
    first = door(study, hall, tmp_path).ask(queries(study), 1.0)
    again = Hall({})
    second = door(study, again, tmp_path)
    second.ready(queries(study), 1.0)
    found = second.ask(queries(study), 1.0)
    assert again.seen == []
    assert all((found.values[n] == first.values[n]).all() and found.std[n] == first.std[n] for n in first.values)
    assert [f.suffix for f in (tmp_path / "run").iterdir()] == [".npz"]


def test_the_standard_error_is_what_all_sites_noise_adds_up_to(study):
    """Each site adds variance v / (n - dropouts - colluders); n sites add n times that."""
    asked = queries(study)
    careful = replace(study, federation=Federation(min_sites=2, dropouts=1, colluders=1))
    variance = cost(study, asked, 1.0)[1]
    assert total_std(careful, variance, 3) ** 2 == pytest.approx(3 * total_std(study, variance, 3) ** 2)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (silence("lake", Trouble("budget")).pack(), REFUSED),
        (silence("lake", Trouble("column", table="lab", column="days")).pack(), DATA),
        (b"not a reply", INTERNAL),
        (silence("north", Trouble("budget")).pack(), REFUSED),
    ],
)
def test_too_few_sites_stop_the_run_and_all_reasons_are_said(study, hall, tmp_path, answer, code):
    hall.back = lambda stage, site, data: {"lake": answer, "coast": None}.get(site, data)
    with pytest.raises(Stop) as stop:
        door(public(study), hall, tmp_path).ask(queries(study), 1.0)
    assert stop.value.code == code
    assert "site lake" in stop.value.message and "site coast did not answer" in stop.value.message
    assert not list((tmp_path / "run").glob("*.npz"))


@pytest.mark.parametrize("stage", ["ready", "deal", "sums"])
def test_as_many_sites_as_the_spec_says_may_drop_out(study, hall, tmp_path, stage):
    study = replace(public(study), federation=TWO_OF_THREE)
    hall.agents = patients(study, {"north": 1, "lake": 2, "coast": 3})
    hall.there = lost((stage, "north"))
    warned = []
    found = door(study, hall, tmp_path)
    found.warn = warned.append
    sums = found.ask(queries(study), 1.0)
    assert sums.sites == ("lake", "coast")
    assert (sums.values[queries(study)[0].name] == 5.0).all()
    assert "north" in warned[0]


@pytest.mark.parametrize("stage", ["agree", "reveal"])
def test_a_site_that_leaves_after_its_sums_is_in_the_total(study, hall, tmp_path, stage):
    study = replace(public(study), federation=TWO_OF_THREE)
    hall.agents = patients(study, {"north": 1, "lake": 2, "coast": 3})
    hall.there = lost((stage, "north"))
    sums = door(study, hall, tmp_path).ask(queries(study), 1.0)
    assert sums.sites == ("north", "lake", "coast")
    assert (sums.values[queries(study)[0].name] == 6.0).all()


def test_a_site_that_was_not_ready_is_not_asked_and_spends_nothing(study, hall, tmp_path):
    study = replace(public(study), federation=TWO_OF_THREE)
    hall.agents = patients(study, {"north": 1, "lake": 2, "coast": 3})
    hall.back = lambda stage, site, data: silence("north", Trouble("locked")).pack() if site == "north" else data
    found = door(study, hall, tmp_path)
    found.ready(queries(study), 1.0)
    found.ask(queries(study), 1.0)
    assert hall.stages("north") == ["ready"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_goes_on_where_it_stopped(study, hall, tmp_path, stage):
    """What was heard is not asked again, and the request that failed is repeated byte for byte."""
    study = public(study)
    hall.there = lost((stage, "lake"), (stage, "north"))
    with pytest.raises(Stop):
        door(study, hall, tmp_path).ask(queries(study), 1.0)
    before, hall.there = list(hall.seen), lambda stage, site, data: data
    sums = door(study, hall, tmp_path).ask(queries(study), 1.0)
    assert (sums.values[queries(study)[0].name] == 6.0).all()
    after = hall.seen[len(before) :]
    assert {(s, name) for s, name, _, reply in before if reply}.isdisjoint((s, name) for s, name, _, _ in after)
    failed = {(s, name): body for s, name, body, reply in before if reply is None}
    assert all(body == failed[s, name] for s, name, body, _ in after if (s, name) in failed)


def test_a_site_that_forgot_the_round_begins_a_new_one(study, hall, tmp_path):
    study = public(study)
    hall.there = lost(("agree", "lake"), ("agree", "north"))
    with pytest.raises(Stop):
        door(study, hall, tmp_path).ask(queries(study), 1.0)
    hall.there = lambda stage, site, data: data
    for seat in hall.agents.values():
        for file in seat.folder.parent.parent.glob("*.rounds/*.round"):
            file.unlink()
    with pytest.raises(Stop, match="does not fit this secure sum"):
        door(study, hall, tmp_path).ask(queries(study), 1.0)
    sums = door(study, hall, tmp_path).ask(queries(study), 1.0)
    assert (sums.values[queries(study)[0].name] == 6.0).all()
