"""Mode-specific normalisation: modes of a histogram, and codes that survive the way there and back."""

from __future__ import annotations

import numpy as np
import pytest

from generators.ctgan.condition import Conditions, evened, public
from generators.ctgan.fields import Fields
from generators.ctgan.layout import GRID, Layout, drawn_counts, packed, picked, unpacked
from generators.ctgan.modes import fitted
from generators.marginal.structure import structure
from tests.generators.studies import clinic, made_up
from tests.generators.ward import base, coded, ward


@pytest.fixture(scope="module")
def layout() -> Layout:
    study = ward("tvae")
    fields = Fields.of(structure(study)[0])
    return Layout(fields, drawn_counts(fields, base(study).learned.root, np.random.default_rng(0)))


def test_modes_are_those_the_histogram_was_made_of():
    x = np.arange(200.0)
    density = 0.7 * np.exp(-((x - 50) ** 2) / 200) / 10 + 0.3 * np.exp(-((x - 140) ** 2) / 50) / 5
    found = fitted(x, 1e6 * density, 2)
    order = found.mean.argsort()
    assert found.mean[order] == pytest.approx([50, 140], abs=0.5)
    assert found.std[order] == pytest.approx([10, 5], abs=0.5)
    assert found.weight[order] == pytest.approx([0.7, 0.3], abs=0.01)


@pytest.mark.parametrize("counts", [np.zeros(30), np.eye(30)[7] * 100, np.eye(30)[0] + 5 * np.eye(30)[29]])
def test_modes_of_few_values_are_finite(counts):
    found = fitted(np.arange(30.0), counts, 10)
    assert np.isfinite(found.posterior(np.arange(30.0))).all()
    assert (found.std > 0).all()
    assert found.weight.sum() == pytest.approx(1)


def test_codes_come_back_from_their_modes(layout):
    codes = coded(ward("tvae"), 500, 3)["patient"].values
    back = layout.codes(*layout.split(codes, np.random.default_rng(0)))
    for name in layout.fields.names:
        assert np.array_equal(back[name], codes[name]), name
    assert np.array_equal(back["score"], codes["score"])
    assert np.array_equal(back["reading"], codes["reading"])


def test_rows_as_vectors_have_one_choice_a_field(layout):
    codes = coded(ward("tvae"), 50, 3)["patient"].values
    away, choices = layout.split(codes, np.random.default_rng(0))
    rows = layout.dense(away, choices)
    assert rows.shape == (50, layout.fields.width)
    assert (np.abs(away) <= 1).all()
    parts = np.split(rows[:, away.shape[1] :], layout.fields.starts[1:], axis=1)
    assert all((part.sum(1) == 1).all() for part in parts)
    certain = np.concatenate([np.arctanh(away), 1000.0 * rows[:, away.shape[1] :]], 1)
    again = picked(layout.fields, certain, np.random.default_rng(1))
    assert np.allclose(again[0], away)
    assert np.array_equal(again[1], choices)


def test_counts_survive_the_noise_of_training(layout):
    moved = packed(layout.counts) + np.random.default_rng(0).uniform(-0.49, 0.49, len(layout.counts)).astype(np.float32) * GRID
    assert np.array_equal(unpacked(moved), layout.counts)


def test_a_root_above_children_keeps_bins_that_hang_on_another_column_coarse():
    study = clinic()
    plan = structure(study)[0]
    fields = Fields.of(plan)
    drawn = base(study, *made_up(study, 300, 1)).learned.root.draw(200, np.random.default_rng(0))
    layout = Layout(fields, np.ones(sum(fields.tokens)))
    back = layout.codes(*layout.split(drawn, np.random.default_rng(0)))
    assert {step.variable.name for step in plan.steps} <= set(back)
    assert all(np.array_equal(back[name], drawn[name]) for name in fields.names)


def test_conditions_come_as_often_as_asked_for(layout):
    rng, rows = np.random.default_rng(0), 60_000
    counts = public(layout)
    for frequencies in (counts, evened(counts, [np.ones(len(c), bool) for c in counts])):
        field, category = Conditions.of(layout, frequencies).drawn(rows, rng)
        assert np.bincount(field) / rows == pytest.approx(np.full(2, 0.5), abs=0.01)
        for i, frequency in enumerate(frequencies):
            found = np.bincount(category[field == i], minlength=len(frequency)) / (field == i).sum()
            assert found == pytest.approx(frequency / frequency.sum(), abs=0.02)


def test_training_asks_by_the_logarithm_and_only_for_what_is_there():
    counts = [np.array([1000.0, 10.0, 0.0, 100.0])]
    (found,) = evened(counts, [np.array([True, True, True, False])])
    assert found == pytest.approx([np.log(1001), np.log(11), 0, 0])
    (nowhere,) = evened([np.array([5.0, 0.0])], [np.array([False, True])])
    assert nowhere == pytest.approx([0, 1])
