"""Training on a small known table and sampling it: joint, conditions, seeds, passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from generators.diffusion.local import train
from generators.diffusion.network import start
from generators.diffusion.sample import Tokens, passes, sample
from generators.diffusion.sheet import Sheet
from generators.marginal.structure import structure
from specs.lang.types import Key, Outputs, Privacy, Study, Table
from tests.generators.studies import choice, columns

JOINT = np.random.default_rng(0).dirichlet(np.full(12, 0.7)).reshape(3, 2, 2)
TABLE = Table("row", (Key("id"),), columns(choice("a", "x", "y", "z"), choice("b", "x", "y"), choice("c", "x", "y")))
STUDY = Study("s", "s.yml", "0" * 64, {"row": TABLE}, {}, Privacy("row", None, "made up"), Outputs("out"))
SHEET = Sheet(structure(STUDY)[0], True, 32, 1)
NETWORK, ORDER = SHEET.network, (1, 0, 2)


def stream(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def rows() -> Tokens:
    drawn = np.random.default_rng(1).choice(12, 20_000, p=JOINT.ravel())
    return np.stack(np.unravel_index(drawn, JOINT.shape), 1)


@pytest.fixture(scope="module")
def weights(rows: Tokens) -> torch.Tensor:
    marginals = [np.bincount(rows[:, i], minlength=size) / len(rows) for i, size in enumerate(JOINT.shape)]
    rates = np.linspace(1e-2, 0, 800).tolist()
    return train(SHEET, start(NETWORK, marginals, 0), torch.from_numpy(rows), rates, stream(3))


def share_of(rows: Tokens) -> np.ndarray:
    return np.bincount(np.ravel_multi_index(tuple(rows.T), JOINT.shape), minlength=12).reshape(JOINT.shape) / len(rows)


def test_patients_columns_of_few_tokens_are_drawn_last() -> None:
    few = choice("a", "x", "y"), choice("b", *"stuvwxyz"), choice("c", "x", "y"), choice("d", *"xyz")
    table = Table("row", (Key("id"),), columns(*few))
    sheet = Sheet(structure(replace(STUDY, tables={"row": table}))[0], True, 32, 1)
    assert [sheet.predicted[i].name for i in sheet.order] == ["b", "d", "a", "c"]


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0)])
def test_the_joint_is_reproduced_in_any_order(weights: torch.Tensor, order: tuple[int, ...]) -> None:
    drawn = sample(NETWORK, weights, np.full((20_000, 3), -1), passes(order, 3), stream(0))
    assert np.abs(share_of(drawn) - JOINT).sum() / 2 < 0.03


def test_conditions_are_kept_and_the_rest_follows_them(weights: torch.Tensor) -> None:
    known = np.full((9000, 3), -1)
    known[:, 2] = 1  # the last in order, given first
    drawn = sample(NETWORK, weights, known, passes(ORDER, 3), stream(0))
    assert (drawn[:, 2] == 1).all()
    expected = JOINT[:, :, 1] / JOINT[:, :, 1].sum()
    assert np.abs(share_of(drawn)[:, :, 1] - expected).sum() / 2 < 0.03


def test_each_row_keeps_its_own_known_values(weights: torch.Tensor, rows: Tokens) -> None:
    holes = np.random.default_rng(2).random((2000, 3)) < 0.5
    known = np.where(holes, -1, rows[:2000])
    drawn = sample(NETWORK, weights, known, passes(ORDER, 3), stream(0))
    assert (drawn[~holes] == rows[:2000][~holes]).all()
    assert (drawn >= 0).all()


def test_columns_of_one_pass_are_drawn_as_if_independent(weights: torch.Tensor) -> None:
    drawn = share_of(sample(NETWORK, weights, np.full((20_000, 3), -1), passes(ORDER, 1), stream(0)))
    independent = np.einsum("a,b,c->abc", drawn.sum((1, 2)), drawn.sum((0, 2)), drawn.sum((0, 1)))
    assert np.abs(drawn - independent).sum() / 2 < 0.02


def test_the_seed_decides_the_rows(weights: torch.Tensor) -> None:
    def draw(seed: int) -> Tokens:
        return sample(NETWORK, weights, np.full((50, 3), -1), passes(ORDER, 3), stream(seed))

    assert (draw(1) == draw(1)).all()
    assert (draw(1) != draw(2)).any()


def test_what_cannot_be_drawn_is_refused(weights: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="in no pass"):
        sample(NETWORK, weights, np.full((5, 3), -1), [(0, 1)], stream(0))
    with pytest.raises(ValueError, match="between 1 and 3"):
        passes(ORDER, 4)
