"""Saved models and checkpoints: exact, refused when changed, whole after an interruption."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from generators.diffusion.network import Network, start
from generators.diffusion.optimise import State, advance, begin
from generators.diffusion.save import FACTS, Damaged, Model, load, save
from generators.diffusion.tokens import Column

COLUMNS = (Column("sex", labels=("F", "M")), Column("age", atoms=(0.0, 1.0), edges=(2.0, 50.0, 110.0), whole=True, nullable=True))


def step(state: State) -> State:
    """A step whose gradient depends on the weights."""
    return advance(state, state.weights.sin() + state.step, 3.0, 1e-2)


@pytest.fixture
def model() -> Model:
    network = Network(tuple(column.size for column in COLUMNS), width=4, depth=1)
    weights = start(network, [np.array([0.5, 0.5]), np.full(5, 0.2)], 0)
    return Model(COLUMNS, network, (0, 1), step(step(begin(weights))))


def test_training_resumes_exactly(model: Model, tmp_path: Path) -> None:
    save(tmp_path, model)
    again = load(tmp_path)
    assert (again.columns, again.network, again.order) == (model.columns, model.network, model.order)
    resumed, straight = step(again.state), step(model.state)
    assert resumed.step == straight.step == 3
    assert torch.equal(resumed.weights, straight.weights) and torch.equal(resumed.average, straight.average)


@pytest.mark.parametrize("pattern", ["*.safetensors", FACTS])
def test_a_changed_file_is_refused(model: Model, tmp_path: Path, pattern: str) -> None:
    save(tmp_path, model)
    path = next(tmp_path.glob(pattern))
    content = path.read_bytes()
    for at in (len(content) // 3, len(content) - 5):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(Damaged, match="copy the folder again"):
            load(tmp_path)
    path.unlink()
    with pytest.raises(Damaged, match="copy the folder again"):
        load(tmp_path)


def test_killed_while_saving_the_checkpoint_before_is_still_there(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path, model)
    replace = Path.replace

    def killed(self: Path, target: Path) -> Path:
        if target.name == FACTS:
            raise KeyboardInterrupt
        return replace(self, target)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "replace", killed)
        save(tmp_path, Model(model.columns, model.network, model.order, step(model.state)))
    assert load(tmp_path).state.step == 2
