"""Three hospitals over NVFLARE, a process each, by one command: the same release, approved and logged, and nothing else."""

import json
import shutil
import sys

import duckdb
import pytest

pytest.importorskip("nvflare")

from tests.e2e.hospitals import SITES, plant
from tests.e2e.namespace import alone, possible, sent
from tests.e2e.place import below, command_of, made
from tests.e2e.search import found_in, leaks

pytestmark = pytest.mark.slow
NONE = ("privacy: {unit: patient, epsilon: 2.0, delta: 1e-6}", 'privacy: {unit: patient, none: "made-up people"}')


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Canaries at two hospitals; the federation has run once, where possible with no network but this machine."""
    folder = tmp_path_factory.mktemp("federation")
    place = made(folder)
    assert plant(place.database("north"), 0) + plant(place.database("lake"), 1000) >= 1000
    before = alone(folder / "counter") if possible(tmp_path_factory.mktemp("net")) else ()
    done = place.wardloom("federation", "up", place.spec.name, before=before)
    assert done.code == 0, done.err
    return place


def test_the_release_is_there(place):
    assert place.query("select count(*) from patient") == ["200"]
    assert {"whole-path.duckdb", "report.html", "manifest.json", "lineage.ndjson"} <= set(place.content())


def test_each_hospital_has_paid_once_and_everything_verifies(place):
    for site in SITES:
        assert len(place.ledger(site).entries()) == 1
        done = place.wardloom("verify", str(place.database(site)))
        assert done.code == 0, done.said
    assert place.wardloom("verify", str(place.release)).code == 0


def test_the_steward_sees_what_left(place):
    for site in SITES:
        done = place.wardloom("site", "egress", str(place.database(site)), "--json")
        found = json.loads(done.out)
        said = json.dumps(found)
        assert all(name in said for name in SITES) and '"sums"' in said and '"reveal"' in said
        assert not found_in(done.said.encode())


def test_no_other_machine_was_asked_for_anything(place, tmp_path):
    counter = place.folder / "counter"
    if not counter.exists():
        pytest.skip("this machine allows no network namespace")
    assert sent(counter) == 0
    call = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))"
    place.end(place.start("--help", before=(*alone(tmp_path / "counter"), sys.executable, "-c", call)))
    assert sent(tmp_path / "counter") > 0, "an attempt would have been counted"


def test_no_canary_is_anywhere_outside(place):
    assert leaks(place.folder, {place.database(site) for site in SITES}) == []


def test_nothing_goes_on_running(place):
    assert not [pid for pid in below(1) if str(place.folder) in command_of(pid)]


def test_a_second_run_asks_nobody_to_pay_again(place):
    done = place.wardloom("federation", "up", place.spec.name)
    assert done.code == 0, done.err
    assert [len(place.ledger(site).entries()) for site in SITES] == [1, 1, 1]


def test_both_transports_give_the_same_sums_and_tables(tmp_path):
    """Without noise there is nothing that may differ: not a sum, not a row drawn with the same seed."""
    place = made(tmp_path)
    place.write(NONE)
    found = []
    for words in (("run", place.spec.name), ("federation", "up", place.spec.name)):
        done = place.wardloom(*words)
        assert done.code == 0, done.err
        with duckdb.connect(str(place.release / "whole-path.duckdb"), read_only=True) as con:
            tables = ("wardloom.noised_sums", "synthetic.patient", "synthetic.visit", "synthetic.charge")
            found.append([con.sql(f"from {table} order by all").fetchall() for table in tables])
        shutil.rmtree(place.release)
    assert found[0] == found[1]


def test_a_hospital_that_revokes_answers_no_more(place):
    """Another question of the same study: the other two are too few, and the reason is said; nobody signs for the steward."""
    place.write(("seed: 1", "seed: 2"))
    assert place.wardloom("site", "revoke", place.spec.name, "--site", "lake").code == 0
    done = place.wardloom("federation", "up", place.spec.name)
    assert done.code == 2 and "site lake has revoked its approval" in done.err
    assert [len(place.ledger(site).entries()) for site in SITES] == [1, 1, 1]
