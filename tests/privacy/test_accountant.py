from __future__ import annotations

import math
from fractions import Fraction

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution
from hypothesis import given
from hypothesis import strategies as st

from privacy import accountant
from privacy.query import Query
from tests.privacy import checks

QUERIES = tuple(Query(f"q{i}", "t", ("a",), (20_000,), "g") for i in range(60))


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("delta", [1e-9, 1e-6, 1e-3])
def test_privacy_loss_distributions_agree(epsilon: float, delta: float) -> None:
    """A second method finds no larger epsilon, and not a much smaller one."""
    std = 1 / math.sqrt(2 * accountant.rho(epsilon, delta))
    losses = privacy_loss_distribution.from_gaussian_mechanism(standard_deviation=std, value_discretization_interval=1e-4)
    found = losses.get_epsilon_for_delta(delta)
    assert 0.8 * epsilon <= found <= epsilon


@pytest.mark.parametrize("noise", [0.5, 2.0, 8.0, 40.0])
@pytest.mark.parametrize("delta", [1e-10, 1e-5])
def test_renyi_accountant_of_dp_accounting_agrees(noise: float, delta: float) -> None:
    """The same conversion over a fixed list of orders: never below ours, and less than 2 % above."""
    peer = dp_accounting.rdp.RdpAccountant().compose(dp_accounting.GaussianDpEvent(noise)).get_epsilon(delta)
    assert peer / 1.02 <= accountant.epsilon(1 / (2 * noise**2), delta) <= peer * (1 + 2e-9)


@given(st.floats(1e-8, 1e4), st.floats(1e-15, 0.5))
def test_never_above_the_simple_bound(rho: float, delta: float) -> None:
    """Bun and Steinke 2016, proposition 1.3: epsilon <= rho + 2 sqrt(rho log(1/delta))."""
    assert accountant.epsilon(rho, delta) <= (rho + 2 * math.sqrt(rho * math.log(1 / delta))) * (1 + 2e-9)


@given(st.floats(1e-6, 300.0), st.floats(1e-12, 0.1))
def test_rho_is_the_largest_that_keeps_epsilon(epsilon: float, delta: float) -> None:
    rho = accountant.rho(epsilon, delta)
    assert accountant.epsilon(rho, delta) <= epsilon < accountant.epsilon(rho * (1 + 1e-7), delta)


@given(st.floats(1e-4, 30.0), st.floats(1e-12, 1e-2))
def test_epsilon_is_the_least_any_order_proves(rho: float, delta: float) -> None:
    """No order on a fine grid proves much less: the search does not stop in a local minimum."""
    above = np.exp(np.linspace(-10, 20, 3001))
    grid = (1 + above) * rho - np.log1p(1 / above) + (math.log(1 / delta) - np.log1p(above)) / above
    assert accountant.epsilon(rho, delta) <= max(grid.min(), 0) * (1 + 2e-9) + 1e-12


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0, 10.0])
def test_noise_pays_for_the_budget(epsilon: float) -> None:
    checks.budget_is_kept(epsilon, 1e-6, QUERIES)


def test_shares_of_a_study_fit_one_sum() -> None:
    """Shares that add up to 1 are never refused for a rounding error, and never cost more than the budget."""
    whole = accountant.rho(3.0, 1e-6)
    assert accountant.epsilon(math.nextafter(math.fsum([whole * 0.1] * 10) * (1 + 1e-15), math.inf), 1e-6) <= 3.0


@given(st.integers(1, 500), st.floats(1e-6, 10.0))
def test_noise_in_shares_costs_no_more_than_was_booked(sites: int, rho: float) -> None:
    """With `variance` split over sites, the cost with the extra term for sums of discrete Gaussians is within rho."""
    own = accountant.variance(QUERIES, rho) / sites
    exact = Fraction(sum(q.scale**2 for q in QUERIES)) / (2 * sites * own)
    tau = 10 * sum(math.exp(-2 * math.pi**2 * float(own) * k / (k + 1)) for k in range(1, sites))
    assert math.nextafter(float(exact), math.inf) + tau * sum(q.cells for q in QUERIES) / 4 <= rho


@pytest.mark.parametrize("own", [0.5, 1.0])
def test_extra_term_covers_a_sum_of_two(own: float) -> None:
    """The sum of two narrow discrete Gaussians differs from one of twice the variance by no more than tau says."""
    at = np.arange(-60, 61).astype(float)
    one = np.exp(-(at**2) / (2 * own))
    both = np.convolve(one / one.sum(), one / one.sum(), "same")
    whole = np.exp(-(at**2) / (4 * own))
    ratio = np.abs(np.log(both[50:71] / (whole / whole.sum())[50:71])).max()
    assert 0 < ratio <= 10 * math.exp(-(math.pi**2) * own)


@pytest.mark.parametrize(
    ("epsilon", "delta"), [(0, 1e-6), (-1, 1e-6), (math.nan, 1e-6), (math.inf, 1e-6), (1, 0), (1, 1), (1, math.nan)]
)
def test_budgets_that_are_none_are_refused(epsilon: float, delta: float) -> None:
    with pytest.raises(ValueError, match=r"epsilon|delta"):
        accountant.rho(epsilon, delta)


@pytest.mark.parametrize("rho", [0.0, -1.0, math.nan, math.inf])
def test_no_noise_for_an_impossible_cost(rho: float) -> None:
    with pytest.raises(ValueError, match="rho"):
        accountant.variance(QUERIES, rho)
