"""What a budget buys besides histograms: nothing at first, then how values follow earlier ones; no patient counts too much."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import generators.correction.correction as correction
import generators.correction.target as target
from generators.correction.correction import Correction
from generators.correction.layout import WITNESSES
from generators.correction.target import targets
from generators.frame import Series, Tables, known
from generators.marginal.code import Codes, code
from generators.marginal.model import Model
from generators.optimise import State, begin
from generators.rules import NoRules
from generators.trained import Weights
from generators.trains import trainable
from specs.lang.corrects import corrects
from specs.lang.read import read
from specs.lang.types import Budget, Generator, Key, Outputs, Parent, Privacy, Study, Table
from tests.generators import ward
from tests.generators.studies import choice, clinic, columns, made_up, number

Patch = pytest.MonkeyPatch
RNG = np.random.default_rng(0)
LIKE = 0.9


def station() -> Study:
    """Patients whose two kinds of readings follow their own earlier ones."""
    patient = Table("patient", (Key("patient_id"),), columns(choice("sex", "f", "m")))
    own = columns(number("day", 0, 400, 20), choice("kind", "a", "b"), number("value", 0, 99, 25, nullable=True))
    reading = Table("reading", (Key("reading_id"),), own, parent=Parent("patient", ("patient_id",), 12), order_by="day")
    privacy = Privacy("patient", Budget(8.0, 1e-5))
    chosen = Generator("diffusion", "cpu", measure=0.9, rounds=8)
    tables = {"patient": patient, "reading": reading}
    return Study("station", "station.yml", "0" * 64, tables, {}, privacy, Outputs("out"), generator=chosen)


def people(patients: int, seed: int) -> tuple[Tables, dict[str, np.ndarray]]:
    """Each patient has a level of each kind that readings keep to."""
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 9, patients)
    up, none = np.repeat(np.arange(patients), count), np.zeros(patients, bool)
    level, kind = rng.normal(0, 1, (patients, 2)), rng.integers(0, 2, len(up))
    value = LIKE * level[up, kind] + np.sqrt(1 - LIKE**2) * rng.normal(0, 1, len(up))
    days = np.concatenate([np.sort(rng.choice(400, n, replace=False)) for n in count]) if len(up) else up
    root = {"patient_id": known(np.arange(patients)), "sex": Series(rng.integers(0, 2, patients), none, ("f", "m"))}
    rows = {"day": known(days), "kind": Series(kind, np.zeros(len(up), bool), ("a", "b"))}
    rows["value"] = Series(np.clip(np.round(50 + 15 * value), 0, 99).astype(np.int64), rng.random(len(up)) < 0.1)
    return {"patient": root, "reading": rows}, {"reading": up}


STUDY = station()
TABLES, PARENTS = people(1500, 0)
CODED = code(STUDY, TABLES, PARENTS)
BASE = ward.base(STUDY, TABLES, PARENTS)
GENERATOR = Correction(STUDY)
BEGUN = GENERATOR.begin(BASE)
PATIENTS = 12
FEW = code(STUDY, *people(PATIENTS, 7))


def moved(scale: float) -> Weights:
    weights = BEGUN.copy()
    weights[: GENERATOR.layout.learned] = np.random.default_rng(1).normal(0, scale, GENERATOR.layout.learned)
    return weights


def follow(tables: Tables, parents: dict[str, np.ndarray]) -> float:
    """Correlation of a value with the last one of the same patient and kind."""
    rows = tables["reading"]
    order = np.lexsort((rows["day"].values, rows["kind"].values, parents["reading"]))
    order = order[~rows["value"].null[order]]
    same = np.diff(parents["reading"][order] * 2 + rows["kind"].values[order]) == 0
    value = rows["value"].values[order].astype(float)
    return float(np.corrcoef(value[:-1][same], value[1:][same])[0, 1])


def rounds(noise: float, seed: int = 3) -> State:
    """All rounds, with so much noise in the sums."""
    rng, state = np.random.default_rng(seed), begin(BEGUN)
    for _ in range(8):
        total = GENERATOR.gradient(state.weights, CODED, GENERATOR.clip, rng) + rng.normal(0, noise, GENERATOR.moving)
        state = GENERATOR.stepped(state, total, 1500, 1.0)
    return state


def drawn(weights: Weights, patients: int = 1500) -> tuple[Tables, dict[str, np.ndarray]]:
    sample = Model(STUDY, GENERATOR.learned(weights, BASE)).sample(patients, 5, NoRules())
    return sample.tables, dict(sample.parents)


def test_a_budget_and_values_below_the_patients_ask_for_it() -> None:
    assert isinstance(trainable(STUDY), Correction)
    public = replace(STUDY, privacy=Privacy("patient", None, "made up"))
    assert type(trainable(public)).__name__ == "Diffusion"
    assert type(trainable(ward.ward("diffusion", private=True))).__name__ == "Diffusion"


@pytest.mark.parametrize("name", ["nafld", "heart", "omop"])
def test_what_the_spec_says_is_what_is_corrected(name: str) -> None:
    study = read(Path("specs") / f"{name}.yml", {})
    assert corrects("diffusion", STUDY.privacy, study.tables) == bool(targets(study))


def test_it_begins_as_the_marginal_model() -> None:
    mine, plain = drawn(BEGUN, 300), BASE.sample(300, 5, NoRules())
    for table, rows in plain.tables.items():
        assert all((series.values == mine[0][table][name].values).all() for name, series in rows.items())


def test_values_follow_earlier_ones_as_they_do_at_the_hospitals() -> None:
    real, before, after = follow(TABLES, PARENTS), follow(*drawn(BEGUN)), follow(*drawn(rounds(0.0).average))
    assert before < real - 0.1
    assert abs(after - real) < abs(before - real) / 2


def test_noise_of_a_budget_costs_little_of_it() -> None:
    real, after = follow(TABLES, PARENTS), follow(*drawn(rounds(15.0).average))
    assert abs(after - real) < abs(follow(*drawn(BEGUN)) - real) / 2


def test_what_noise_drowns_is_left_out() -> None:
    state = rounds(1e4)
    learned = slice(0, GENERATOR.layout.learned)
    assert np.linalg.norm(state.average[learned]) < 0.5 * np.linalg.norm(state.weights[learned])


def test_other_columns_and_missing_values_stay_as_they_are() -> None:
    mine, plain = drawn(rounds(0.0).average, 4000)[0]["reading"], BASE.sample(4000, 5, NoRules()).tables["reading"]
    assert abs(mine["kind"].values.mean() - plain["kind"].values.mean()) < 0.03
    assert abs(mine["value"].null.mean() - plain["value"].null.mean()) < 0.02
    assert abs(np.nanmean(np.where(mine["value"].null, np.nan, mine["value"].values)) - 50) < 1.5


def test_the_gradient_is_that_of_the_loss() -> None:
    weights, step = moved(0.2), 1e-2
    exact = GENERATOR.gradient(weights, CODED, np.inf, RNG)
    assert not exact[-WITNESSES:].any()
    for place in range(0, GENERATOR.layout.learned, 5):
        up, down = weights.copy(), weights.copy()
        up[place] += step
        down[place] -= step
        slope = (GENERATOR.loss(up, CODED, RNG) - GENERATOR.loss(down, CODED, RNG)) / (float(up[place]) - float(down[place]))
        assert slope == pytest.approx(exact[place], rel=0.02, abs=0.5)


def test_one_more_local_pass_comes_closer() -> None:
    once = GENERATOR.trained(BEGUN, CODED, RNG)
    assert GENERATOR.loss(once, CODED, RNG) < GENERATOR.loss(BEGUN, CODED, RNG)
    assert (once[GENERATOR.moving :] == BEGUN[GENERATOR.moving :]).all()


def test_a_saved_model_draws_the_same_rows() -> None:
    model = Model(STUDY, GENERATOR.learned(moved(0.2), BASE))
    again = Model.restore(STUDY, model.arrays(), model.facts())
    one, other = (m.sample(200, 3, NoRules()) for m in (model, again))
    assert all((one.tables[t][c].values == other.tables[t][c].values).all() for t in one.tables for c in one.tables[t])


def test_values_without_a_memory_are_shifted_by_kind() -> None:
    """Bins of `clinic` hang on the kind, and its charges have no order."""
    study = replace(clinic(), generator=STUDY.generator, privacy=STUDY.privacy)
    tables, parents = made_up(study, 400, 0)
    generator, found = Correction(study), ward.base(study, tables, parents)
    weights = generator.trained(generator.begin(found), code(study, tables, parents), RNG)
    sample = Model(study, generator.learned(weights, found)).sample(200, 1, NoRules())
    assert {target.plan.table for target in generator.layout.targets} == {"visit", "charge"}
    assert len(sample.tables["visit"]["result"].values) == len(sample.parents["visit"]) > 0


# no patient counts for more than the bound


def without(keep: np.ndarray) -> dict[str, Codes]:
    """The rows of the patients to `keep` (patients,); nobody is numbered anew."""
    kept = {name: keep[table.patient] for name, table in FEW.items()}
    return {
        name: Codes({v: c[kept[name]] for v, c in t.values.items()}, *(part[kept[name]] for part in (t.patient, t.parent, t.row)))
        for name, t in FEW.items()
    }


def patients_are_bounded(scale: float, clip: float = 0.5) -> None:
    """Each patient's going moves the sum by that patient's own term and no more, which is no longer than the bound."""
    weights = moved(scale)
    whole = GENERATOR.gradient(weights, FEW, clip, RNG)
    for gone in range(PATIENTS):
        keep = np.arange(PATIENTS) != gone
        rest, alone = (GENERATOR.gradient(weights, without(some), clip, RNG) for some in (keep, ~keep))
        assert np.linalg.norm(alone) <= clip * (1 + 1e-9)
        assert np.abs(whole - rest - alone).max() < 1e-9


@pytest.mark.parametrize("scale", [0.0, 0.3, 30.0, 1e30])
def test_no_patient_moves_the_sum_by_more_than_the_bound(scale: float) -> None:
    patients_are_bounded(scale)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e38])
def test_weights_that_are_not_finite_are_answered_within_the_bound(bad: float) -> None:
    weights = moved(0.3)
    weights[::3] = bad
    found = GENERATOR.gradient(weights, FEW, 0.5, RNG)
    assert np.isfinite(found).all() and np.linalg.norm(found) <= 0.5 * PATIENTS


def test_a_hospital_without_patients_gives_nothing() -> None:
    nobody = without(np.zeros(PATIENTS, bool))
    assert not GENERATOR.gradient(moved(0.3), nobody, 0.5, RNG).any()
    assert (GENERATOR.trained(BEGUN, nobody, RNG) == BEGUN).all()


@pytest.mark.parametrize("rows", [1, 20, 10_000])
def test_how_many_rows_are_looked_at_together_does_not_matter(rows: int, monkeypatch: Patch) -> None:
    at_once = GENERATOR.gradient(moved(0.3), FEW, 0.5, RNG)
    monkeypatch.setattr(correction, "ROWS", rows)
    assert np.allclose(GENERATOR.gradient(moved(0.3), FEW, 0.5, RNG), at_once, atol=1e-12)


def clipped_after_summing(patch: Patch) -> None:
    clipped = correction.clipped
    patch.setattr(correction, "clipped", lambda slopes, length, clip: clipped(slopes.sum(0, keepdims=True), length[:1], clip))


def not_clipped(patch: Patch) -> None:
    patch.setattr(correction, "clipped", lambda slopes, length, clip: slopes.sum(0))


def clipped_by_column(patch: Patch) -> None:
    clipped = correction.clipped
    patch.setattr(
        correction,
        "clipped",
        lambda slopes, length, clip: np.concatenate([clipped(part, length, clip) for part in np.split(slopes, 2, 1)]),
    )


def rows_counted_by_the_others(patch: Patch) -> None:
    patch.setattr(target.Rows, "weight", property(lambda rows: np.full(len(rows.codes), 1 / max(len(rows.codes), 1))))


@pytest.mark.parametrize("bug", [clipped_after_summing, not_clipped, clipped_by_column, rows_counted_by_the_others])
def test_planted_bugs_are_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    patients_are_bounded(0.3)
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        for scale in (0.0, 0.3):
            patients_are_bounded(scale)
