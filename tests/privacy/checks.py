"""What must hold of each mechanism. The tests run these on the real code, test_mutants.py on planted bugs.

Statistical thresholds are stated with their chance of a false alarm; no run of the suite has more than a few dozen of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import privacy.accountant
import privacy.histogram
import privacy.noise
import privacy.secure_sum
from privacy.errors import Refused
from privacy.ledger import Ledger, Spend
from privacy.query import Query, grouped, l2_bound
from specs.lang.types import Budget

Ints = NDArray[np.int64]
ALARM = 1e-10
"""Chance that a sound sampler fails one chi-square check."""
SIGMAS = 7
"""An estimate of a sound sampler is off by this many standard errors with a chance below 3e-12."""


# noise ----------------------------------------------------------------------------------------------------------------


def probabilities(variance: float, edges: Ints) -> NDArray[np.float64]:
    """Chances of a discrete Gaussian to lie in (-inf, edges[0]], (edges[0], edges[1]], ..., (edges[-1], inf)."""
    far = int(40 * math.sqrt(variance)) + 10
    at = np.arange(-far, far + 1)
    weight = np.exp(-(at.astype(float) ** 2) / (2 * variance))
    below = np.concatenate([[0.0], np.cumsum(weight / weight.sum())])
    return np.diff(below[np.concatenate([[0], edges + far + 1, [len(at)]])])


def noise_follows(variance: Fraction, cells: int = 400_000) -> None:
    """The noise has the shape of a discrete Gaussian of this variance, out to the tails (chi-square; false alarm ALARM)."""
    noise = privacy.noise.DiscreteGaussian(variance).sample(cells)
    edges = np.unique(np.floor(np.linspace(-4.6, 4.6, 93) * math.sqrt(variance)).astype(np.int64))
    expected = probabilities(float(variance), edges) * cells
    counted = np.bincount(np.searchsorted(edges, noise, side="left"), minlength=len(edges) + 1)
    enough = expected >= 5
    pairs = [(counted[enough], expected[enough]), (counted[~enough].sum(keepdims=True), expected[~enough].sum(keepdims=True))]
    seen, meant = (np.concatenate(p) for p in zip(*pairs, strict=True))
    keep = meant > 1e-6
    chi2 = float(((seen[keep] - meant[keep]) ** 2 / meant[keep]).sum())
    assert stats.chi2.sf(chi2, int(keep.sum()) - 1) > ALARM
    assert not seen[~keep].any()


def noise_spreads(variance: Fraction, cells: int = 400_000) -> None:
    """Mean, variance, and the number of draws beyond 4 standard deviations are right (each at SIGMAS)."""
    noise = privacy.noise.DiscreteGaussian(variance).sample(cells) / math.sqrt(variance)
    assert abs(noise.mean()) < SIGMAS / math.sqrt(cells)
    assert abs(noise.var() - 1) < SIGMAS * math.sqrt(2 / cells)
    assert (np.abs(noise) > 4).sum() > 0  # 25 expected: none with a chance of 1e-11


def noise_is_fresh(variance: Fraction = Fraction(10**6), cells: int = 10_000) -> None:
    """No two cells, calls or instances share noise (correlation at SIGMAS)."""
    mechanism = privacy.noise.DiscreteGaussian(variance)
    draws = [mechanism.sample(cells), mechanism.sample(cells), privacy.noise.DiscreteGaussian(variance).sample(cells)]
    first = draws[0] / math.sqrt(variance)
    for other in (draws[1], draws[2], np.roll(draws[0], 1), np.roll(draws[0], cells // 2)):
        assert abs(float((first * other).mean() / math.sqrt(variance))) < SIGMAS / math.sqrt(cells)


def noise_comes_from_the_system(patch: Callable[..., None]) -> None:
    """All bits come from os.urandom, 128 for every table and cell: with known bits the noise is known."""
    asked: list[int] = []

    def known(count: int) -> bytes:
        asked.append(count)
        return b"\xff" * count

    patch(os, "urandom", known)
    noise = privacy.noise.DiscreteGaussian(Fraction(9)).sample(1000)
    assert sum(asked) == 16_000
    assert (noise == noise[0]).all() and noise[0] < -30  # the last cell of the tail, with the sign bit


def shares_make_the_whole(sites: int, dropouts: int, colluders: int) -> None:
    """The noise of the honest sites that stay makes the claimed variance, exactly."""
    own = Fraction(1000) / privacy.secure_sum.noisy_sites(sites, dropouts, colluders)
    assert own * (sites - dropouts - colluders) == 1000


# sensitivity ----------------------------------------------------------------------------------------------------------


def stacked(queries: Sequence[Query], codes: Mapping[str, Ints], patient: Ints) -> list[int]:
    """All answers, one after another, as Python integers."""
    answers: dict[str, Ints] = {}
    for group in grouped(queries).values():
        answers |= privacy.histogram.histograms(group, codes, patient)
    return [int(v) for q in queries for v in answers[q.name]]


def patient_is_bounded(queries: Sequence[Query], codes: Mapping[str, Ints], patient: Ints, gone: int) -> int:
    """Squared L2 distance of the answers with and without patient `gone` (all rows); at most the square of `l2_bound`."""
    stay = patient != gone
    with_all = stacked(queries, codes, patient)
    without = stacked(queries, {name: code[stay] for name, code in codes.items()}, patient[stay])
    moved = sum((a - b) ** 2 for a, b in zip(with_all, without, strict=True))
    assert moved <= sum(q.scale**2 for q in queries)
    assert math.isclose(l2_bound(queries) ** 2, sum(q.scale**2 for q in queries))
    return moved


# accountant -----------------------------------------------------------------------------------------------------------


def gaussian_delta(rho: float, epsilon: float) -> float:
    """The exact delta of one Gaussian mechanism of cost rho (Balle and Wang 2018, arXiv 1805.06530, theorem 8)."""
    mu = math.sqrt(2 * rho)
    minus = stats.norm.logcdf(-mu / 2 - epsilon / mu)
    return float(stats.norm.cdf(mu / 2 - epsilon / mu) - math.exp(epsilon + minus))


def budget_is_kept(epsilon: float, delta: float, queries: Sequence[Query]) -> None:
    """The noise for a budget protects the queries as the budget says, and is not far more than needed."""
    rho = privacy.accountant.rho(epsilon, delta)
    variance = privacy.accountant.variance(queries, rho)
    spent = float(Fraction(sum(q.scale**2 for q in queries)) / (2 * variance))
    assert gaussian_delta(spent, epsilon) <= delta
    assert gaussian_delta(spent * 2, epsilon) > delta


# ledger ---------------------------------------------------------------------------------------------------------------

BUDGET = Budget(1.0, 1e-6)


def new_ledger(folder: Path) -> Ledger:
    """An unused ledger of BUDGET."""
    return Ledger.create(folder / "north.duckdb.ledger", BUDGET)


def part(share: float, question: str = "a", version: str = "1", run: str = "run") -> Spend:
    """A spend of `share` of BUDGET."""
    whole = privacy.accountant.rho(BUDGET.epsilon, BUDGET.delta)
    return Spend(version, run, "spec", question, share * whole, Fraction(1000))


def budget_holds(folder: Path) -> None:
    """Four spends of a quarter fit, a fifth never does, also for a ledger opened again."""
    ledger = new_ledger(folder)
    for number in range(4):
        ledger.spend(part(0.25, str(number)))
    for again in (ledger, Ledger(ledger.path)):
        try:
            again.spend(part(0.25, "more"))
        except Refused:
            continue
        raise AssertionError("a spend beyond the budget was granted")


def spend_is_booked_first(folder: Path) -> None:
    """As soon as `spend` returns, any other process sees it, although no reply was kept."""
    ledger = new_ledger(folder)
    ledger.spend(part(0.5))
    assert Ledger(ledger.path).spent("1") >= part(0.5).rho


def append_waits_for_the_disk(folder: Path, patch: Callable[..., None]) -> None:
    """After the last write of a spend, its file is synchronised before `spend` returns."""
    ledger = new_ledger(folder)
    events: list[tuple[str, int]] = []
    write, fsync = os.write, os.fsync
    patch(os, "write", lambda h, d: (events.append(("write", os.fstat(h).st_ino)), write(h, d))[1])
    patch(os, "fsync", lambda h: (events.append(("fsync", os.fstat(h).st_ino)), fsync(h))[1])
    ledger.spend(part(0.5))
    inode = ledger.path.stat().st_ino
    kinds = [kind for kind, file in events if file == inode]
    assert kinds and kinds[0] == "write" and kinds[-1] == "fsync"


def question_is_answered_once(folder: Path) -> None:
    """However often, and by however many, a question is answered: one spend, one reply."""
    ledger = new_ledger(folder)
    entry = ledger.spend(part(0.5))
    sent = [ledger.keep(entry, b"first"), ledger.keep(entry, b"second")]
    later = Ledger(ledger.path)
    again = later.spend(part(0.5, run="another run"))
    assert again == entry and later.reply(again) == b"first" and sent == [b"first", b"first"]
    assert later.spent("1") == part(0.5).rho
