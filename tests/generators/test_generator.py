"""The marginal generator as a user of the library meets it: learn from sums, sample, compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from generators.frame import Sample, length
from generators.marginal.ask import answers
from generators.marginal.code import code
from generators.marginal.fit import Effort
from generators.marginal.model import Model
from generators.marginal.structure import queries, structure
from generators.marginal.train import learn
from generators.rules import NoRules
from privacy.query import UNIT
from privacy.sums import Sums
from specs.lang.types import Bins, Study
from tests.generators.studies import clinic, made_up

PATIENTS = 4000


def exact(study: Study, answered: Mapping[str, np.ndarray], std: float = 0.0, seed: int = 0) -> Sums:
    rng = np.random.default_rng(seed)
    asked = {q.name: q for q in queries(study)}
    values = {n: a + rng.normal(0, std, a.shape) for n, a in answered.items()}
    return Sums(asked, values, dict.fromkeys(asked, std), ("here",))


@pytest.fixture(scope="module")
def study() -> Study:
    return clinic()


@pytest.fixture(scope="module")
def real(study: Study) -> dict[str, np.ndarray]:
    return answers(study, *made_up(study, PATIENTS, 1))


@pytest.fixture(scope="module")
def model(study: Study, real: dict[str, np.ndarray]) -> Model:
    return learn(study, exact(study, real))


@pytest.fixture(scope="module")
def sample(model: Model) -> Sample:
    return model.sample(PATIENTS, 7, NoRules())


@pytest.mark.parametrize("order", list(permutations(["day", "kind", "result"])), ids=" ".join)
def test_columns_may_stand_in_any_order(study, order):
    """The kind of a row is learned before what hangs on it, wherever the spec has it; `charge` has a number first, too."""
    visit, charge = study.tables["visit"], study.tables["charge"]
    tables = {
        **study.tables,
        "visit": replace(visit, columns={name: visit.columns[name] for name in order}),
        "charge": replace(charge, columns={name: charge.columns[name] for name in ("units", "code")}),
    }
    other = replace(study, tables=tables)
    asked = answers(other, *made_up(other, 400, 1))
    little = Effort(classes=8, steps=20, iterations=5, rounds=1)
    drawn = learn(other, exact(other, asked), effort=little).sample(400, 7, NoRules())
    visits = drawn.tables["visit"]
    lab = visits["kind"].values == visits["kind"].labels.index("lab")
    assert visits["result"].values[lab].max() <= 4.0 and 0 < lab.sum() < len(lab)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    """Total variation distance of two histograms."""
    return float(0.5 * np.abs(a / a.sum() - b / b.sum()).sum())


def test_every_histogram_is_met_about_as_well_as_by_other_real_patients(study, real, sample):
    """Without noise the yardstick is a second sample of the same made-up hospital."""
    other = answers(study, *made_up(study, PATIENTS, 2))
    synthetic = answers(study, sample.tables, sample.parents)
    floor = np.mean([distance(real[n], other[n]) for n in real])
    reached = np.mean([distance(real[n], synthetic[n]) for n in real])
    assert reached <= 1.6 * floor


def test_as_many_patients_as_asked_with_valid_keys(study, sample):
    assert length(sample.tables["patient"]) == PATIENTS
    patients = sample.tables["patient"]["patient_id"].values
    assert len(np.unique(patients)) == PATIENTS
    assert len(np.unique(sample.tables["visit"]["visit_id"].values)) == length(sample.tables["visit"])
    assert set(sample.tables["visit"]["patient_id"].values) <= set(patients)
    charge = sample.tables["charge"]
    assert set(charge["visit_id"].values) <= set(sample.tables["visit"]["visit_id"].values)
    pairs = set(zip(charge["visit_id"].values, charge["line"].values, strict=True))
    assert len(pairs) == length(charge)


def test_self_references_point_to_patients(sample):
    patient = sample.tables["patient"]
    known = ~patient["buddy"].null
    assert set(patient["buddy"].values[known]) <= set(patient["patient_id"].values)
    own = (patient["buddy"].values == patient["patient_id"].values)[known].mean()
    assert 0.4 < own < 0.6  # half of the made-up patients are their own buddy


def test_bounds_uniqueness_and_contribution_hold_in_every_row(study, sample):
    visit, up = sample.tables["visit"], sample.parents["visit"]
    assert (visit["day"].values <= sample.tables["patient"]["until"].values[up]).all()
    assert np.bincount(up).max() <= 12
    charge = np.stack([sample.parents["charge"], sample.tables["charge"]["code"].values], 1)
    assert len(np.unique(charge, axis=0)) == len(charge)


def test_rows_of_a_parent_are_in_order(sample):
    up, day = sample.parents["visit"], sample.tables["visit"]["day"].values
    same = up[1:] == up[:-1]
    assert (day[1:] >= day[:-1])[same].all()


def test_values_lie_in_their_domains(study, sample):
    for table in study.patient_tables():
        for column in table.columns.values():
            series = sample.tables[table.name][column.name]
            if column.range:
                values = series.values[~series.null]
                assert values.min() >= column.range[0] and values.max() <= column.range[1]
            if not column.nullable:
                assert not series.null.any()


def test_a_value_that_stands_out_comes_back_exactly(sample):
    """Half of all ward results are exactly 0; an edge written twice makes that a bin of its own."""
    visit = sample.tables["visit"]
    ward = visit["kind"].values == 1
    assert abs((visit["result"].values[ward] == 0).mean() - 0.5) < 0.03


def test_the_same_seed_gives_the_same_tables_and_another_seed_others(model, sample):
    again, other = model.sample(PATIENTS, 7, NoRules()), model.sample(PATIENTS, 8, NoRules())
    for table, frame in sample.tables.items():
        for name, series in frame.items():
            assert np.array_equal(series.values, again.tables[table][name].values)
    assert not np.array_equal(sample.tables["patient"]["age"].values, other.tables["patient"]["age"].values)


def test_some_patients_are_drawn_like_those_of_all_who_are_kept(model):
    """Rows below hang on the patient alone, so it is the same whether the others are dropped before or after."""
    everyone = model.sample(3 * PATIENTS, 2, NoRules())
    some = model.some(3 * PATIENTS, 3, NoRules(), lambda patient: np.flatnonzero(patient["age"].values > 60))
    old = everyone.tables["patient"]["age"].values > 60
    assert (some.tables["patient"]["age"].values > 60).all()
    assert length(some.tables["patient"]) == pytest.approx(old.sum(), abs=5 * np.sqrt(old.sum()))
    of_old = old[everyone.parents["visit"]]
    before, after = everyone.tables["visit"]["kind"].values[of_old], some.tables["visit"]["kind"].values
    assert distance(np.bincount(before, minlength=2), np.bincount(after, minlength=2)) < 0.03
    assert len(after) / length(some.tables["patient"]) == pytest.approx(len(before) / old.sum(), rel=0.1)


def test_nobody_kept_means_tables_without_rows(model):
    nobody = model.some(100, 1, NoRules(), lambda _: np.arange(0))
    assert {name: length(frame) for name, frame in nobody.tables.items()} == dict.fromkeys(nobody.tables, 0)


def test_a_model_survives_being_stored(study, model, sample):
    again = Model.restore(study, model.arrays(), model.facts()).sample(PATIENTS, 7, NoRules())
    assert np.array_equal(again.tables["visit"]["day"].values, sample.tables["visit"]["day"].values)


def test_a_model_of_another_spec_is_refused(study, model):
    with pytest.raises(ValueError, match="another version"):
        Model.restore(study, model.arrays(), model.facts() | {"digest": "1" * 64})


def test_drawn_codes_are_the_codes_of_the_drawn_values(study, model):
    """The sampler and the hospitals must mean the same by every variable."""
    from generators.marginal.shard import draw_shard

    shard = draw_shard(study, model.learned, 1500, NoRules(), np.random.default_rng(3))
    tables = {n: dict(f) for n, f in shard.tables.items()}
    patient = tables["patient"]
    patient["patient_id"] = type(patient["age"])(np.arange(1500), np.zeros(1500, bool))
    buddy = patient["buddy"]
    patient["buddy"] = type(buddy)(np.where(buddy.values == 1, np.arange(1500), -1), buddy.null)
    coded = code(study, tables, shard.parents)
    for plan in structure(study):
        drawn = shard.codes[plan.table]
        for name, variable in plan.variables.items():
            if name in drawn:
                assert np.array_equal(drawn[name], coded[plan.table].values[name]), (plan.table, name, variable.kind)


def test_noise_that_drowns_everything_leaves_independent_columns(study, real):
    """With hopeless noise the model must not invent dependencies."""
    noisy = {n: a * 0.02 for n, a in real.items()}
    drowned = learn(study, exact(study, noisy, std=400.0), effort=Effort(rows=8000, patients=2000, iterations=40, rounds=2))
    patient = drowned.sample(4000, 1, NoRules()).tables["patient"]
    together = np.corrcoef(patient["age"].values, patient["until"].values)[0, 1]
    assert abs(together) < 0.25


def test_units_of_answers_are_patients(study, real):
    assert real["patient: sex"].sum() == pytest.approx(PATIENTS, rel=1 / UNIT)


def test_unique_columns_of_any_kind_never_repeat_within_a_parent(study):
    """Single categories are never drawn twice; times, numbers and pairs of columns lose the later row."""
    visit = replace(study.tables["visit"], unique=(("day",), ("kind", "result")))
    other = replace(study, tables={**study.tables, "visit": visit})
    quick = Effort(rows=4000, patients=1000, iterations=20, rounds=1)
    model = learn(other, exact(other, answers(other, *made_up(other, 1000, 1))), effort=quick)
    drawn = model.sample(1000, 1, NoRules())
    frame, up = drawn.tables["visit"], drawn.parents["visit"]
    for columns in visit.unique:
        rows = np.stack([up, *(frame[c].values for c in columns)], 1)
        assert len(np.unique(rows, axis=0)) == len(rows)
    assert drawn.thrown["visit"] > 0


def test_decimals_can_differ_by_the_column_that_bins_hang_on(study, real, model):
    """Values of `lab` are whole, those of `ward` have two decimals."""
    visit = study.tables["visit"]
    result = replace(visit.columns["result"], decimals=(0, 2))
    finer = replace(study, tables=study.tables | {"visit": replace(visit, columns=visit.columns | {"result": result})})
    drawn = Model(finer, model.learned).sample(2000, 1, NoRules()).tables["visit"]
    lab, value = drawn["kind"].values == 0, drawn["result"].values
    assert (value[lab] % 1 == 0).all()
    assert (value[~lab] % 1 != 0).any()
    assert np.allclose(value * 100, np.round(value * 100))


def test_times_that_many_rows_share_come_back_exactly(study):
    """Bins of `day` have one of day 400 alone; most ward visits that can be are there, no lab visit is but by chance."""
    visit = study.tables["visit"]
    day = replace(visit.columns["day"], bins=Bins(((0.0, 200.0, 400.0, 400.0, 600.0, 800.0, 1000.0),)))
    marked = replace(study, tables=study.tables | {"visit": replace(visit, columns=visit.columns | {"day": day})})
    tables, parents = made_up(marked, 3000, 3)
    up, ward = parents["visit"], tables["visit"]["kind"].values == 1
    late = tables["patient"]["until"].values[up] >= 400
    moved = ward & late & (np.random.default_rng(0).random(len(up)) < 0.7)
    tables["visit"]["day"].values[moved] = 400
    drawn = learn(marked, exact(marked, answers(marked, tables, parents))).sample(3000, 1, NoRules())
    made, up = drawn.tables["visit"], drawn.parents["visit"]
    late = drawn.tables["patient"]["until"].values[up] >= 400
    share = [float(np.mean(made["day"].values[late & (made["kind"].values == kind)] == 400)) for kind in (0, 1)]
    assert share[0] < 0.02
    assert 0.5 < share[1] < 0.9
    assert (made["day"].values <= drawn.tables["patient"]["until"].values[up]).all()
