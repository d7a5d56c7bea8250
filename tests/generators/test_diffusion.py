"""A study's networks: begun on the marginal model, trained on rows, drawn from, saved; what rows are reminded of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import generators.diffusion.diffusion as diffusion
from generators.diffusion.diffusion import Diffusion
from generators.diffusion.history import History
from generators.diffusion.rows import chosen
from generators.diffusion.sheet import Sheet
from generators.marginal.code import Codes, code
from generators.marginal.model import Model
from generators.marginal.structure import structure
from generators.rules import NoRules
from generators.trained import Weights
from specs.lang.types import Generator
from tests.generators import ward
from tests.generators.studies import clinic, made_up

CLINIC = replace(clinic(), generator=Generator("diffusion", "cpu", rounds=3, width=16, depth=1))
TABLES, PARENTS = made_up(CLINIC, 600, 0)
CODED = code(CLINIC, TABLES, PARENTS)


@pytest.fixture(scope="module", autouse=True)
def little_effort() -> Iterator[None]:
    """Tests need no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diffusion, "STEPS", 60)
        patch.setattr(diffusion, "PATIENTS", 8000)
        yield


@pytest.fixture(scope="module")
def base() -> Model:
    return ward.base(CLINIC, TABLES, PARENTS)


@pytest.fixture(scope="module")
def begun(base: Model) -> Weights:
    return Diffusion(CLINIC).begin(base)


def test_the_start_is_repeatable_and_a_pass_depends_on_its_seed(base: Model, begun: Weights) -> None:
    generator = Diffusion(CLINIC)
    assert begun.shape == (generator.length,)
    assert (generator.begin(base) == begun).all()
    one, same, other = (generator.trained(begun, CODED, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).any()


def test_local_passes_count_themselves_and_slow_down(begun: Weights) -> None:
    generator, weights, moved = Diffusion(CLINIC), begun, []
    for number in range(3):
        after = generator.trained(weights, CODED, np.random.default_rng(number))
        moved.append(float(np.linalg.norm(after - weights)))
        weights = after
    assert weights[-1] == pytest.approx(1.0)
    assert moved[2] < moved[0]


def test_a_saved_model_draws_the_same_rows(base: Model, begun: Weights) -> None:
    model = Model(CLINIC, Diffusion(CLINIC).learned(begun, base))
    again = Model.restore(CLINIC, model.arrays(), model.facts())
    one, other = (m.sample(200, 3, NoRules()) for m in (model, again))
    assert all((one.tables[t][c].values == other.tables[t][c].values).all() for t in one.tables for c in one.tables[t])


def test_what_was_drawn_keeps_the_rules_of_the_spec(base: Model, begun: Weights) -> None:
    sample = Model(CLINIC, Diffusion(CLINIC).learned(begun, base)).sample(300, 1, NoRules())
    visit, up = sample.tables["visit"], sample.parents["visit"]
    assert (visit["day"].values <= sample.tables["patient"]["until"].values[up]).all()
    charge = sample.tables["charge"]["code"].values
    assert len(np.unique(np.stack([sample.parents["charge"], charge]), axis=1).T) == len(charge)


def test_rows_teach_what_their_histograms_cannot() -> None:
    """Three columns of which each two are independent: the third is the exclusive or of the others."""
    study = replace(ward.ward("diffusion"), tables=_three())
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, (2, 4000))
    every = np.arange(4000)
    rows = {"patient": Codes({"a": a, "b": b, "c": a ^ b}, every, every, every)}
    drawn_ = {name: ward.Series(v, np.zeros(4000, bool), ("x", "y")) for name, v in rows["patient"].values.items()}
    found = ward.base(study, tables={"patient": {"patient_id": ward.known(every), **drawn_}})
    weights = ward.taught(Diffusion(study), found, rows, 8)
    codes = Diffusion(study).learned(weights, found).root.draw(2000, np.random.default_rng(1))
    assert (codes["c"] == codes["a"] ^ codes["b"]).mean() > 0.95


def _three() -> dict[str, ward.Table]:
    own = ward.columns(*(ward.choice(name, "x", "y") for name in "abc"))
    return {"patient": ward.Table("patient", (ward.Key("patient_id"),), own)}


def test_the_root_keeps_the_shares_of_the_histograms() -> None:
    study = ward.ward("diffusion")
    found = ward.base(study)
    generator = Diffusion(study)
    noisy = generator.begin(found)
    noisy[:-1] += np.random.default_rng(0).normal(0, 0.03, generator.length - 1).astype(np.float32)
    drawn = generator.learned(noisy, found).root.draw(8000, np.random.default_rng(1))
    aim = found.learned.root.draw(8000, np.random.default_rng(2))
    for name in ("group", "site", "score__fine"):
        shares = [np.bincount(codes[name], minlength=200) / 8000 for codes in (drawn, aim)]
        assert np.abs(shares[0] - shares[1]).sum() / 2 < 0.05


@pytest.mark.parametrize("table", ["visit", "charge"])
def test_the_past_is_the_same_row_by_row_and_all_at_once(table: str) -> None:
    plan = next(plan for plan in structure(CLINIC) if plan.table == table)
    history, codes = History.of(plan), CODED[table]
    assert history is not None
    assert history.value is not None
    together = history.tokens(codes)
    known, alone = history.begin(int(codes.parent.max()) + 1), np.empty_like(together)
    for row in np.argsort(codes.row):
        parent = codes.parent[[row]]
        alone[row] = history.shown(known[parent])[0]
        said = (codes.values[v.name][[row]] for v in (history.kind, history.value))
        known[parent] = history.after(known[parent], *said)
    assert (together == alone).all()


def test_tokens_of_single_numbers_have_no_parts_and_go_back_to_their_codes() -> None:
    sheet = Sheet(structure(CLINIC)[0], True, 8, 1)
    age = next(column for column in sheet.columns if column.name == "age__fine")
    assert age.size == 40  # ten bins of ten numbers, four parts each
    fine = CODED["patient"].values["age__fine"]
    assert (age.back(age.tokens(fine)) == fine).all()


def test_at_most_so_many_rows_of_a_patient_are_looked_at() -> None:
    patient = np.repeat([0, 1, 5], [3, 100, 40])
    kept = chosen(patient, np.random.default_rng(0))
    assert np.bincount(patient[kept]).tolist() == [3, 24, 0, 0, 0, 24]
