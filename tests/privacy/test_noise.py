from __future__ import annotations

import ast
import math
from decimal import Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from privacy.noise import STEP, WIDE, DiscreteGaussian, _tables
from privacy.secure_sum import noisy_sites
from privacy.table import Table
from tests.privacy import checks

VARIANCES = [Fraction(1, 4), Fraction(9, 4), Fraction(50), Fraction(10**6), Fraction(WIDE) + Fraction(1, 3), Fraction(10**8)]


@pytest.mark.parametrize("variance", VARIANCES, ids=str)
def test_noise_is_discrete_gaussian(variance: Fraction) -> None:
    checks.noise_follows(variance)


@pytest.mark.parametrize("variance", [Fraction(50_000**2), Fraction(2**60)], ids=str)
def test_wide_noise_has_its_variance_and_tails(variance: Fraction) -> None:
    checks.noise_spreads(variance)


def test_noise_is_never_shared() -> None:
    checks.noise_is_fresh()


def test_all_randomness_is_the_operating_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    checks.noise_comes_from_the_system(monkeypatch.setattr)


def test_sum_of_shares_has_the_variance_of_the_whole() -> None:
    shares = [DiscreteGaussian(Fraction(10**7, 3)).sample(400_000) for _ in range(3)]
    assert abs(sum(shares).var() / 10**7 - 1) < checks.SIGMAS * (2 / 400_000) ** 0.5


def test_no_noise_without_variance() -> None:
    assert not DiscreteGaussian(Fraction(0)).sample(100).any()
    assert DiscreteGaussian(Fraction(9)).sample(0).shape == (0,)


@pytest.mark.parametrize("variance", [Fraction(-1), Fraction(2**80 + 1)])
def test_impossible_variances_are_refused(variance: Fraction) -> None:
    with pytest.raises(ValueError, match="variance"):
        DiscreteGaussian(variance)


def exact(variance: Fraction, last: int) -> list[Decimal]:
    """P(|X| <= k) for k < last, by summing the definition with 100 digits."""
    weights = [(-Decimal(k * k * variance.denominator) / (2 * variance.numerator)).exp() for k in range(last + 100)]
    total = weights[0] + 2 * sum(weights[1:])
    found, below = [], Decimal(0)
    for k in range(last):
        below += weights[k] * (2 if k else 1)
        found.append(below / total)
    return found


@pytest.mark.parametrize("variance", [Fraction(1, 7), Fraction(9, 4), Fraction(147_456)], ids=str)
def test_thresholds_are_exact_probabilities(variance: Fraction) -> None:
    """Every threshold is the definition's cumulative probability to within 2^-126."""
    table = Table(variance)
    with localcontext() as context:
        context.prec = 100
        limits = [Decimal((int(h) << 64) + int(low)) / 2**128 for h, low in zip(table.high, table.low, strict=True)]
        off = max(abs(a - b) for a, b in zip(limits, exact(variance, len(limits)), strict=True))
        assert off < Decimal(2) ** -126


def test_wide_noise_is_split_into_a_discrete_gaussian() -> None:
    """The claim behind `STEP`: m A + B is a discrete Gaussian but for 2^-200, here by summing both sides with 100 digits."""
    m, a = 4, 55
    b = 9 * m**2
    with localcontext() as context:
        context.prec = 100
        far = 150

        def weights(variance: int, values: range) -> list[Decimal]:
            return [(-Decimal(k * k) / (2 * variance)).exp() for k in values]

        narrow = dict(zip(range(-3000, 3001), weights(b, range(-3000, 3001)), strict=True))
        coarse = weights(a, range(-far, far + 1))
        v = m * m * a + b
        ratios = []
        for x in (0, 1, 2, 3, 7, 100, 250):
            both = sum(coarse[j + far] * narrow[x - m * j] for j in range(-far, far + 1))
            ratios.append(both / (-Decimal(x * x) / (2 * v)).exp())
        assert max(abs(r / ratios[0] - 1) for r in ratios) < Decimal(2) ** -200


