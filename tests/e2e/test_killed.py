"""Kill -9 at bad moments, with a changed epsilon: the next run goes on, and each hospital pays once for it."""

import json

import pytest

from tests.e2e.hospitals import SITES
from tests.e2e.place import below, gone, kill, made, wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return made(tmp_path_factory.mktemp("killed"))


def lines(place, kind):
    """Lines of a kind in the hospitals' ledgers, as they are now on disk."""
    files = [place.database(site).with_name(f"{site}.duckdb.ledger") for site in SITES]
    return sum(f.read_bytes().count(f'"{kind}"'.encode()) for f in files if f.exists())


def stage(place):
    """The stage that runs now."""
    for file in place.runs.glob("*/state.json"):
        running = [s["name"] for s in json.loads(file.read_text())["stages"] if s["state"] == "running"]
        return running[0] if running else ""
    return ""


MOMENTS = {
    "a site has spent": lambda place: lines(place, "spend") >= 1,
    "a site has answered": lambda place: lines(place, "kept") >= 1,
    "the model is learned": lambda place: stage(place) == "learn",
    "dbt builds the release": lambda place: stage(place) == "dbt",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_in_the_middle_leaves_no_release(place, moment):
    process = place.start("run", place.spec.name)
    wait_until(process, lambda: MOMENTS[moment](place))
    pids = below(process.pid)
    kill([process.pid, *pids])
    process.wait()
    gone(pids)
    assert not place.release.exists()
    assert all(len(entries) <= 1 for entries in place.paid().values())


def test_a_coordinator_that_is_killed_alone_leaves_no_agent_and_no_rows(place):
    """Runs after the kills above, with another question."""
    place.write(("seed: 1", "seed: 2"))
    process = place.start("run", place.spec.name)
    wait_until(process, lambda: any((place.work(site) / "work.duckdb").exists() for site in SITES))
    pids = below(process.pid)
    kill([process.pid])
    process.wait()
    gone(pids)
    place.write()
    assert {f.name for site in SITES for f in place.work(site).iterdir()} <= {"lock"}


def test_the_next_run_finishes_and_nobody_has_paid_twice(place):
    done = place.run()
    assert done.code == 0, done.err
    digests = {site: [e.spend.spec_digest for e in entries] for site, entries in place.paid().items()}
    assert all(len(found) == len(set(found)) for found in digests.values())
    assert len(set.intersection(*map(set, digests.values()))) >= 1
    assert {f.name for f in place.release.parent.iterdir()} == {".wardloom", "whole"}
    assert place.query("select count(*) from patient") == ["200"]
