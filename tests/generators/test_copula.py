"""The copula generator as a user of the library meets it: learn from sums, sample, compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm

from generators.copula.copula import learn_copula
from generators.frame import Series, Tables, known, length
from generators.marginal.ask import answers
from generators.marginal.fit import Effort
from generators.marginal.model import Model
from generators.marginal.structure import queries, structure
from generators.marginal.train import learn
from generators.rules import NoRules
from privacy.sums import Sums
from specs.lang.types import Column, Generator, Key, Outputs, Privacy, Study, Table
from tests.generators.studies import clinic, columns, number
from tests.generators.studies import made_up as made_up_clinic

PATIENTS = 20_000
CORRELATION = 0.6


@pytest.fixture(scope="module")
def study() -> Study:
    """Two ordered columns and a grade whose values stand in their order."""
    grade = Column("grade", "string", True, values=("low", "mid", "high"))
    own = columns(number("age", 0, 99, 20), number("dose", 0, 50, 10, whole=False), grade)
    tables = {"patient": Table("patient", (Key("patient_id"),), own)}
    cpu, public = Generator("marginal", "cpu"), Privacy("patient", None, "made up")
    return Study("trial", "trial.yml", "0" * 64, tables, {}, public, Outputs("out"), generator=cpu)


def made_up(patients: int, seed: int) -> Tables:
    """Columns that are cut from normal variables of known correlation: all three pairs have `CORRELATION`."""
    rng = np.random.default_rng(seed)
    shared, own = rng.standard_normal((patients, 1)), rng.standard_normal((patients, 3))
    level = norm.cdf(np.sqrt(CORRELATION) * shared + np.sqrt(1 - CORRELATION) * own)
    none = np.zeros(patients, bool)
    age, dose = np.floor(level[:, 0] ** 2 * 100).astype(np.int64), np.round(level[:, 1] * 49, 1)
    grade = Series((level[:, 2] > 0.5).astype(np.int64) + (level[:, 2] > 0.8), none, ("low", "mid", "high"))
    return {"patient": {"patient_id": known(np.arange(patients)), "age": known(age), "dose": known(dose), "grade": grade}}


def noised(study: Study, exact: Mapping[str, np.ndarray], std: float, seed: int = 0) -> Sums:
    rng, asked = np.random.default_rng(seed), {q.name: q for q in queries(study)}
    return Sums(asked, {n: a + rng.normal(0, std, a.shape) for n, a in exact.items()}, dict.fromkeys(asked, std), ("here",))


@pytest.fixture(scope="module")
def exact(study: Study) -> dict[str, np.ndarray]:
    return answers(study, made_up(PATIENTS, 1), {})


def off_diagonal(factor: np.ndarray) -> np.ndarray:
    matrix = factor @ factor.T
    return matrix[np.triu_indices(len(matrix), 1)]


def test_the_correlation_the_data_were_made_with_is_learned(study, exact):
    (plan,) = structure(study)
    for std in (0.0, 20.0):
        found = off_diagonal(learn_copula(plan, noised(study, exact, std)).factor)
        assert found == pytest.approx(np.full(3, CORRELATION), abs=0.04)


def test_margins_are_met(study, exact):
    (plan,) = structure(study)
    codes = learn_copula(plan, noised(study, exact, 0.0)).draw(PATIENTS, np.random.default_rng(2))
    for step in plan.steps:
        real = exact[step.fine.name].ravel()
        if step.domain.ordered:
            real = real[: step.domain.values * 4].reshape(-1, 4).sum(1)
        drawn = np.bincount(codes[step.variable.name], minlength=len(real))
        assert 0.5 * np.abs(drawn / drawn.sum() - real / real.sum()).sum() < 0.02


def test_noise_that_drowns_everything_leaves_independent_columns(study, exact):
    (plan,) = structure(study)
    found = off_diagonal(learn_copula(plan, noised(study, exact, 20_000.0)).factor)
    assert np.abs(found).max() < 0.15


def test_the_same_seed_draws_the_same_codes(study, exact):
    (plan,) = structure(study)
    copula = learn_copula(plan, noised(study, exact, 5.0))
    first, again, other = (copula.draw(500, np.random.default_rng(s)) for s in (1, 1, 2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert not np.array_equal(first["age"], other["age"])


@pytest.fixture(scope="module")
def model() -> Model:
    """Of the clinic: patients, their visits, the visits' charges."""
    study = replace(clinic(), generator=Generator("copula", "cpu"))
    sums = noised(study, answers(study, *made_up_clinic(study, 2000, 1)), 0.0)
    return learn(study, sums, effort=Effort(rows=4000, patients=1000, iterations=20, rounds=1))


def test_children_hang_on_patients_as_with_the_marginal_generator(model):
    drawn = model.sample(1500, 1, NoRules())
    patient, visit = drawn.tables["patient"], drawn.tables["visit"]
    assert length(patient) == 1500
    assert set(visit["patient_id"].values) <= set(patient["patient_id"].values)
    assert (visit["day"].values <= patient["until"].values[drawn.parents["visit"]]).all()
    visits = np.bincount(drawn.parents["visit"], minlength=1500)
    assert np.corrcoef(visits, patient["age"].values)[0, 1] > 0.3  # made-up patients have more visits the older they are


def test_a_model_survives_being_stored_and_the_other_generator_refuses_it(model):
    again = Model.restore(model.study, model.arrays(), model.facts())
    drawn = [m.sample(300, 1, NoRules()).tables["patient"]["weight"].values for m in (model, again)]
    assert np.array_equal(*drawn)
    with pytest.raises(ValueError, match="run it again"):
        Model.restore(replace(model.study, generator=Generator("marginal", "cpu")), model.arrays(), model.facts())
