"""A device that a spec asks for and that is not there: said with its place, before anything is spent."""

from dataclasses import replace

import pytest

pytest.importorskip("torch")

import torch

from runners.cli import understood
from runners.device import check_device
from runners.errors import WRONG
from specs.lang.problems import SpecError
from specs.lang.types import Generator
from tests.runners.small import SPEC


def asking(study, name, device):
    line = f"generator: {{name: {name}, device: {device}}}\n"
    with open(study.file, "w", encoding="utf-8") as file:
        file.write(SPEC + line)
    return replace(study, generator=Generator(name, device))


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr("runners.device._cupy", lambda: False)


@pytest.mark.parametrize(("name", "fix"), [("diffusion", "Torch"), ("timeline", "Torch"), ("marginal", "wardloom[gpu]")])
def test_a_gpu_that_is_not_there_is_an_error_with_its_place_and_what_helps(study, no_gpu, name, fix):
    with pytest.raises(SpecError) as error:
        check_device(asking(study, name, "gpu"))
    said = understood(error.value)
    line, column = len(SPEC.splitlines()) + 1, len(f"generator: {{name: {name}, device: ") + 1
    assert said.code == WRONG
    assert f"small-one.yml:{line}:{column}: no GPU found on this machine  [/generator/device]" in str(said)
    assert "say `auto`" in str(said) and fix in str(said)


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_nothing_else_needs_one(study, no_gpu, device):
    check_device(asking(study, "diffusion", device))


def test_one_that_torch_sees_is_enough_for_a_generator_that_trains(study, no_gpu, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    check_device(asking(study, "diffusion", "gpu"))
