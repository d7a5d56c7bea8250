"""TVAE as a user of the library meets it: taught by passes or by clipped sums, drawn from, stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from generators.diffusion.flat import views
from generators.marginal.model import Model
from generators.optimise import advance, begin
from generators.rules import NoRules
from generators.trains import trainable
from generators.tvae import tvae
from generators.tvae.gradient import clipped
from generators.tvae.network import CODE, Sizes, fresh, losses
from specs.lang.types import Generator
from tests.generators.studies import clinic, made_up
from tests.generators.ward import base, coded, distance, shuffled, taught, ward


@pytest.fixture(scope="module")
def study():
    return ward("tvae")


@pytest.fixture(scope="module")
def public(study) -> Model:
    return base(study)


@pytest.fixture(scope="module")
def model(study, public) -> Model:
    generator = trainable(study)
    return Model(study, generator.learned(taught(generator, public, coded(study, 2000, 1), 24), public))


def test_dependence_is_learned_far_better_than_independent_columns_would_have_it(study, model):
    drawn, real = model.learned.root.draw(4000, np.random.default_rng(0)), coded(study, 4000, 2)["patient"].values
    for pair in (("group", "site"), ("group", "score"), ("score", "reading")):
        found, independent = (distance(codes, real, *pair) for codes in (drawn, shuffled(real, 0)))
        assert found < independent / 2, pair


def test_the_same_seed_gives_the_same_weights_and_draws(study, public, model):
    generator, rows = trainable(study), coded(study, 300, 1)
    one, again, other = (generator.trained(generator.begin(public), rows, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one.shape == (generator.length,)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    first, second = (model.learned.root.draw(100, np.random.default_rng(1)) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_child_tables_stay_chains_and_a_stored_model_draws_the_same():
    study = replace(clinic(), generator=Generator("tvae", "cpu", width=16))
    known = base(study, *made_up(study, 300, 1))
    generator = trainable(study)
    model = Model(study, generator.learned(generator.begin(known), known))
    again = Model.restore(study, model.arrays(), model.facts())
    one, other = (m.sample(100, 1, NoRules()).tables for m in (model, again))
    assert set(one) == {"patient", "visit", "charge"}
    for table, frame in one.items():
        assert all(np.array_equal(series.values, other[table][name].values) for name, series in frame.items())


SIZES = Sizes(2, (3, 4, 2, 5), 8, 2)


def rows_of(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(seed)
    parts = [rng.uniform(-1, 1, (count, 2)), *(np.eye(size)[rng.integers(0, size, count)] for size in SIZES.blocks)]
    return torch.from_numpy(np.concatenate(parts, 1)), torch.from_numpy(rng.standard_normal((count, CODE)))


@pytest.mark.parametrize("clip", [0.05, 30.0, 1e9])
def test_clipped_sums_equal_autograd_patient_by_patient(clip):
    flat, (rows, noise) = fresh(SIZES, 1).double(), rows_of(9, 0)
    expected = torch.zeros_like(flat)
    for i in range(9):
        leaf = flat.clone().requires_grad_()
        loss = losses(SIZES, views(SIZES.shapes, leaf), rows[i : i + 1], noise[i : i + 1]).sum()
        gradient = torch.autograd.grad(loss, leaf)[0]
        expected += gradient * min(1.0, clip / float(gradient.norm()))
    assert torch.allclose(clipped(SIZES, flat, rows, noise, clip), expected, rtol=1e-9, atol=1e-12)


def test_a_patient_whose_gradient_is_not_finite_counts_as_nothing():
    flat, (rows, noise) = fresh(SIZES, 1).double(), rows_of(5, 0)
    broken = rows.clone()
    broken[2, 0] = float("inf")
    rest = torch.tensor([True, True, False, True, True])
    assert torch.allclose(clipped(SIZES, flat, broken, noise, 1.0), clipped(SIZES, flat, rows[rest], noise[rest], 1.0))


class Recorded:
    """A generator that hands out recorded numbers, patient by patient; without a record it draws and keeps them."""

    def __init__(self, kept: dict[str, np.ndarray] | None = None) -> None:
        self.rng, self.kept, self.said, self.at = np.random.default_rng(5), kept, {"uniform": [], "normal": []}, {}

    def random(self, shape):
        return self._next("uniform", shape, self.rng.random)

    def standard_normal(self, shape):
        return self._next("normal", shape, self.rng.standard_normal)

    def without(self, patient: int) -> Recorded:
        return Recorded({kind: np.delete(np.concatenate(drawn), patient, 0) for kind, drawn in self.said.items()})

    def _next(self, kind, shape, fresh_):
        if self.kept is None:
            self.said[kind].append(fresh_(shape))
            return self.said[kind][-1]
        at = self.at.get(kind, 0)
        self.at[kind] = at + shape[0]
        return self.kept[kind][at : at + shape[0]]


@pytest.mark.parametrize("clip", [0.01, 1.0])
def test_one_patient_less_changes_the_sum_by_at_most_the_clipping_bound(study, public, monkeypatch, clip):
    monkeypatch.setattr(tvae, "ROWS", 7)  # several parts of patients, whose borders move when one is removed
    generator, rows = trainable(study), coded(study, 40, 1)["patient"]
    weights, record = generator.begin(public), Recorded()
    whole = generator.gradient(weights, {"patient": rows}, clip, record)
    moves = []
    for patient in (0, 6, 7, 23, 39):
        less = {name: np.delete(values, patient) for name, values in rows.values.items()}
        rest = generator.gradient(weights, {"patient": replace(rows, values=less)}, clip, record.without(patient))
        moves.append(np.linalg.norm(whole - rest))
    assert max(moves) <= clip * (1 + 1e-9)
    assert max(moves) > 0.9 * clip  # gradients are longer than that, so the bound is met


def test_no_patients_is_a_sum_of_zero(study, public):
    generator, rows = trainable(study), coded(study, 5, 1)["patient"]
    none = replace(rows, values={name: values[:0] for name, values in rows.values.items()})
    weights = generator.begin(public)
    assert not generator.gradient(weights, {"patient": none}, 1.0, np.random.default_rng(0)).any()
    assert np.array_equal(generator.trained(weights, {"patient": none}, np.random.default_rng(0)), weights)


def test_noised_rounds_move_the_networks_and_keep_the_public_counts(study, public):
    private = ward("tvae", private=True)
    generator, rng = trainable(private), np.random.default_rng(0)
    rows, state = coded(private, 300, 1), begin(trainable(study).begin(public))
    layout, _ = generator._parts(state.weights)
    for _ in range(3):
        noised = generator.gradient(state.weights, rows, 1.0, rng) + rng.normal(0, 5, generator.length)
        state = advance(state, noised, 300, generator.rate)
    found, flat = generator._parts(state.average)
    assert np.array_equal(found.counts, layout.counts)
    assert np.isfinite(flat.numpy()).all()
    assert len(generator.learned(state.average, public).root.draw(20, rng)["score"]) == 20


def test_with_a_budget_it_begins_with_what_the_public_model_knows(public, monkeypatch):
    monkeypatch.setattr(tvae, "STEPS", 400)
    study = ward("tvae", private=True)
    generator = trainable(study)
    drawn = generator.learned(generator.begin(public), public).root.draw(2000, np.random.default_rng(0))
    real = coded(study, 2000, 2)["patient"].values
    assert distance(drawn, real, "group", "site") < 0.7 * distance(shuffled(real, 0), real, "group", "site")
