"""CTGAN as a user of the library meets it: taught by passes over rows, drawn from, stored."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from generators.ctgan import local
from generators.ctgan.ctgan import Ctgan
from generators.ctgan.network import LEAK, PAC, dropped, judged, steepness
from generators.diffusion.flat import start, views
from generators.marginal.model import Model
from generators.rules import NoRules
from generators.trains import trainable
from specs.lang.types import Generator
from tests.generators.studies import clinic, made_up
from tests.generators.ward import base, coded, distance, shuffled, taught, ward

BATCH, RATE, PASSES = 200, 1e-3, 16
"""Smaller and faster steps than the paper's: the table is small, and so is the time for tests."""


@pytest.fixture(scope="module")
def study():
    return ward("ctgan")


@pytest.fixture(scope="module")
def public(study) -> Model:
    return base(study)


@pytest.fixture(scope="module")
def model(study, public) -> Model:
    generator = trainable(study)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "BATCH", BATCH)
        patch.setattr(local, "RATE", RATE)
        weights = taught(generator, public, coded(study, 2000, 1), PASSES)
    return Model(study, generator.learned(weights, public))


def test_dependence_is_learned_far_better_than_independent_columns_would_have_it(study, model):
    drawn, real = model.learned.root.draw(4000, np.random.default_rng(0)), coded(study, 4000, 2)["patient"].values
    found, independent = (distance(codes, real, "group", "site") for codes in (drawn, shuffled(real, 0)))
    assert found < independent / 2


def test_the_same_seed_gives_the_same_weights_and_draws(study, public, model):
    generator, rows = trainable(study), coded(study, 300, 1)
    one, again, other = (generator.trained(generator.begin(public), rows, np.random.default_rng(s)) for s in (1, 1, 2))
    assert one.shape == (generator.length,)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    first, second = (model.learned.root.draw(100, np.random.default_rng(1)) for _ in range(2))
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_pass_leaves_the_public_counts_alone_and_averages_of_hospitals_can_be_drawn_from(study, public):
    generator = trainable(study)
    begun = generator.begin(public)
    moved = [generator.trained(begun, coded(study, 200, s), np.random.default_rng(s)) for s in (1, 2)]
    tokens = sum(generator.fields.tokens)
    assert all(np.array_equal(m[-tokens:], begun[-tokens:]) for m in moved)
    learned = generator.learned(((moved[0] + moved[1]) / 2).astype(np.float32), public)
    assert len(learned.root.draw(10, np.random.default_rng(0))["group"]) == 10


def test_a_hospital_without_rows_or_without_some_category_can_take_part(study, public):
    generator = trainable(study)
    begun, rows = generator.begin(public), coded(study, 100, 1)["patient"]
    part = {name: values[rows.values["group"] == 0] for name, values in rows.values.items()}
    few = generator.trained(begun, {"patient": replace(rows, values=part)}, np.random.default_rng(0))
    assert np.isfinite(few).all()
    none = {name: values[:0] for name, values in rows.values.items()}
    assert np.array_equal(generator.trained(begun, {"patient": replace(rows, values=none)}, np.random.default_rng(0)), begun)


def test_child_tables_stay_chains_and_a_stored_model_draws_the_same():
    study = replace(clinic(), generator=Generator("ctgan", "cpu", width=16))
    known = base(study, *made_up(study, 300, 1))
    generator = trainable(study)
    model = Model(study, generator.learned(generator.begin(known), known))
    again = Model.restore(study, model.arrays(), model.facts())
    one, other = (m.sample(100, 1, NoRules()).tables for m in (model, again))
    assert set(one) == {"patient", "visit", "charge"}
    for table, frame in one.items():
        assert all(np.array_equal(series.values, other[table][name].values) for name, series in frame.items())


def test_the_critics_steepness_is_the_norm_of_its_gradient(study):
    sizes = Ctgan(study).sizes
    weights = views(sizes.critic, start(sizes.critic, torch.Generator().manual_seed(0)))
    noise = torch.Generator().manual_seed(1)
    packs = torch.randn(5, PAC * (sizes.row + sizes.given), generator=noise).requires_grad_()
    scores, slopes = judged(weights, sizes.depth, packs, [dropped((5, sizes.width), noise) for _ in range(sizes.depth)])
    expected = torch.autograd.grad(scores.sum(), packs)[0].norm(dim=1)
    assert torch.allclose(steepness(weights, slopes), expected, rtol=1e-5)
    assert torch.allclose(torch.cat(slopes).unique(), torch.tensor([0.0, 2 * LEAK, 2.0]))


def test_it_does_not_train_privately(study, public):
    generator = trainable(study)
    assert not Ctgan.private
    with pytest.raises(ValueError, match="choose tvae or diffusion"):
        generator.gradient(generator.begin(public), coded(study, 10, 1), 1.0, np.random.default_rng(0))
