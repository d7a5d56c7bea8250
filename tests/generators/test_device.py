"""Where networks compute: what a spec can say, that all of it moves to the device, and what lower precision changes there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

import generators.diffusion.device as device_module
import generators.diffusion.diffusion as diffusion
import generators.timeline.timeline as timeline
import generators.tvae.tvae as tvae
from generators.diffusion.device import back, device, enough_memory, placed, wished
from generators.marginal.code import code
from generators.marginal.model import Model
from generators.rules import NoRules
from generators.trains import trainable
from specs.lang.types import Budget, Generator, Privacy, Study
from tests.generators import ward
from tests.generators.elsewhere import ELSEWHERE, Elsewhere
from tests.generators.studies import clinic, made_up

TABLES, PARENTS = made_up(clinic(), 200, 0)
NAMES = ("diffusion", "timeline", "tvae", "ctgan")
EFFORT = {
    diffusion: {"STEPS": 8, "CHILD_STEPS": 8, "PATIENTS": 2000, "LEAST": 4},
    timeline: {"STEPS": 8, "PATIENTS": 200, "LEAST": 12, "AIM": 500},
    tvae: {"STEPS": 8, "SHORTEST": 4},
}


@pytest.fixture(scope="module", autouse=True)
def little_effort() -> Iterator[None]:
    """Tests need no more."""
    with pytest.MonkeyPatch.context() as patch:
        for module, numbers in EFFORT.items():
            for name, number in numbers.items():
                patch.setattr(module, name, number)
        yield


@pytest.fixture(scope="module")
def base() -> Model:
    return ward.base(study("diffusion"), TABLES, PARENTS)


def study(name: str, private: bool = False, wish: Any = "cpu") -> Study:
    privacy = Privacy("patient", Budget(3.0, 1e-5)) if private else Privacy("patient", None, "made up")
    return replace(clinic(), privacy=privacy, generator=Generator(name, wish, rounds=3, width=8, depth=1))  # type: ignore[arg-type]


def everything(asked: Study, base: Model) -> list[np.ndarray]:
    """The start, weights after a pass, the mean loss, a sum of gradients, and rows drawn from a model that was kept."""
    generator, coded = trainable(asked), code(asked, TABLES, PARENTS)
    begun = generator.begin(base)
    found = [begun, generator.trained(begun, coded, np.random.default_rng(1))]
    found.append(np.array(generator.loss(begun, coded, np.random.default_rng(4)) / 200))
    if asked.generator.name != "ctgan":
        found.append(generator.gradient(begun, coded, generator.clip, np.random.default_rng(2)))
    model = Model(asked, generator.learned(found[1], base))
    drawn = Model.restore(asked, model.arrays(), model.facts()).sample(60, 3, NoRules()).tables
    return found + [drawn[t][c].values for t in sorted(drawn) for c in sorted(drawn[t])]


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine whose GPU is not the CPU's memory."""
    for name in NAMES:
        trainable(study(name))  # all modules are there before names in them change
    for module in [m for name, m in sys.modules.items() if name.startswith("generators.")]:
        if getattr(module, "device", None) is device:
            monkeypatch.setattr(module, "device", lambda wish: torch.device("cpu") if wish == "cpu" else ELSEWHERE)


@pytest.mark.parametrize("name", NAMES)
def test_training_and_drawing_happen_on_the_device_and_give_what_the_cpu_gives(name: str, base: Model, elsewhere: None) -> None:
    """Any tensor that stays behind would be an error: the two devices cannot be mixed."""
    here = everything(study(name, name != "ctgan", "cpu"), base)
    with Elsewhere():
        there = everything(study(name, name != "ctgan", "gpu"), base)
    for one, other in zip(here, there, strict=True):
        assert one == pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize(("wish", "there", "found"), [
    ("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("gpu", True, "cuda"), ("gpu", False, "cpu"),
])  # fmt: skip
def test_a_gpu_is_taken_where_torch_sees_one_unless_the_spec_says_cpu(
    wish: Any, there: bool, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    assert device(wish).type == found


@pytest.mark.parametrize(("wish", "kept"), [("cpu", "cpu"), ("gpu", "auto")])
@pytest.mark.parametrize("name", NAMES)
def test_a_released_model_keeps_to_the_cpu_where_the_spec_does_and_needs_no_gpu(
    name: str, wish: str, kept: str, base: Model
) -> None:
    generator = trainable(study(name, wish=wish))
    stored = generator.learned(generator.begin(base), base).root.arrays()
    assert wished(stored) == kept


def test_a_model_that_was_released_before_devices_were_kept_is_drawn_from_anywhere() -> None:
    assert wished({}) == "auto"


@pytest.mark.parametrize("name", ["diffusion", "timeline"])
def test_sixteen_bits_change_what_is_drawn_little(name: str, base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = study(name)
    generator = trainable(asked)
    model = Model(asked, generator.learned(generator.begin(base), base))
    shares = []
    for short in ((), ("cpu",)):
        monkeypatch.setattr(device_module, "SHORT", short)
        drawn = model.sample(4000, 3, NoRules()).tables["patient"]
        shares.append(np.bincount(drawn["age"].values // 10, minlength=10) / 4000)
    assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.02


@pytest.mark.parametrize("name", ["diffusion", "timeline"])
def test_a_local_pass_in_sixteen_bits_moves_about_as_one_in_full(name: str, base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, coded = trainable(study(name)), code(clinic(), TABLES, PARENTS)
    begun, moved = generator.begin(base), []
    for short in ((), ("cpu",)):
        monkeypatch.setattr(device_module, "SHORT", short)
        moved.append(generator.trained(begun, coded, np.random.default_rng(1))[:-1] - begun[:-1])
    assert (moved[0] != moved[1]).any()
    cosine = moved[0] @ moved[1] / np.linalg.norm(moved[0]) / np.linalg.norm(moved[1])
    assert cosine > 0.9


@pytest.mark.parametrize("name", ["diffusion", "timeline", "tvae"])
def test_sums_of_private_gradients_are_never_in_sixteen_bits(name: str, base: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    generator, coded, found = trainable(study(name, True)), code(clinic(), TABLES, PARENTS), []
    begun = np.random.default_rng(0).normal(0, 0.1, generator.length).astype(np.float32)
    for short in ((), ("cpu",)):
        monkeypatch.setattr(device_module, "SHORT", short)
        found.append(generator.gradient(begun, coded, generator.clip, np.random.default_rng(2)))
    assert found[0].dtype == np.float64
    assert (found[0] == found[1]).all()


def test_values_come_back_as_they_went() -> None:
    values = np.arange(6.0).reshape(2, 3)
    assert (back(placed(values, torch.device("cpu")).requires_grad_()) == values).all()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate"), MemoryError),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"), MemoryError),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), RuntimeError),
        (None, None),
    ],
)
def test_torch_that_runs_out_of_memory_is_told_from_other_errors(error: Exception | None, expected: Any) -> None:
    with pytest.raises(expected) if expected else nullcontext() as caught, enough_memory():
        if error:
            raise error
    assert not expected or caught.type is expected  # type: ignore[union-attr]


def test_the_cpus_own_error_is_known() -> None:
    with pytest.raises(MemoryError), enough_memory():
        torch.empty(1 << 50)
