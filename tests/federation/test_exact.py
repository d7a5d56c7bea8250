"""Masked sums are the plain sums, bit for bit, and what is sent looks like chance."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from specs.lang.quorum import threshold
from tests.federation.counts import count, say
from tests.federation.protocol import masked_sum


def plain(vectors, without=()):
    total = np.zeros_like(next(iter(vectors.values())))
    for name, vector in vectors.items():
        if name not in without:
            total = total + vector
    return total.view(np.int64)


def random_vectors(rng, sites, cells):
    return {f"site{i:02}": rng.integers(0, 2**64, cells, dtype=np.uint64) for i in range(sites)}


def one_exact_sum(rng, most_cells):
    """A sum of 2 to 20 sites, of which as many leave at either point as may."""
    sites = int(rng.integers(2, 21))
    colluders = int(rng.integers(0, max(1, sites // 4)))
    vectors = random_vectors(rng, sites, int(10 ** rng.uniform(0, np.log10(most_cells))))
    order = list(rng.permutation(sorted(vectors)))
    may_leave = sites - threshold(sites, colluders)
    early = order[: int(rng.integers(0, may_leave + 1))]
    late = order[len(early) : may_leave]
    assert (masked_sum(vectors, colluders, early, late) == plain(vectors, early)).all()


def test_random_sums_are_exact():
    rng = np.random.default_rng()
    times = count(1_000, 40)
    for _ in range(times):
        one_exact_sum(rng, count(10**6, 10**4))
    say("secure sums equal to the plain sum", times)


def test_a_large_sum_is_exact():
    vectors = random_vectors(np.random.default_rng(), 20, 10**6)
    assert (masked_sum(vectors, 0, ["site03"]) == plain(vectors, ["site03"])).all()


@pytest.mark.parametrize("sites", [2, 3, 5])
def test_what_a_site_sends_is_uniform_whatever_its_sums(sites):
    """Bytes of masked vectors of zeros: chi-square over 256 values; a sound mask fails with a chance of 1e-10."""
    seen = []
    masked_sum({f"site{i}": np.zeros(50_000, np.uint64) for i in range(sites)}, seen=seen)
    for words in seen:
        counted = np.bincount(words.view(np.uint8), minlength=256)
        assert stats.chisquare(counted).pvalue > 1e-10


def test_any_sums_of_the_others_explain_what_is_seen():
    """Two sites' masked vectors say their sum and no more: both swapped give the same total."""
    one, two = np.asarray([5, 7], np.uint64), np.asarray([11, 13], np.uint64)
    assert (masked_sum({"a": one, "b": two}) == masked_sum({"a": two, "b": one})).all()
