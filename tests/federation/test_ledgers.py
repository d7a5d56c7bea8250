"""A ledger under load and under kill -9: it grants what the budget allows, and records at least what was granted."""

from __future__ import annotations

import multiprocessing
import os
import signal
from fractions import Fraction
from pathlib import Path

import pytest

import privacy.chain
from privacy.accountant import rho
from privacy.errors import LedgerBroken, Refused
from privacy.ledger import Ledger, Spend
from privacy.links import line, link
from specs.lang.types import Budget
from tests.federation.counts import count, say

FORK = multiprocessing.get_context("fork")
BUDGET = Budget(1.0, 1e-6)
ALLOWED = 50
PIECE = rho(BUDGET.epsilon, BUDGET.delta) / ALLOWED * (1 - 1e-9)


def spend(question: str) -> Spend:
    """One fiftieth of the budget."""
    return Spend("1", "run", "spec", question, PIECE, Fraction(1000))


def new_ledger(folder: Path) -> Ledger:
    return Ledger.create(folder / "north.duckdb.ledger", BUDGET)


def asks(path: Path, number: int, times: int, start: object) -> None:
    """One of many processes that ask for as much as they can get; its exit code says how much that was."""
    start.wait()
    granted = 0
    for i in range(times):
        try:
            Ledger(path).spend(spend(f"{number} {i}"))
            granted += 1
        except Refused:
            pass
    os._exit(granted)


def test_64_processes_get_exactly_what_the_budget_allows(tmp_path):
    ledger, times = new_ledger(tmp_path), count(100, 6)
    start = FORK.Barrier(64)
    racers = [FORK.Process(target=asks, args=(ledger.path, n, times, start)) for n in range(64)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(600)
    assert sum(racer.exitcode for racer in racers) == ALLOWED == len(ledger.entries())
    ledger.verify()
    say("requests by 64 processes for a budget of 50", 64 * times)


def dies(path: Path, question: str, step: int, tell: int) -> None:
    """Spends, tells that it was granted, keeps a reply; killed at its so-manyth step on the way."""
    left = [step]

    def deadly(act):
        def stepping(*args, **named):
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return act(*args, **named)

        return stepping

    for module, name in ((os, "fsync"), (os, "write"), (privacy.chain, "put"), (privacy.chain, "sync")):
        setattr(module, name, deadly(getattr(module, name)))
    ledger = Ledger(path)
    ledger.mend()
    entry = ledger.spend(spend(question))
    os.pwrite(tell, b"granted", 0)
    ledger.keep(entry, b"reply")
    os._exit(0)


def test_killed_around_the_spend_it_records_at_least_what_was_granted(tmp_path):
    ledger, times, finished = new_ledger(tmp_path), count(200, 30), 0
    granted = 0
    for number in range(times):
        if number % 40 == 39:
            (tmp_path / str(number)).mkdir()
            ledger, granted = new_ledger(tmp_path / str(number)), 0
        tell = os.open(tmp_path / "told", os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        process = FORK.Process(target=dies, args=(ledger.path, f"q{number}", number % 23, tell))
        process.start()
        process.join(60)
        granted += os.pread(tell, 7, 0) == b"granted"
        finished += process.exitcode == 0
        os.close(tell)
        ledger.mend()
        assert len(ledger.entries()) >= granted
        ledger.verify()
    assert 0 < finished < times
    say("kills around the spend", times - finished)


@pytest.mark.parametrize("damage", ["unreadable", "emptied", "rolled back", "gone", "a folder"])
def test_a_ledger_that_cannot_be_trusted_grants_nothing(tmp_path, damage):
    ledger = new_ledger(tmp_path)
    ledger.spend(spend("first"))
    before = ledger.path.read_bytes()
    ledger.spend(spend("second"))
    if damage == "unreadable":
        ledger.path.write_bytes(os.urandom(300))
    elif damage == "emptied":
        ledger.path.write_bytes(b"")
    elif damage == "rolled back":
        ledger.path.write_bytes(before)
    else:
        ledger.path.unlink()
        if damage == "a folder":
            ledger.path.mkdir()
    with pytest.raises((LedgerBroken, OSError)):
        ledger.spend(spend("third"))


def test_a_limit_that_is_not_looked_at_is_seen(tmp_path, monkeypatch):
    """The bug planted: every spend is within the budget."""
    monkeypatch.setattr(privacy.book, "within", lambda links, spend: True)
    with pytest.raises(AssertionError):
        test_64_processes_get_exactly_what_the_budget_allows(tmp_path)


def test_a_missing_lock_is_seen(tmp_path, monkeypatch):
    """The bug planted: processes do not wait for each other."""
    monkeypatch.setattr(privacy.chain.fcntl, "flock", lambda handle, lock: None)
    with pytest.raises((AssertionError, LedgerBroken)):
        test_64_processes_get_exactly_what_the_budget_allows(tmp_path)


def test_a_spend_that_is_granted_before_it_is_on_disk_is_seen(tmp_path, monkeypatch):
    """The bug planted: lines stay in memory."""

    def remembered(self, facts):
        text = line(self.links[-1].hash, len(self.links) + 1, facts)
        self.links = (*self.links, link(text, self.links[-1].hash, len(self.links) + 1))
        return self.links[-1]

    monkeypatch.setattr(privacy.chain.Writer, "append", remembered)
    with pytest.raises(AssertionError):
        test_killed_around_the_spend_it_records_at_least_what_was_granted(tmp_path)
