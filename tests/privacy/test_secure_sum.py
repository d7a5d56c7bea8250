from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from privacy.secure_sum import noisy_sites, share, total
from tests.privacy import checks

VECTORS = arrays.arrays(np.int64, (3, 5), elements=st.integers(-(2**60), 2**60))


@given(VECTORS, VECTORS)
def test_total_is_the_exact_sum(sums: checks.Ints, noise: checks.Ints) -> None:
    shares = [share(s, n) for s, n in zip(sums, noise, strict=True)]
    assert (total(shares) == sums.sum(axis=0) + noise.sum(axis=0)).all()


def test_shares_of_other_lengths_are_errors() -> None:
    with pytest.raises(ValueError, match="length"):
        share(np.zeros(3, np.int64), np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="length"):
        total([np.zeros(3, np.uint64), np.zeros(4, np.uint64)])
    with pytest.raises(ValueError, match="length"):
        total([])


@pytest.mark.parametrize(("sites", "dropouts", "colluders"), [(1, 0, 0), (3, 0, 0), (5, 1, 1), (7, 2, 4)])
def test_noise_shares(sites: int, dropouts: int, colluders: int) -> None:
    checks.shares_make_the_whole(sites, dropouts, colluders)


@pytest.mark.parametrize(("sites", "dropouts", "colluders"), [(2, 1, 1), (1, 1, 0), (2, 0, 5), (1, -4, -4)])
def test_where_no_site_would_be_left_each_adds_everything(sites: int, dropouts: int, colluders: int) -> None:
    assert noisy_sites(sites, dropouts, colluders) == 1
