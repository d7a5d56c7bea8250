"""Planted bugs: the check that guards a mechanism must fail when it is broken. A check that never fails proves nothing."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import privacy.accountant
import privacy.book
import privacy.chain
import privacy.histogram
import privacy.ledger
import privacy.links
import privacy.noise
import privacy.secure_sum
from privacy.ledger import Entry, Ledger, Spend
from privacy.query import Query
from privacy.table import Table
from tests.privacy import checks

Patch = pytest.MonkeyPatch
GROUP = tuple(Query(f"q{i}", "t", ("a",), (3,), "g") for i in range(3))
HEAVY = {"a": np.asarray([0] * 41 + [1, 2, 2], np.int64)}
PATIENT = np.asarray([0] * 41 + [1, 2, 2], np.int64)


def caught(check: Callable[[], object]) -> None:
    with pytest.raises(AssertionError):
        check()


# noise


def halved(patch: Patch) -> None:
    tables = privacy.noise._tables
    patch.setattr(privacy.noise, "_tables", lambda variance: tables(variance / 2))


def cut_tail(patch: Patch) -> None:
    invert = Table.invert
    patch.setattr(Table, "invert", lambda self, bits: np.clip(invert(self, bits), -last(self), last(self)))

    def last(table: Table) -> int:
        return int(3 * len(table.high) / 14)


def float_noise(patch: Patch) -> None:
    def sample(self: privacy.noise.DiscreteGaussian, cells: int) -> checks.Ints:
        return np.random.default_rng(0).normal(0, math.sqrt(self.variance), cells).astype(np.int64)

    patch.setattr(privacy.noise.DiscreteGaussian, "sample", sample)


def one_sided(patch: Patch) -> None:
    invert = Table.invert
    patch.setattr(Table, "invert", lambda self, bits: np.abs(invert(self, bits)))


def shared(patch: Patch) -> None:
    drawn: dict[tuple[Fraction, int], checks.Ints] = {}
    sample = privacy.noise.DiscreteGaussian.sample
    patch.setattr(privacy.noise.DiscreteGaussian, "sample", lambda self, n: drawn.setdefault((self.variance, n), sample(self, n)))


def repeated_block(patch: Patch) -> None:
    sample = privacy.noise.DiscreteGaussian.sample
    patch.setattr(privacy.noise.DiscreteGaussian, "sample", lambda self, n: np.tile(sample(self, n // 2), 2))


@pytest.mark.parametrize("bug", [halved, cut_tail, float_noise, one_sided])
def test_wrong_shapes_of_noise_are_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    bug(monkeypatch)
    caught(lambda: checks.noise_follows(Fraction(50)))


@pytest.mark.parametrize("bug", [halved, cut_tail, one_sided])
def test_wrong_spreads_of_wide_noise_are_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    bug(monkeypatch)
    caught(lambda: checks.noise_spreads(Fraction(10**6)))


@pytest.mark.parametrize("bug", [shared, repeated_block, float_noise])
def test_noise_that_is_not_fresh_is_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    bug(monkeypatch)
    caught(checks.noise_is_fresh)


@pytest.mark.parametrize("bug", [shared, float_noise])
def test_noise_from_elsewhere_is_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    bug(monkeypatch)
    if bug is shared:
        privacy.noise.DiscreteGaussian(Fraction(9)).sample(1000)
    caught(lambda: checks.noise_comes_from_the_system(monkeypatch.setattr))


def test_undivided_noise_shares_are_seen(monkeypatch: Patch) -> None:
    monkeypatch.setattr(privacy.secure_sum, "noisy_sites", lambda *_: 1)
    caught(lambda: checks.shares_make_the_whole(3, 0, 0))


def test_noise_shares_that_count_on_everyone_are_seen(monkeypatch: Patch) -> None:
    monkeypatch.setattr(privacy.secure_sum, "noisy_sites", lambda sites, *_: sites)
    caught(lambda: checks.shares_make_the_whole(5, 1, 1))


# sensitivity


def not_clipped(patch: Patch) -> None:
    patch.setattr(privacy.histogram, "_weights", lambda group, counted, patients: np.full(patients, group[0].scale))


def rounded_up(patch: Patch) -> None:
    patch.setattr(privacy.histogram, "isqrt", lambda x: np.ceil(np.sqrt(x)).astype(np.int64))


def clipped_by_rows(patch: Patch) -> None:
    """Divides by the number of rows in one query, forgetting that each query counts them again."""
    weights = privacy.histogram._weights
    patch.setattr(privacy.histogram, "_weights", lambda group, counted, patients: 2 * weights(group, counted, patients))


def clipped_by_others(patch: Patch) -> None:
    """Normalises by the largest contribution of any patient: then one patient changes all others' weights."""
    weights = privacy.histogram._weights

    def same(*args: object) -> checks.Ints:
        found = weights(*args)  # type: ignore[arg-type]
        return np.where(found > 0, found[found > 0].min(initial=2**40), 0)

    patch.setattr(privacy.histogram, "_weights", same)


