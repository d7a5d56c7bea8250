"""Patients as sequences: clipped gradients, what is seen of the past, what only the whole past tells, draws and restoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from generators.diffusion.flat import views
from generators.frame import Sample, Series, Tables, known
from generators.marginal.ask import answers
from generators.marginal.code import Codes, code
from generators.marginal.model import Model
from generators.marginal.structure import queries
from generators.marginal.train import learn
from generators.rules import NoRules
from generators.timeline.gradient import clipped
from generators.timeline.loss import features, loss
from generators.timeline.network import start
from generators.timeline.reader import Reader
from generators.timeline.sequence import batch, held
from generators.timeline.timeline import Transformer
from privacy.sums import Sums
from specs.lang.types import Generator, Key, Outputs, Parent, Privacy, Study, Table
from tests.generators.studies import choice, clinic, columns, made_up, number

SMALL = Generator("timeline", "cpu", rounds=8, width=16, depth=2)
CLINIC = replace(clinic(), generator=SMALL)
PATIENTS = 14
MOST = 4


def coded(patients: int = PATIENTS) -> dict[str, Codes]:
    return code(CLINIC, *made_up(CLINIC, patients, 0))


def weights(generator: Transformer) -> torch.Tensor:
    """Weights none of which is zero."""
    network = generator.layout.network
    noise = torch.randn(network.length, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return start(network, [np.full(size, 1 / size) for size in network.sizes], 0).double() + 0.2 * noise


GENERATOR = Transformer(CLINIC)
FLAT = weights(GENERATOR)
UNIFORM = np.random.default_rng(2).random(PATIENTS)


def only(tables: Mapping[str, Codes], keep: np.ndarray) -> dict[str, Codes]:
    """The rows of the patients to `keep` (patients,), who are numbered anew."""
    number_ = np.cumsum(keep) - 1
    found = {}
    for name, table in tables.items():
        rows = keep[table.patient]
        values = {n: c[rows] for n, c in table.values.items()}
        found[name] = Codes(values, number_[table.patient[rows]], table.parent[rows], table.row[rows])
    return found


def total(tables: Mapping[str, Codes], uniform: np.ndarray, clip: float, flat: torch.Tensor = FLAT) -> torch.Tensor:
    return clipped(GENERATOR.layout, flat, held(GENERATOR.layout, tables), uniform, MOST, clip)


@pytest.mark.parametrize("clip", [0.05, 3.0, 1e9, np.inf])
def test_clipped_sums_equal_autograd_patient_by_patient(clip: float) -> None:
    layout, tables = GENERATOR.layout, held(GENERATOR.layout, coded())
    expected = torch.zeros_like(FLAT)
    for i in range(PATIENTS):
        leaf = FLAT.clone().requires_grad_()
        one = batch(layout, tables, np.array([i]), UNIFORM[[i]], MOST)
        gradient = torch.autograd.grad(loss(layout, views(layout.network.shapes, leaf), one, True), leaf)[0]
        expected += gradient * min(1.0, clip / float(gradient.norm()))
    assert torch.allclose(total(coded(), UNIFORM, clip), expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


def moved(tables: Mapping[str, Codes], uniform: np.ndarray, person: np.ndarray) -> list[float]:
    """How far the sum moves without each person; `person[i]` is whose the sequence of patient i is. Numbers are replayed."""
    whole = total(tables, uniform, 1.0)
    kept = [person != i for i in range(PATIENTS)]
    return [float((whole - total(only(tables, keep), uniform[keep], 1.0)).norm()) for keep in kept]


def test_no_patient_moves_the_sum_by_more_than_the_bound() -> None:
    assert max(moved(coded(), UNIFORM, np.arange(PATIENTS))) <= 1 + 1e-9


def test_clipping_less_than_a_whole_patient_would_be_noticed() -> None:
    tables = coded()
    rows = {n: replace(t, patient=t.patient + PATIENTS * (n == "visit")) for n, t in tables.items()}
    shown = {n: replace(t, parent=t.parent + PATIENTS) if n == "patient" else t for n, t in rows.items()}
    doubled = np.concatenate([np.arange(PATIENTS), np.arange(PATIENTS)])
    assert max(moved(shown, np.tile(UNIFORM, 2), doubled)) > 1.1


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_patient_whose_gradient_is_not_finite_counts_as_nothing(broken: float) -> None:
    flat, tables = FLAT.clone(), held(GENERATOR.layout, coded())
    shown = batch(GENERATOR.layout, tables, np.arange(PATIENTS), UNIFORM, MOST).shown
    token = int(shown[3][shown[3] < GENERATOR.layout.network.tokens].max())
    views(GENERATOR.layout.network.shapes, flat)["embed"][token] = broken
    met = (shown == token).any(2).any(1).numpy()
    assert met.any() and not met.all()
    rest = only(coded(), ~met)
    assert torch.allclose(total(coded(), UNIFORM, 1.0, flat), total(rest, UNIFORM[~met], 1.0))


def test_nothing_is_seen_of_what_comes_later_nor_of_other_patients() -> None:
    layout, tables = GENERATOR.layout, held(GENERATOR.layout, coded())
    everyone = np.arange(PATIENTS)
    some = batch(layout, tables, everyone, UNIFORM, 99)
    parts = views(layout.network.shapes, FLAT)
    before = features(layout, parts, some)[0]
    patient = int((some.table[:, : some.keys] == 1).sum(1).argmax())
    last = int(torch.nonzero(some.table[patient, : some.keys] == 1)[-1])  # the patient's last visit
    shown = some.shown.clone()
    shown[patient, last, 1] = (shown[patient, last, 1] + 1) % layout.network.tokens
    after = features(layout, parts, replace(some, shown=shown))[0]
    changed = (before != after).any(2)
    assert not changed[everyone != patient].any()
    visits = some.table[patient] == 1
    visits[last] = False
    assert not changed[patient][visits | (some.table[patient] < 1)].any()
    assert changed[patient, last] and changed[patient][some.table[patient] == 2].all()


def test_rows_read_one_by_one_say_what_whole_sequences_say() -> None:
    layout, rows = GENERATOR.layout, coded()
    flat, tables = FLAT.float(), held(GENERATOR.layout, coded())
    some = batch(layout, tables, np.arange(PATIENTS), UNIFORM, 99)
    parts = views(layout.network.shapes, flat)
    whole = features(layout, parts, some)[0].flatten(0, 1)
    charges, first = tables[2], layout.first_step[2]
    visit = np.unique(charges.parent)
    count = np.bincount(charges.parent)[visit]
    reader = Reader(layout, flat, 2, tables[:2], rows["visit"].patient[visit], count)
    head = layout.network.heads[first]
    expected = torch.log_softmax(whole[some.asks[first].place] @ parts["head.w"][head].T + parts["head.b"][head], 1).numpy()
    for rank in range(int(count.max())):
        live = np.flatnonzero(count > rank)
        at = np.array([np.flatnonzero((charges.parent == p) & (charges.rank == rank))[0] for p in visit[live]])
        assert np.allclose(reader.ask(charges.tokens[at], 0, live), expected[at], atol=1e-4)
        reader.tell(charges.tokens[at], live)


def exact(study: Study, tables: Tables, parents: Mapping[str, np.ndarray]) -> Model:
    """The marginal model of exact histograms."""
    asked = {q.name: q for q in queries(study)}
    return learn(study, Sums(asked, answers(study, tables, parents), dict.fromkeys(asked, 0.0), ("one",)))


ECHO = Study(
    "echo",
    "echo.yml",
    "0" * 64,
    {
        "person": Table("person", (Key("id"),), columns(choice("group", "g", "h"))),
        "visit": Table(
            "visit",
            (Key("visit_id"),),
            columns(number("day", 0, 99, 10), choice("kind", "a", "b", "c", "d")),
            parent=Parent("person", ("id",), 6),
            order_by="day",
        ),
    },
    {},
    Privacy("person", None, "made up"),
    Outputs("out"),
    generator=Generator("timeline", "cpu", rounds=12, width=32, depth=2),
)


def echoes(patients: int) -> tuple[Tables, dict[str, np.ndarray]]:
    """Six visits each: the first is a or b, the next four are c or d whatever was before, the last is as the first."""
    rng = np.random.default_rng(5)
    kind = rng.integers(2, 4, (patients, 6))
    kind[:, 0] = kind[:, 5] = rng.integers(0, 2, patients)
    day = np.sort(rng.permuted(np.tile(np.arange(100), (patients, 1)), axis=1)[:, :6], axis=1)
    none = np.zeros(patients, bool)
    person = {"id": known(np.arange(patients)), "group": Series(rng.integers(0, 2, patients), none, ("g", "h"))}
    visit = {"day": known(day.ravel()), "kind": Series(kind.ravel(), np.zeros(kind.size, bool), ("a", "b", "c", "d"))}
    return {"person": person, "visit": visit}, {"visit": np.repeat(np.arange(patients), 6)}


def echoed(sample: Sample) -> float:
    """The share of patients whose last visit is as the first."""
    kind, up = sample.tables["visit"]["kind"].values, sample.parents["visit"]
    first = np.flatnonzero(np.concatenate([[True], up[1:] != up[:-1]]))
    last = np.append(first[1:], len(up)) - 1
    return float((kind[first] == kind[last]).mean())


def test_what_the_first_row_says_of_the_last_is_learned() -> None:
    tables, parents = echoes(600)
    base, generator = exact(ECHO, tables, parents), Transformer(ECHO)
    found, rows = generator.begin(base), code(ECHO, tables, parents)
    for number_ in range(ECHO.generator.rounds):
        found = generator.trained(found, rows, np.random.default_rng(number_))
    assert echoed(base.sample(400, 1, NoRules())) < 0.7
    assert echoed(Model(ECHO, generator.learned(found, base)).sample(400, 1, NoRules())) > 0.9


@pytest.fixture(scope="module")
def model() -> Model:
    """Of a study three tables deep."""
    base = exact(CLINIC, *made_up(CLINIC, 300, 0))
    return Model(CLINIC, GENERATOR.learned(GENERATOR.begin(base), base))


def same(a: Sample, b: Sample) -> bool:
    return all((a.tables[t][c].values == b.tables[t][c].values).all() for t in a.tables for c in a.tables[t])


def test_tables_at_depth_three_are_drawn_and_the_seed_decides_them(model: Model) -> None:
    drawn = model.sample(200, 1, NoRules())
    assert all(len(next(iter(drawn.tables[name].values()))) > 50 for name in ("patient", "visit", "charge"))
    until = drawn.tables["patient"]["until"].values[drawn.parents["visit"]]
    assert (drawn.tables["visit"]["day"].values <= until).all()
    assert same(drawn, model.sample(200, 1, NoRules()))
    other = model.sample(200, 2, NoRules()).tables["patient"]["age"].values
    assert (drawn.tables["patient"]["age"].values != other).any()


def test_a_restored_model_draws_the_same_rows(model: Model) -> None:
    again = Model.restore(CLINIC, model.arrays(), model.facts())
    assert same(model.sample(60, 1, NoRules()), again.sample(60, 1, NoRules()))


def test_gradients_take_weights_of_their_length_and_are_finite() -> None:
    flat = np.append(FLAT.numpy(), 0.0).astype(np.float32)
    found = GENERATOR.gradient(flat, coded(), 0.1, np.random.default_rng(0))
    assert found.shape == (GENERATOR.length,) and 0 < np.linalg.norm(found) <= 0.1 * PATIENTS
    with pytest.raises(ValueError, match="weights must be"):
        GENERATOR.gradient(flat[1:], coded(), 0.1, np.random.default_rng(0))
