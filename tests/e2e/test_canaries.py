"""A thousand canaries at three hospitals, a full run and every failure: no byte outside the hospitals holds one."""

import duckdb
import pytest

from tests.e2e.failures import AFTER_SPENDING, BEFORE_ANY_SPEND, healthy
from tests.e2e.hospitals import SITES, crowd, make, plant, unread
from tests.e2e.place import made
from tests.e2e.search import found_in, leaks, searched

pytestmark = pytest.mark.slow
PLANTED = 1_000


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """North has a patient with 10,000 visits, coast has one patient; all have canaries. One run is done."""
    place = made(tmp_path_factory.mktemp("canaries"))
    planted = plant(place.database("north"), 0) + plant(place.database("lake"), 1000)
    crowd(place.database("north"))
    make(place.database("coast"), 2, patients=1)
    unread_at_coast(place)
    assert planted >= PLANTED
    assert all(leaks(place.database(site).parent) for site in SITES)
    done = place.run()
    assert done.code == 0, done.err
    place.write(("seed: 1", "seed: 2"))
    return place


def unread_at_coast(place):
    with duckdb.connect(str(place.database("coast"))) as con:
        unread(con, 2000)


def outside(place):
    """Canaries in all files but the hospitals' databases themselves: release, runs, lineage, outputs, dbt, temporary files,
    ledgers, and the agents' private folders, which are empty when no agent works."""
    return leaks(place.folder, {place.database(site) for site in SITES})


def fails(place, failure):
    """Runs into a failure: the message names what it must, the previous release stays, whole and readable."""
    before = place.content()
    with healthy(place):
        done = failure.run(place)
    assert done.code == failure.code, done.said
    assert all(word in done.err for word in failure.words), done.err
    assert "Traceback" not in done.said and not found_in(done.said.encode())
    assert place.content() == before
    assert {f.name for f in place.release.parent.iterdir()} == {".wardloom", "whole"}


def test_a_full_run_leaves_no_canary_anywhere(place):
    assert searched(place.folder, {place.database(site) for site in SITES}) > 1_000_000
    assert outside(place) == []
    assert place.query("select count(*) from patient") == ["200"]


@pytest.mark.parametrize("name", BEFORE_ANY_SPEND)
def test_what_is_wrong_before_the_run_is_said_and_costs_nothing(place, name):
    paid = place.paid()
    fails(place, BEFORE_ANY_SPEND[name])
    assert place.paid() == paid


@pytest.mark.parametrize("name", AFTER_SPENDING)
def test_what_goes_wrong_while_hospitals_work_is_said(place, name):
    fails(place, AFTER_SPENDING[name])
    assert all(len(entries) <= 2 for entries in place.paid().values())


def test_after_mending_the_run_goes_on_and_each_spend_is_booked_once(place):
    before = place.content()
    done = place.run()
    assert done.code == 0, done.err
    assert place.content() != before
    assert {site: len(entries) for site, entries in place.paid().items()} == dict.fromkeys(SITES, 2)


def test_after_all_failures_no_byte_outside_the_hospitals_databases_holds_a_canary(place):
    assert outside(place) == []
    assert {f.name for site in SITES for f in place.work(site).iterdir()} <= {"lock", "agent.log"}
