"""A generator that trains, on the whole path with real processes and real dbt: killed between rounds, and with public data."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

pytest.importorskip("torch")

from privacy.accountant import epsilon
from privacy.ledger import Ledger
from tests.runners.small import write_spec
from tests.runners.test_whole import SITES, leaks, make_hospital, wardloom

ROUNDS = 3
TRAINS = f"generator: {{name: diffusion, rounds: {ROUNDS}, width: 8, depth: 1}}\n"
PRIVATE = "privacy: {unit: patient, epsilon: 1.0, delta: 1e-6}"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a spec whose generator trains, its compiled SQL and hospitals with canaries."""
    folder = tmp_path_factory.mktemp("training")
    with pytest.MonkeyPatch.context() as patch:
        spec = write_spec(folder, patch)
        spec.write_text(spec.read_text() + TRAINS)
        assert wardloom(folder, "compile").returncode == 0
        for site in SITES:
            make_hospital(folder, site)
        yield folder


def spends(place, site):
    file = place / site / f"{site}.duckdb.ledger"
    return [e.spend for e in Ledger(file).entries()] if file.exists() else []


def test_killed_between_rounds_it_goes_on_and_nobody_pays_twice(place):
    words = [sys.executable, "-m", "runners", "run", "small-one.yml"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    first = subprocess.Popen(words, cwd=place, env=env, stderr=subprocess.DEVNULL)
    while len(spends(place, SITES[0])) < 3:  # until the second round is paid for
        with suppress(subprocess.TimeoutExpired):
            first.wait(0.1)
    first.send_signal(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    done = wardloom(place, "run")
    assert done.returncode == 0, done.stderr
    for site in SITES:
        found = spends(place, site)
        assert len({spend.query_digest for spend in found}) == len(found) == 1 + ROUNDS
        assert epsilon(sum(spend.rho for spend in found), 1e-6) == pytest.approx(1.0)
    assert leaks(place) == []
    card = (place / "out" / "small-one" / "card.md").read_text()
    assert f"- {ROUNDS} sums of clipped gradients" in card and "times what one patient" in card
    found = wardloom(place, "query", "select count(*) from patient", "--csv")
    assert found.stdout.split() == ["count_star()", "50"]


def test_a_hospital_that_vanishes_between_rounds_is_left_out_where_the_spec_allows_it(place):
    """Its database is gone while the others train."""
    spec, rounds = place / "small-one.yml", 20
    text, paid = spec.read_text(), len(spends(place, "north"))
    allowed = text.replace("federation: {min_sites: 3}", "federation: {min_sites: 2, dropouts: 1}")
    spec.write_text(allowed.replace(f"rounds: {ROUNDS}", f"rounds: {rounds}").replace("out/small-one", "out/fewer"))
    coast, away = place / "coast" / "coast.duckdb", place / "coast.away"
    words = [sys.executable, "-m", "runners", "run", "small-one.yml"]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    try:
        assert wardloom(place, "compile").returncode == 0
        run = subprocess.Popen(words, cwd=place, env=env, stderr=subprocess.PIPE, text=True)
        while run.poll() is None and len(spends(place, "north")) < paid + 3:  # until the second round is paid for
            with suppress(subprocess.TimeoutExpired):
                run.wait(0.1)
        coast.rename(away)
        said = run.communicate()[1]
    finally:
        away.rename(coast)
        spec.write_text(text)
        wardloom(place, "compile")
    assert run.returncode == 0, said
    assert "going on without one site" in said and "coast" in said
    assert len(spends(place, "north")) - paid == 1 + rounds > len(spends(place, "coast")) - paid
    card = (place / "out" / "fewer" / "card.md").read_text()
    assert f"- {rounds} sums of clipped gradients" in card


def test_what_it_asks_is_planned_and_shown(place):
    said = wardloom(place, "plan").stdout
    assert f"then {ROUNDS} rounds of training" in said and "times a patient's bound" in said


def test_trials_of_a_sweep_share_the_budget_and_one_is_taken(place):
    spec = place / "small-one.yml"
    text = spec.read_text()
    paid = len(spends(place, "north"))
    try:
        trials = "width: 8, depth: 1, measure: 0.5, sweep: [{rounds: 1}, {rounds: 2}]"
        swept = text.replace(TRAINS, f"generator: {{name: diffusion, {trials}}}\n")
        spec.write_text(swept.replace("out/small-one", "out/swept"))
        assert wardloom(place, "compile").returncode == 0
        done = wardloom(place, "run")
    finally:
        spec.write_text(text)
        wardloom(place, "compile")
    assert done.returncode == 0, done.stderr
    assert "1 rounds, width 8, depth 1: " in done.stderr and done.stderr.count(", taken") == 1
    found = spends(place, "north")[paid:]
    assert [spend.rho / found[1].rho for spend in found] == [pytest.approx(each) for each in (2.0, 1.0, 0.5, 0.5)]
    assert "the closest to the noised sums of 2 trials" in (place / "out" / "swept" / "card.md").read_text()


def test_public_data_are_averaged(place):
    spec = place / "small-one.yml"
    text = spec.read_text()
    try:
        public = text.replace(PRIVATE, "privacy: {unit: patient, none: made for a test}")
        spec.write_text(public.replace("out/small-one", "out/public"))
        assert wardloom(place, "compile").returncode == 0
        assert "how far a pass over its rows moves the weights" in wardloom(place, "plan").stdout
        done = wardloom(place, "run")
        assert done.returncode == 0, done.stderr
        card = (place / "out" / "public" / "card.md").read_text()
        assert f"- {ROUNDS} rounds of federated averaging" in card
        losses = re.search(r"mean loss in each round, before its step: (.*)", card).group(1).split(", ")
        assert len(losses) == ROUNDS and all(float(loss) > 0 for loss in losses)
        with duckdb.connect(str(place / "out" / "public" / "small-one.duckdb"), read_only=True) as con:
            assert con.sql("select count(*), count(distinct patient_id) from synthetic.patient").fetchall() == [(50, 50)]
    finally:
        spec.write_text(text)
        wardloom(place, "compile")
