"""Values and their codes: what is drawn for a code has that code."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.marginal.encode import decode, encode
from specs.lang.domain import SPLIT, domain
from tests.generators.studies import number


@given(
    low=st.integers(-50, 50),
    numbers=st.integers(1, 60),
    bins=st.integers(1, 30),
    nulls=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=150, deadline=None)
def test_a_whole_number_drawn_for_a_code_has_that_code(low: int, numbers: int, bins: int, nulls: bool, seed: int) -> None:
    column = number("x", low, low + numbers - 1, bins, nullable=True)
    dom, rng = domain(column), np.random.default_rng(seed)
    values = rng.integers(low, low + numbers, 200)
    null = rng.random(200) < 0.2 if nulls else np.zeros(200, bool)
    code, fine = encode(dom, values, null)
    assert (code[null] == dom.values).all() and (fine[null] == dom.fine_size - 1).all()
    assert (fine[~null] // SPLIT == code[~null]).all()
    found = decode(column, dom, np.where(null, 0, fine), None, rng.random(200))
    again = encode(dom, found, null)
    assert found.dtype == np.int64 and np.array_equal(again[0], code) and np.array_equal(again[1], fine)
    if numbers <= bins:
        assert np.array_equal(found[~null], values[~null])
