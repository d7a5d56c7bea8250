"""Bad things that happen to hospitals: how each is brought about, and what its message must say."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import duckdb
import pytest

from tests.e2e.hospitals import quoted, real, text
from tests.e2e.place import ROOT, below, command_of, gone, kill, wait_until

HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
SMALL_DISK = 'mount -t tmpfs -o size=300k,mode=700 small "$0" && exec "$@"'


@dataclass(frozen=True)
class Failure:
    """`words` must all be in the message; `run` runs a place, lake's database broken or not, and ends with `code`."""

    code: int
    words: tuple[str, ...]
    run: object


def sql(*statements):
    """Lake's database is changed before the run."""

    def run(place):
        with duckdb.connect(str(place.database("lake"))) as con:
            for statement in statements:
                con.execute(statement)
        return place.run()

    return run


def missing(place):
    place.database("lake").unlink()
    return place.run()


def corrupt(place):
    file = place.database("lake")
    data = file.read_bytes()
    file.write_bytes(text(9000).encode() * 200 + data[4000:])
    return place.run()


def cut(place):
    file = place.database("lake")
    file.write_bytes(file.read_bytes()[: 300 * 1024])
    return place.run()


def locked(place):
    words = [sys.executable, "-c", HOLD, str(place.database("lake"))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        return place.run()


def at_work(place, process, site="lake"):
    """Waits until dbt writes at a site; the site's process and all below it, deepest last."""
    found = []

    def writing():
        agents = [p for p in below(process.pid) if command_of(p).strip().endswith(f" {site}")]
        found[:] = [p for agent in agents for p in (agent, *below(agent))]
        return len(found) > 1 and (place.work(site) / "work.duckdb").exists()

    wait_until(process, writing)
    return found


def site_killed(place):
    process = place.start("run", place.spec.name)
    kill(at_work(place, process)[:1])
    return place.end(process)


def dbt_killed(place):
    process = place.start("run", place.spec.name)
    kill(at_work(place, process)[1:])
    return place.end(process)


def interrupted(place):
    process = place.start("run", place.spec.name)
    pids = at_work(place, process)
    process.send_signal(signal.SIGINT)
    done = place.end(process)
    gone(pids)
    return done


def can_mount():
    """Whether a small disk of our own can be had (a mount that only the run sees)."""
    if not shutil.which("unshare"):
        return False
    words = ["unshare", "-rm", "sh", "-c", SMALL_DISK, str(ROOT / "tests" / "e2e"), "true"]
    return subprocess.run(words, capture_output=True, check=False).returncode == 0


def full(place):
    """Lake's private folder is on a disk of 300 kB."""
    if not can_mount():
        pytest.skip("a small disk cannot be mounted here; tests/runners/test_diagnose.py checks what is said")
    place.work("lake").mkdir(parents=True, exist_ok=True)
    return place.run(before=("unshare", "-rm", "sh", "-c", SMALL_DISK, str(place.work("lake"))))


def poor(place):
    place.write(("epsilon: 2.0, delta", "epsilon: 11.9, delta"))
    done = place.run()
    place.write(("seed: 1", "seed: 2"))
    return done


TWICE = """
insert into visit (visit_id, patient_id, day, ward)
select v.visit_id, p.patient_id, 1, 'lab' from visit v, patient p
where v.visit_id between 100 and 120 and p.patient_id <> v.patient_id and p.until > 1
order by v.visit_id, p.rowid limit 500"""
RETYPED = "alter table charge alter units type varchar"
BEFORE_ANY_SPEND = {
    "missing column": Failure(3, ("lake", "visit", "ward"), sql("alter table visit drop column ward")),
    "renamed column": Failure(3, ("lake", "patient", "born"), sql("alter table patient rename born to birth_date")),
    "text in a number column": Failure(
        3, ("lake", "charge", "units"), sql(RETYPED, f"update charge set units = {quoted(text(9001))}")
    ),
    "missing table": Failure(3, ("lake", "charge"), sql("drop table charge")),
    "missing database": Failure(3, ("lake", "database"), missing),
    "corrupt database": Failure(3, ("lake", "cannot read"), corrupt),
    "locked database": Failure(3, ("lake", "another process"), locked),
    "budget used up": Failure(2, ("lake", "budget"), poor),
}
AFTER_SPENDING = {
    "cut database": Failure(3, ("lake", "cannot read"), cut),
    "a key of two patients": Failure(4, ("lake", "visit"), sql(TWICE)),
    "outside of a range that refuses": Failure(
        4, ("lake", "patient", "height"), sql(f"update patient set height = {real(9003)} where rowid = 200")
    ),
    "site process killed": Failure(3, ("lake", "did not answer"), site_killed),
    "dbt killed": Failure(3, ("lake", "dbt"), dbt_killed),
    "disk full": Failure(3, ("lake", "disk"), full),
    "Ctrl-C": Failure(130, ("interrupted", "again"), interrupted),
}


@contextmanager
def healthy(place):
    """Puts lake's database back as it was."""
    file = place.database("lake")
    kept = file.with_name("kept")
    with ExitStack() as stack:
        shutil.copyfile(file, kept)
        stack.callback(kept.rename, file)
        stack.callback(file.with_name(file.name + ".wal").unlink, missing_ok=True)
        yield
