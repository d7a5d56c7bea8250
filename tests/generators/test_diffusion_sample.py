"""Training on a small known table and sampling it: joint, conditions, seeds, passes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from generators.diffusion.gradient import summed
from generators.diffusion.loss import masks
from generators.diffusion.network import Network, start
from generators.diffusion.optimise import State, advance, begin, rate
from generators.diffusion.sample import by_entropy, passes, sample, stream
from generators.diffusion.tokens import Tokens

JOINT = np.random.default_rng(0).dirichlet(np.full(12, 0.7)).reshape(3, 2, 2)
NETWORK = Network(sizes=JOINT.shape, width=32, depth=1)
ORDER = (1, 0, 2)


@pytest.fixture(scope="module")
def rows() -> Tokens:
    drawn = np.random.default_rng(1).choice(12, 20_000, p=JOINT.ravel())
    return np.stack(np.unravel_index(drawn, JOINT.shape), 1)


def trained(rows: Tokens, state: State, steps: range, total: int = 400) -> State:
    """Steps of training; what step t sees is a function of t alone."""
    shown, patient, share = torch.from_numpy(rows), torch.arange(256), torch.ones(256)
    for step in steps:
        generator = torch.Generator().manual_seed(step)
        batch = shown[torch.randint(len(shown), (256,), generator=generator)]
        mask = masks(NETWORK, 256, ORDER, 0.5, generator)
        gradient, _ = summed(NETWORK, state.weights, batch, mask, patient, share, None)
        state = advance(state, gradient, 256, rate(step, total, 1e-2))
    return state


@pytest.fixture(scope="module")
def weights(rows: Tokens) -> torch.Tensor:
    marginals = [np.bincount(rows[:, i], minlength=size) / len(rows) for i, size in enumerate(JOINT.shape)]
    return trained(rows, begin(start(NETWORK, marginals, 0)), range(400)).average


def share_of(rows: Tokens) -> np.ndarray:
    return np.bincount(np.ravel_multi_index(tuple(rows.T), JOINT.shape), minlength=12).reshape(JOINT.shape) / len(rows)


@pytest.mark.parametrize("order", [(1, 0, 2), (2, 1, 0)])
def test_the_joint_is_reproduced_in_any_order(weights: torch.Tensor, order: tuple[int, ...]) -> None:
    drawn = sample(NETWORK, weights, np.full((20_000, 3), -1), passes(order, 3), stream(0, 0))
    assert np.abs(share_of(drawn) - JOINT).sum() / 2 < 0.03


def test_conditions_are_kept_and_the_rest_follows_them(weights: torch.Tensor) -> None:
    known = np.full((9000, 3), -1)
    known[:, 2] = 1  # the last in order, given first
    drawn = sample(NETWORK, weights, known, passes(ORDER, 3), stream(0, 0))
    assert (drawn[:, 2] == 1).all()
    expected = JOINT[:, :, 1] / JOINT[:, :, 1].sum()
    assert np.abs(share_of(drawn)[:, :, 1] - expected).sum() / 2 < 0.03


def test_each_row_keeps_its_own_known_values(weights: torch.Tensor, rows: Tokens) -> None:
    holes = np.random.default_rng(2).random((2000, 3)) < 0.5
    known = np.where(holes, -1, rows[:2000])
    drawn = sample(NETWORK, weights, known, passes(ORDER, 3), stream(0, 0))
    assert (drawn[~holes] == rows[:2000][~holes]).all()
    assert (drawn >= 0).all()


def test_columns_of_one_pass_are_drawn_as_if_independent(weights: torch.Tensor) -> None:
    drawn = share_of(sample(NETWORK, weights, np.full((20_000, 3), -1), passes(ORDER, 1), stream(0, 0)))
    independent = np.einsum("a,b,c->abc", drawn.sum((1, 2)), drawn.sum((0, 2)), drawn.sum((0, 1)))
    assert np.abs(drawn - independent).sum() / 2 < 0.02


def test_seed_and_shard_decide_the_rows(weights: torch.Tensor) -> None:
    def draw(seed: int, shard: int) -> Tokens:
        return sample(NETWORK, weights, np.full((50, 3), -1), passes(ORDER, 3), stream(seed, shard))

    assert (draw(1, 2) == draw(1, 2)).all()
    assert (draw(1, 2) != draw(1, 3)).any()
    assert (draw(1, 2) != draw(2, 2)).any()


def test_what_cannot_be_drawn_is_refused(weights: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="in no pass"):
        sample(NETWORK, weights, np.full((5, 3), -1), [(0, 1)], stream(0, 0))
    with pytest.raises(ValueError, match="between 1 and 3"):
        passes(ORDER, 4)


def test_the_least_uncertain_column_comes_first() -> None:
    assert by_entropy([np.full(4, 0.25), np.array([1.0, 0.0]), np.array([0.5, 0.5])]) == (1, 2, 0)


def test_a_gradient_that_is_not_finite_stops_training() -> None:
    state = begin(torch.zeros(3))
    with pytest.raises(FloatingPointError, match="step 0"):
        advance(state, torch.tensor([0.0, float("nan"), 1.0]), 1, 1e-3)
