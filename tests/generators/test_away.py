"""The marginal generator on a device that is not NumPy's: one code, the same model."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from generators.arrays import Arrays
from generators.marginal import train
from generators.marginal.ask import answers
from generators.marginal.fit import Effort
from generators.marginal.model import Model
from generators.marginal.structure import queries
from privacy.sums import Sums
from specs.lang.types import Generator
from tests.generators.away import CUPY, SPARSE, Away
from tests.generators.studies import clinic, made_up


def learned(device: Arrays, monkeypatch: pytest.MonkeyPatch) -> Model:
    """All tables learned there, from exact sums."""
    study = replace(clinic(), generator=Generator("marginal", "auto"))
    monkeypatch.setattr(train, "arrays", lambda wished: device)
    asked = {q.name: q for q in queries(study)}
    sums = Sums(asked, answers(study, *made_up(study, 400, 3)), dict.fromkeys(asked, 2.0), ("one",))
    return train.learn(study, sums, effort=Effort(classes=16, steps=40, rows=500, patients=200, rounds=2))


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Arrays:
    for name, module in {"cupyx": ModuleType("cupyx"), "cupyx.scipy": ModuleType("cupyx.scipy"), SPARSE.__name__: SPARSE}.items():
        monkeypatch.setitem(sys.modules, name, module)
    return Arrays(CUPY)


def test_the_model_is_the_same_wherever_it_is_learned(there: Arrays, monkeypatch: pytest.MonkeyPatch) -> None:
    here, away = (learned(device, monkeypatch).arrays() for device in (Arrays(np), there))
    assert here.keys() == away.keys()
    for name, values in here.items():
        assert np.allclose(values, away[name], rtol=1e-4, atol=1e-6), name


def test_the_stand_in_refuses_what_a_gpu_does() -> None:
    away = CUPY.asarray(np.ones(3))
    for wrong in (lambda: away + np.ones(3), lambda: np.ones(3) + away, lambda: np.sqrt(away), lambda: CUPY.exp(np.ones(3))):
        with pytest.raises(TypeError):
            wrong()
    assert isinstance(CUPY.exp(away), Away) and isinstance(away.sum(), Away)
    assert Arrays(CUPY).back(away).tolist() == [1, 1, 1]
