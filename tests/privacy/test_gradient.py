"""A round of training as a query: its bound after rounding, and what rounds cost by other accountants."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privacy import gradient
from privacy.accountant import epsilon, rho, variance
from privacy.gradient import UNITS, bound, query, restored, rounded

CLIPS = st.floats(1e-3, 1e3)
Check = tuple[float, float]


def apart(seed: int, cells: int, clip: float) -> float:
    """How far (integer units) sums of neighbours are apart after rounding: rounding is at its worst."""
    rng = np.random.default_rng(seed)
    total = (rng.integers(-1000, 1000, cells) + 0.5) * clip / UNITS
    patient = rng.normal(0, 1, cells)
    patient *= clip / np.linalg.norm(patient)
    return float(np.linalg.norm((rounded(total + patient, clip) - rounded(total, clip)).astype(float)))


@given(seed=st.integers(0, 2**32), cells=st.sampled_from([1, 3, 100, 20_000]), clip=CLIPS)
def test_neighbours_are_no_further_apart_than_the_bound(seed: int, cells: int, clip: float) -> None:
    assert apart(seed, cells, clip) <= bound(cells)


def test_a_bound_without_rounding_is_too_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted bug: cells that all round the other way."""
    monkeypatch.setattr(gradient, "bound", lambda cells: UNITS)
    cells = 4_000_000
    total, patient = np.full(cells, 0.499 / UNITS), np.full(cells, cells**-0.5)
    patient *= 1.0 / np.linalg.norm(patient)
    moved = (rounded(total + patient, 1.0) - rounded(total, 1.0)).astype(float)
    assert UNITS < np.linalg.norm(moved) <= bound(cells)


@given(seed=st.integers(0, 2**32), clip=CLIPS)
def test_what_is_restored_is_what_was_rounded(seed: int, clip: float) -> None:
    total = np.random.default_rng(seed).normal(0, 100 * clip, 50)
    assert np.abs(restored(rounded(total, clip), clip) - total).max() <= 0.51 * clip / UNITS


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_is_not_rounded(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        rounded(np.array([0.0, bad]), 1.0)


def test_noise_of_a_round_is_that_of_central_training_with_every_patient_in_every_batch() -> None:
    """Opacus' accountant (PRV) and dp-accounting's (PLD) agree that so many rounds cost no more than we say, nor much less."""
    opacus = pytest.importorskip("opacus.accountants")
    from dp_accounting import GaussianDpEvent
    from dp_accounting.pld import PLDAccountant

    rounds, delta, claim = 40, 1e-5, 3.0
    each = rho(claim, delta) / rounds
    asked = query("round", "patient", 10_000)
    noise = math.sqrt(variance([asked], each)) / asked.scale
    assert noise == pytest.approx(1 / math.sqrt(2 * each), rel=1e-6)
    prv = opacus.create_accountant("prv")
    prv.history = [(noise, 1.0, rounds)]
    pld = PLDAccountant()
    pld.compose(GaussianDpEvent(noise), rounds)
    by_prv, by_pld = prv.get_epsilon(delta), pld.get_epsilon(delta)
    assert by_prv == pytest.approx(by_pld, rel=0.02)
    assert 0.9 * claim < by_pld <= epsilon(rounds * each, delta) <= claim * (1 + 1e-6)