@pytest.mark.parametrize("variance", [*VARIANCES, Fraction(50_000**2), Fraction(2**80)], ids=str)
def test_split_keeps_the_variance_and_the_proofs_conditions(variance: Fraction) -> None:
    parts = split(variance)
    assert sum(v * STEP ** (2 * power) for power, v in enumerate(reversed(parts))) == variance
    assert len(_tables(variance)) == len(parts) <= 6
    assert all(v == 9 * STEP**2 for v in parts[1:])
    assert len(parts) == 1 or 55 <= parts[0] <= WIDE


def split(variance: Fraction) -> list[Fraction]:
    return [*split((variance - 9 * STEP**2) / STEP**2), Fraction(9 * STEP**2)] if variance > WIDE else [variance]


@pytest.mark.parametrize("variance", [Fraction(1, 7), Fraction(4), Fraction(1000)], ids=str)
def test_lookup_decides_by_all_127_bits(variance: Fraction) -> None:
    """At a threshold a draw is one larger than just below it, also where upper words are equal."""
    table = Table(variance)
    words = [(int(h) << 64) + int(low) for h, low in zip(table.high, table.low, strict=True)]
    at = [*words, *(w - 2 for w in words if w), 0, 2**128 - 2]
    drawn = table.invert(np.asarray([[w >> 64 for w in at], [w & (2**64 - 1) for w in at]], np.uint64))
    assert list(drawn) == [sum(limit <= w for limit in words) for w in at]
    signed = table.invert(np.asarray([[w >> 64 for w in at], [w & (2**64 - 1) | 1 for w in at]], np.uint64))
    assert list(signed) == list(-drawn)


NONCES = {"noise.py", "masking/secrets.py", "masking/deal.py"}
"""Where the operating system is asked for chance: noise, keys, nonces."""


def test_no_other_randomness_in_the_door() -> None:
    """privacy/ imports no generator of pseudo-random numbers, takes no seed, and draws noise in noise.py alone."""
    room = Path(__file__).parents[2] / "privacy"
    for file in room.rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
        modules = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        assert not modules & {"random", "secrets"}, file.name
        assert not names & {"default_rng", "Generator", "RandomState", "getrandom"}, file.name
        assert ("urandom" in names) == (file.relative_to(room).as_posix() in NONCES), file.name


@pytest.mark.parametrize("variance", [Fraction(49), Fraction(5_000**2)], ids=str)
def test_noise_is_that_of_another_library(variance: Fraction) -> None:
    """Two samples, ours and OpenDP's, by chi-square over 60 bins; sound samplers fail with a chance of 1e-10."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    scale = float(variance) ** 0.5
    domain = dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float)
    theirs = np.asarray(dp.m.make_gaussian(*domain, scale=scale)([0] * 40_000))
    ours = DiscreteGaussian(variance).sample(400_000)
    edges = np.unique(np.round(np.linspace(-3, 3, 59) * scale))
    counted = [np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1) for x in (theirs, ours)]
    assert stats.chi2_contingency(np.stack(counted)).pvalue > 1e-10


def test_a_million_draws_have_the_claimed_variance() -> None:
    """Within 1 %: seven standard errors of a million draws."""
    for variance in (Fraction(30), Fraction(10**6), Fraction(10**9)):
        assert abs(DiscreteGaussian(variance).sample(10**6).var() / float(variance) - 1) < 0.01


@pytest.mark.parametrize(("sites", "dropouts", "colluders"), [(3, 0, 1), (5, 1, 1), (7, 2, 4)])
def test_shares_of_those_who_stay_make_the_claim(sites: int, dropouts: int, colluders: int) -> None:
    """Drawn shares of the honest sites that stay, added up, spread as claimed."""
    claim = 40_000
    own = Fraction(claim, noisy_sites(sites, dropouts, colluders))
    honest = sites - dropouts - colluders
    drawn = sum(DiscreteGaussian(own).sample(400_000) for _ in range(honest))
    assert abs(np.var(drawn) / claim - 1) < 7 * math.sqrt(2 / 400_000)
