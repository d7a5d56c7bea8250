"""Columns as tokens and back."""

from __future__ import annotations

import numpy as np
import pytest

from generators.diffusion.tokens import Column
from generators.frame import Series, known

AGE = Column("age", atoms=(0.0, 40.0), edges=(1.0, 18.0, 65.0, 110.0), whole=True, nullable=True)


def test_numbers_become_atoms_bins_and_null() -> None:
    values = Series(np.array([0, 40, 1, 17, 18, 64, 65, 110, 500, -3, 7]), np.arange(11) == 10)
    assert AGE.encode(values).tolist() == [0, 1, 2, 2, 3, 3, 4, 4, 4, 2, 5]


def test_every_value_drawn_from_a_token_lies_in_it() -> None:
    tokens = np.repeat(np.arange(AGE.size), 2000)
    drawn = AGE.decode(tokens, np.random.default_rng(0))
    assert drawn.values.dtype == np.int64
    again = AGE.encode(drawn)
    # an atom inside a bin may be drawn there too; it is then found as the atom
    assert ((again == tokens) | (drawn.values == 40)).all()
    last = drawn.values[tokens == 4]
    assert (last.min(), last.max()) == (65, 110)


def test_numbers_are_spread_evenly_in_a_bin() -> None:
    weight = Column("weight", edges=(0.0, 1.0, 10.0))
    drawn = weight.decode(np.ones(50_000, np.int64), np.random.default_rng(0)).values
    assert np.abs(np.quantile(drawn, [0.25, 0.5, 0.75]) - [3.25, 5.5, 7.75]).max() < 0.1


def test_a_number_between_atoms_goes_to_the_nearer() -> None:
    values = np.array([0.0, 1.4, 1.6, 4.9, 5.1, 9.0])
    assert Column("n", atoms=(1.0, 2.0, 8.0)).encode(known(values)).tolist() == [0, 0, 1, 1, 2, 2]


def test_labels_are_matched_by_name() -> None:
    sex = Column("sex", labels=("F", "M", "U"))
    assert sex.encode(Series(np.array([0, 1, 1]), np.zeros(3, bool), ("U", "F"))).tolist() == [2, 0, 0]
    assert sex.decode(np.array([2, 0]), np.random.default_rng(0)).labels == ("F", "M", "U")


def test_what_does_not_fit_is_refused_without_naming_values() -> None:
    sex = Column("sex", labels=("F", "M"))
    with pytest.raises(ValueError, match="column sex: 1 labels are outside its domain"):
        sex.encode(Series(np.array([0]), np.zeros(1, bool), ("X",)))
    with pytest.raises(ValueError, match="not nullable"):
        sex.encode(Series(np.array([0]), np.ones(1, bool), ("F",)))
    with pytest.raises(ValueError, match="must rise"):
        Column("x", edges=(0.0, 0.0))
    with pytest.raises(ValueError, match="give labels, or"):
        Column("x")
