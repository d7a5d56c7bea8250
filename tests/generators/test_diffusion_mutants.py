"""No patient moves the sum of gradients by more than the bound, random numbers replayed; planted bugs are seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch

import generators.diffusion.diffusion as diffusion
import generators.diffusion.gradient as gradient
import generators.diffusion.rows as rows
from generators.diffusion.diffusion import Diffusion
from generators.diffusion.gradient import Rows
from generators.diffusion.layers import Layer
from generators.diffusion.loss import spread
from generators.marginal.code import Codes, code
from generators.trained import Weights
from specs.lang.types import Generator
from tests.generators.studies import clinic, made_up

Patch = pytest.MonkeyPatch
STUDY = replace(clinic(), generator=Generator("diffusion", "cpu", width=8, depth=1))
PATIENTS = 12
CODED = code(STUDY, *made_up(STUDY, PATIENTS, 4))
GENERATOR = Diffusion(STUDY)
CLIP = 0.5


def weights(scale: float = 0.3) -> Weights:
    return np.random.default_rng(0).normal(0, scale, GENERATOR.length).astype(np.float32)


class Recorded(np.random.Generator):
    """Random numbers, kept call by call."""

    def __init__(self) -> None:
        super().__init__(np.random.PCG64(0))
        self.calls: list[np.ndarray] = []

    def random(self, size: object = None, *_: object) -> np.ndarray:  # type: ignore[override]
        self.calls.append(super().random(size))  # type: ignore[call-overload]
        return self.calls[-1]

    def permutation(self, n: int, axis: int = 0) -> np.ndarray:  # type: ignore[override]
        return self.random(n).argsort().argsort()


class Replayed(Recorded):
    """The numbers of those rows that are still there."""

    def __init__(self, calls: Sequence[np.ndarray], kept: Callable[[int], np.ndarray]) -> None:
        super().__init__()
        self.left = [call[kept(len(call))] for call in calls]

    def random(self, size: object = None, *_: object) -> np.ndarray:
        found = self.left.pop(0)
        assert found.shape == (size if isinstance(size, tuple) else (size,))
        return found


def without(keep: np.ndarray) -> dict[str, Codes]:
    """The rows of the patients to `keep` (patients,); nobody is numbered anew."""
    kept = {name: keep[table.patient] for name, table in CODED.items()}
    return {
        name: Codes({v: c[kept[name]] for v, c in t.values.items()}, *(part[kept[name]] for part in (t.patient, t.parent, t.row)))
        for name, t in CODED.items()
    }


def owners() -> dict[int, np.ndarray]:
    """Whose rows are asked for at once, by their number: tables are told apart by how many rows they have."""
    found = {len(t.patient): np.sort(t.patient) for t in CODED.values() if t is not CODED["patient"]}
    return found | {PATIENTS * rows.MASKS: np.repeat(np.arange(PATIENTS), rows.MASKS)}


def patients_are_bounded(scale: float = 0.3) -> None:
    """Each patient's going moves the sum by that patient's own term and no more, which is no longer than the bound."""
    flat, recorded = weights(scale), Recorded()
    whole = GENERATOR.gradient(flat, CODED, CLIP, recorded)
    whose = owners()
    assert len(whose) == 3
    for gone in range(PATIENTS):
        keep = np.arange(PATIENTS) != gone
        rest, alone = (
            GENERATOR.gradient(flat, without(some), CLIP, Replayed(recorded.calls, lambda n, some=some: some[whose[n]]))  # type: ignore[misc]
            for some in (keep, ~keep)
        )
        assert np.linalg.norm(alone) <= CLIP * (1 + 1e-9)
        assert np.abs(whole - rest - alone).max() < 1e-9


@pytest.mark.parametrize("scale", [0.01, 0.3, 3.0])
def test_no_patient_moves_the_sum_by_more_than_the_bound(scale: float) -> None:
    patients_are_bounded(scale)


@pytest.mark.parametrize("size", [1, 100, 10_000])
def test_how_many_rows_are_computed_at_once_does_not_matter(size: int, monkeypatch: Patch) -> None:
    monkeypatch.setattr(rows, "MOST", 1000)
    calls: list[np.ndarray] = []

    def told(sheet: object, uniform: np.ndarray, rng: object) -> torch.Tensor:
        calls.append(uniform)
        return torch.ones(len(uniform), sheet.network.columns, dtype=torch.bool)  # type: ignore[attr-defined]

    monkeypatch.setattr(rows, "hide", told)
    at_once = GENERATOR.gradient(weights(), CODED, CLIP, np.random.default_rng(0))
    monkeypatch.setattr(diffusion, "ROWS", size)
    assert np.allclose(GENERATOR.gradient(weights(), CODED, CLIP, np.random.default_rng(0)), at_once, atol=1e-10)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_give_no_gradient(bad: float) -> None:
    broken = weights()
    broken[5:-5] = bad
    assert not GENERATOR.gradient(broken, CODED, CLIP, np.random.default_rng(0)).any()


def test_a_hospital_without_patients_gives_nothing() -> None:
    nobody = without(np.zeros(PATIENTS, bool))
    assert not GENERATOR.gradient(weights(), nobody, CLIP, np.random.default_rng(0)).any()
    assert (GENERATOR.trained(weights(), nobody, np.random.default_rng(0))[:-1] == weights()[:-1]).all()


# planted bugs


def clipped_after_summing(patch: Patch) -> None:
    clipped = gradient.clipped

    def late(tables: Sequence[Rows], flats: Sequence[torch.Tensor], patients: int, clip: float) -> list[torch.Tensor]:
        sums = clipped(tables, flats, patients, 1e9)
        norm = float(torch.cat(sums).norm())
        return [part * min(1.0, clip / norm) for part in sums]

    patch.setattr(diffusion, "clipped", late)


def clipped_by_row(patch: Patch) -> None:
    clipped = gradient.clipped

    def each(tables: Sequence[Rows], flats: Sequence[torch.Tensor], patients: int, clip: float) -> list[torch.Tensor]:
        alone = [(replace(t, patient=torch.arange(len(t.tokens))), flat) for t, flat in zip(tables, flats, strict=True)]
        return [clipped([t], [flat], len(t.tokens), clip)[0] for t, flat in alone]

    patch.setattr(diffusion, "clipped", each)


def clipped_by_table(patch: Patch) -> None:
    clipped = gradient.clipped
    patch.setattr(
        diffusion, "clipped", lambda ts, fs, n, clip: [clipped([t], [f], n, clip)[0] for t, f in zip(ts, fs, strict=True)]
    )


def masks_spread_over_rows(patch: Patch) -> None:
    hide = rows.hide
    patch.setattr(rows, "hide", lambda sheet, uniform, rng: hide(sheet, spread(len(uniform), rng), rng))


def a_layer_forgotten(patch: Patch) -> None:
    squares = gradient.squares

    def some(run: gradient._Run, patient: torch.Tensor, patients: int) -> torch.Tensor:
        kept = [i for i, layer in enumerate(run.tape) if layer.name != "embed"]
        tape: list[Layer] = [run.tape[i] for i in kept]
        return squares(gradient._Run(tape, tuple(run.slopes[i] for i in kept)), patient, patients)

    patch.setattr(gradient, "squares", some)


def a_patient_counted_by_the_others(patch: Patch) -> None:
    """Shares of the loss by the average number of rows."""
    drawn = rows.ByPatient.drawn

    def shared(self: rows.ByPatient, low: int, high: int, rng: np.random.Generator) -> Rows:
        found = drawn(self, low, high, rng)
        return replace(found, share=torch.full_like(found.share, 1 / max(len(found.share), 1)))

    patch.setattr(rows.ByPatient, "drawn", shared)


BUGS = [clipped_after_summing, clipped_by_row, clipped_by_table, masks_spread_over_rows, a_layer_forgotten]


@pytest.mark.parametrize("bug", [*BUGS, a_patient_counted_by_the_others])
def test_planted_bugs_are_seen(bug: Callable[[Patch], None], monkeypatch: Patch) -> None:
    patients_are_bounded()
    bug(monkeypatch)
    with pytest.raises(AssertionError):
        for scale in (0.01, 0.3):
            patients_are_bounded(scale)
