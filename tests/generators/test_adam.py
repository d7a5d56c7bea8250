"""Descent by Adam, against Torch's."""

import numpy as np
import pytest
import torch

from generators.marginal.adam import FARTHEST, MEMORY, Adam


@pytest.mark.parametrize("seed", range(3))
def test_its_steps_are_those_of_torch(seed):
    """Slopes over eight orders of magnitude, rates that fall."""
    rng = np.random.default_rng(seed)
    part = rng.normal(size=(3, 5)).astype(np.float32)
    theirs = torch.from_numpy(part.copy())
    mine, peer = Adam(np, part), torch.optim.Adam([theirs], betas=(MEMORY, MEMORY))
    for step in range(30):
        slope = (rng.choice([-1.0, 1.0], part.shape) * 10.0 ** rng.uniform(-4, 4, part.shape)).astype(np.float32)
        rate = peer.param_groups[0]["lr"] = 0.3 * (1 - step / 30)
        theirs.grad = torch.from_numpy(slope.copy())
        peer.step()
        part = mine.step(part, slope, rate)
        assert part == pytest.approx(theirs.numpy(), rel=1e-3, abs=1e-3)


def test_parameters_stay_where_exp_is_finite():
    part = np.full((1, 2), FARTHEST, np.float32)
    adam = Adam(np, part)
    for _ in range(5):
        part = adam.step(part, np.array([[-1.0, 1.0]], np.float32), 100.0)
    assert part.tolist() == [[FARTHEST, -FARTHEST]]