@pytest.mark.parametrize("bug", [not_clipped, rounded_up, clipped_by_rows, clipped_by_others])
def test_unbounded_patients_are_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    many = {"a": np.concatenate([HEAVY["a"], np.ones(600, np.int64)])}
    patient = np.concatenate([PATIENT, np.arange(3, 603)])
    odd = tuple(Query(q.name, "t", ("a",), (3,), "g", 1000) for q in GROUP)
    checks.patient_is_bounded(odd, many, patient, 0)
    bug(monkeypatch)
    caught(lambda: [checks.patient_is_bounded(odd, many, patient, gone) for gone in (0, 1, 2)])


# accountant


def half_the_noise(patch: Patch) -> None:
    variance = privacy.accountant.variance
    patch.setattr(privacy.accountant, "variance", lambda queries, rho: variance(queries, 2 * rho))


def delta_forgotten(patch: Patch) -> None:
    patch.setattr(privacy.accountant, "rho", lambda epsilon, delta: epsilon)


def each_query_alone(patch: Patch) -> None:
    variance = privacy.accountant.variance
    patch.setattr(privacy.accountant, "variance", lambda queries, rho: variance(queries[:1], rho))


@pytest.mark.parametrize("bug", [half_the_noise, delta_forgotten, each_query_alone])
def test_too_little_noise_for_a_budget_is_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    bug(monkeypatch)
    caught(lambda: checks.budget_is_kept(1.0, 1e-6, GROUP))


# ledger


def forgets(patch: Patch) -> None:
    """Books, but counts only what it booked last."""
    patch.setattr(privacy.book, "spent", lambda links, version: Fraction(0))


def never_writes(patch: Patch) -> None:
    patch.setattr(privacy.chain, "_write", lambda handle, data: None)


def spends_after_reply(patch: Patch) -> None:
    """`spend` only looks whether the budget would allow it; `keep` books."""
    spend, keep = Ledger.spend, Ledger.keep

    def later(self: Ledger, entry: Entry, reply: bytes) -> bytes:
        return keep(self, spend(self, entry.spend), reply)

    patch.setattr(Ledger, "spend", lambda self, s: Entry(0, "0" * 64, s))
    patch.setattr(Ledger, "keep", later)


def no_waiting(patch: Patch) -> None:
    def append(self: privacy.chain.Writer, facts: dict[str, privacy.links.Fact]) -> privacy.links.Link:
        line = privacy.links.line(self.links[-1].hash, len(self.links) + 1, facts)
        os.write(self.handle, line)
        link = privacy.links.link(line, self.links[-1].hash, len(self.links) + 1)
        self.links = (*self.links, link)
        return link

    patch.setattr(privacy.chain.Writer, "append", append)


def books_every_run(patch: Patch) -> None:
    patch.setattr(Spend, "key", property(lambda self: (self.data_version, self.spec_digest, self.query_digest, self.run)))


def last_reply_wins(patch: Patch) -> None:
    def keep(self: Ledger, entry: Entry, reply: bytes) -> bytes:
        self._replies.put(entry.hash, reply)
        return reply

    patch.setattr(Ledger, "keep", keep)


BROKEN = (AssertionError, privacy.ledger.Refused)


@pytest.mark.parametrize("bug", [forgets, spends_after_reply])
def test_a_ledger_that_grants_too_much_is_seen(bug: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch) -> None:
    bug(monkeypatch)
    caught(partial(checks.budget_holds, tmp_path))


@pytest.mark.parametrize("bug", [spends_after_reply, forgets, never_writes])
def test_a_ledger_that_books_too_late_is_seen(bug: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch) -> None:
    bug(monkeypatch)
    with pytest.raises(BROKEN):
        checks.spend_is_booked_first(tmp_path)


@pytest.mark.parametrize("bug", [no_waiting, never_writes])
def test_a_ledger_that_does_not_wait_for_the_disk_is_seen(
    bug: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
) -> None:
    bug(monkeypatch)
    with pytest.raises(BROKEN):
        checks.append_waits_for_the_disk(tmp_path, monkeypatch.setattr)


@pytest.mark.parametrize("bug", [books_every_run, last_reply_wins])
def test_a_second_answer_is_seen(bug: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch) -> None:
    bug(monkeypatch)
    with pytest.raises(BROKEN):
        checks.question_is_answered_once(tmp_path)
