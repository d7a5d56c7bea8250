"""The whole path with real processes and real dbt, on three tiny hospitals with planted canaries."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from privacy.ledger import Ledger
from tests.runners.small import PATIENTS, write_spec

CANARY = "CANARY-4711"
SITES = ("north", "lake", "coast")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a spec, its compiled SQL and hospitals whose rows hold canaries outside the public domain."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        write_spec(folder, patch)
        assert wardloom(folder, "compile").returncode == 0
        for site in SITES:
            make_hospital(folder, site)
        yield folder


def make_hospital(folder, site):
    (folder / site).mkdir(exist_ok=True)
    path = folder / site / f"{site}.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as con:
        sex = f"case when i % 10 = 0 then '{CANARY}' else 'F' end"
        con.execute(f"create table patient as select i as patient_id, i % 100 as age, {sex} as sex from range({PATIENTS}) t(i)")
        con.execute(
            f"create table lab as select i % 30 as patient_id, i * 5 as days, 'hdl' as test from range({2 * PATIENTS}) t(i)"
        )
        con.execute(f"insert into lab values (1, 77, '{CANARY}')")


def wardloom(folder, command, *more):
    root = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-m", "runners", command, "small-one.yml", *more]
    env = {**os.environ, "PYTHONPATH": str(root), "WARDLOOM_DEBUG": "1"}
    return subprocess.run(words, cwd=folder, env=env, capture_output=True, text=True, check=False)


def leaks(folder):
    """Files that hold a canary, the hospitals' own databases apart."""
    files = [f for f in folder.rglob("*") if f.is_file() and f.name not in {f"{s}.duckdb" for s in SITES}]
    return [str(f) for f in files if b"CANARY" in f.read_bytes()]


FAILURES = {
    "retyped": (
        f"alter table lab alter days type varchar; update lab set days = '{CANARY}'",
        ["coast", "lab", "days", "found text"],
    ),
    "enum": (
        f"create type e as enum ('{CANARY}'); alter table patient drop column age; alter table patient add column age e",
        ["coast", "age"],
    ),
    "renamed": ("alter table lab rename test to test_name", ["coast", "lab", "test"]),
    "gone": ("drop table lab", ["coast", "lab"]),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_hospital_is_named_without_any_value(place, name):
    sql, words = FAILURES[name]
    with duckdb.connect(str(place / "coast" / "coast.duckdb")) as con:
        con.execute(sql)
    try:
        done = wardloom(place, "run")
    finally:
        make_hospital(place, "coast")
    assert done.returncode == 3
    assert all(word in done.stderr for word in words), done.stderr
    assert "CANARY" not in done.stdout + done.stderr and "Traceback" not in done.stderr
    assert leaks(place) == []
    assert not (place / "out" / "small-one").exists()


def test_a_locked_or_corrupt_database_is_said(place):
    path = place / "lake" / "lake.duckdb"
    with duckdb.connect(str(path)):
        done = wardloom(place, "run", "--json")
    assert done.returncode == 3 and '"locked"' in done.stdout
    path.write_bytes(b"broken" * 5000)
    done = wardloom(place, "run")
    make_hospital(place, "lake")
    assert done.returncode == 3 and "lake" in done.stderr and "cannot read" in done.stderr


def test_interrupted_then_again(place):
    """Ctrl-C while hospitals work, then the whole run; nobody pays twice and no canary is anywhere."""
    root = Path(__file__).resolve().parents[2]
    words = [sys.executable, "-m", "runners", "run", "small-one.yml"]
    env = {**os.environ, "PYTHONPATH": str(root)}
    first = subprocess.Popen(words, cwd=place, env=env, stderr=subprocess.PIPE, text=True, preexec_fn=_interruptible)  # noqa: PLW1509
    for line in first.stderr:
        if "ready" in line and "done" in line:
            break
    first.send_signal(signal.SIGINT)
    assert first.wait() == 130
    assert not (place / "out" / "small-one").exists()
    done = wardloom(place, "run")
    assert done.returncode == 0, done.stderr
    assert "epsilon 1" in done.stdout and "patient" in done.stdout
    assert [len(Ledger(place / s / f"{s}.duckdb.ledger").entries()) for s in SITES] == [1, 1, 1]
    assert leaks(place) == []
    found = wardloom(place, "query", "select count(*) from patient", "--csv")
    assert found.stdout.split() == ["count_star()", "50"]
    assert wardloom(place, "status").stdout.count("done") >= 9


def _interruptible():
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_new_patients_are_added_to_an_earlier_release_for_their_own_budget(place):
    """After the run above: a second batch, under a new name, in a release beside the old one."""
    spec, old = place / "small-one.yml", place / "out" / "small-one"
    before, text = {f: f.read_bytes() for f in old.rglob("*") if f.is_file()}, spec.read_text()
    paid = {s: [e.spend.rho for e in Ledger(place / s / f"{s}.duckdb.ledger").entries()] for s in SITES}
    batch = text.replace("outputs: {directory: out/small-one}", "outputs: {directory: out/small-two, adds_to: out/small-one}")
    try:
        spec.write_text(batch)
        done = wardloom(place, "run")
        assert done.returncode == 1
        assert all(f"site {s} has the same data_version" in done.stderr for s in SITES)
        batch = batch.replace(".duckdb\",", '.duckdb", data_version: "2",')
        spec.write_text(batch.replace("range: [0, 99], bins: 5", "range: [0, 99], bins: 4"))
        assert wardloom(place, "compile").returncode == 0
        done = wardloom(place, "run")
        assert done.returncode == 1 and "other questions" in done.stderr
        assert {s: [e.spend.rho for e in Ledger(place / s / f"{s}.duckdb.ledger").entries()] for s in SITES} == paid
        spec.write_text(batch)
        assert wardloom(place, "compile").returncode == 0
        done = wardloom(place, "run")
        assert done.returncode == 0, done.stderr
    finally:
        spec.write_text(text)
        wardloom(place, "compile")
    for site in SITES:
        entries = Ledger(place / site / f"{site}.duckdb.ledger").entries()
        assert [(e.spend.data_version, e.spend.rho) for e in entries] == [("1", paid[site][0]), ("2", paid[site][0])]
    assert {f: f.read_bytes() for f in old.rglob("*") if f.is_file()} == before
    sql = "select query, cell, value, std_error from wardloom.noised_sums order by 1, 2"
    with duckdb.connect(str(old / "small-one.duckdb"), read_only=True) as con:
        first = con.execute(sql).fetchnumpy()
    new = place / "out" / "small-two"
    with duckdb.connect(str(new / "small-one.duckdb"), read_only=True) as con:
        both = con.execute(sql).fetchnumpy()
    assert both["std_error"] == pytest.approx(first["std_error"] * 2**0.5)
    assert (both["value"] != first["value"]).any()
    assert "made with epsilon 1" in (new / "report.html").read_text()
    assert leaks(place) == []
