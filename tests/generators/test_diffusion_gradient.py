"""The summed gradient: equal to plain autograd patient by patient, over several tables, and bounded for every patient."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from generators.diffusion.flat import views
from generators.diffusion.gradient import Rows, clipped
from generators.diffusion.loss import losses, masks, spread
from generators.diffusion.network import Network, logits, shown, start

PERSON = Network(sizes=(3, 5, 2, 4), context=1, width=8, depth=2)
VISIT = Network(sizes=(4, 3, 6), context=1, width=8, depth=1, after=((0,),))
Tables = list[Rows]


def weights(network: Network, scale: float = 0.5) -> Tensor:
    """Weights none of which is zero."""
    marginals = [np.full(size, 1 / size) for size in network.sizes[network.context :]]
    noise = torch.randn(network.length, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return start(network, marginals, 0).double() + scale * noise


def flats(scale: float = 0.5) -> list[Tensor]:
    return [weights(network, scale) for network in (PERSON, VISIT)]


def batch(network: Network, rows: int, patients: int, seed: int = 0) -> Rows:
    """Rows, masks, and the patient each row belongs to; some columns do not apply, and some patients may have no row."""
    rng = np.random.default_rng(seed)
    tokens = np.stack([rng.integers(-1, size, rows) for size in network.sizes], 1)
    mask = masks(network.columns, tuple(range(network.columns)), 0.5, rng.random(rows), rng)
    patient = torch.from_numpy(rng.integers(0, patients, rows))
    return Rows(network, torch.from_numpy(tokens), torch.from_numpy(mask), patient, torch.from_numpy(rng.random(rows)))


def tables(patients: int, visits: int) -> Tables:
    return [batch(PERSON, 2 * patients, patients), batch(VISIT, visits, patients, 1)]


def part(rows: Rows, kept: Tensor, patient: Tensor) -> Rows:
    return Rows(rows.network, rows.tokens[kept], rows.mask[kept], patient, rows.share[kept])


def by_hand(rows: Rows, flat: Tensor) -> Tensor:
    """The plain gradient, by autograd."""
    leaf = flat.clone().requires_grad_()
    out = logits(rows.network, views(rows.network.shapes, leaf), shown(rows.network, rows.tokens, rows.mask))
    return torch.autograd.grad((losses(rows.network, out, rows.tokens, rows.mask) * rows.share).sum(), leaf)[0]


@pytest.mark.parametrize(("patients", "visits"), [(12, 12), (7, 30), (2, 200), (5, 0)])
@pytest.mark.parametrize("clip", [0.05, 3.0, 1e9])
def test_clipped_sums_equal_autograd_patient_by_patient(patients: int, visits: int, clip: float) -> None:
    everything, start_ = tables(patients, visits), flats()
    expected = torch.zeros(PERSON.length + VISIT.length, dtype=torch.float64)
    for i in range(patients):
        mine = [part(t, t.patient == i, t.patient[t.patient == i]) for t in everything]
        parts = [by_hand(rows, flat) if len(rows.tokens) else 0 * flat for rows, flat in zip(mine, start_, strict=True)]
        gradient = torch.cat(parts)
        expected += gradient * min(1.0, clip / max(float(gradient.norm()), 1e-30))
    found = torch.cat(clipped(everything, start_, patients, clip))
    assert torch.allclose(found, expected, rtol=1e-9, atol=1e-9 * float(expected.abs().max()))


@pytest.mark.parametrize("broken", [float("nan"), float("inf")])
def test_a_patient_whose_gradient_is_not_finite_counts_as_nothing(broken: float) -> None:
    everything, start_ = tables(6, 20), flats()
    start_[0] = start_[0].clone()
    views(PERSON.shapes, start_[0])["embed"][PERSON.first[1] + 2] = broken  # what rows with token 2 of column 1 look up
    found = clipped(everything, start_, 6, 1.0)
    shown_ = shown(PERSON, everything[0].tokens, everything[0].mask)
    met = set(everything[0].patient[(shown_ == PERSON.first[1] + 2).any(1)].tolist())
    assert met and met != set(range(6))
    kept = [torch.tensor([int(p) not in met for p in t.patient], dtype=torch.bool) for t in everything]
    rest = clipped([part(t, k, t.patient[k]) for t, k in zip(everything, kept, strict=True)], start_, 6, 1.0)
    assert all(torch.allclose(a, b) for a, b in zip(found, rest, strict=True))


@pytest.mark.parametrize("scale", [0.5, 5.0])
def test_no_patient_moves_the_sum_by_more_than_the_bound(scale: float) -> None:
    everything, start_ = tables(9, 60), flats(scale)
    whole = torch.cat(clipped(everything, start_, 9, 1.0))
    for i in range(9):
        kept = [t.patient != i for t in everything]
        rest = [part(t, k, t.patient[k]) for t, k in zip(everything, kept, strict=True)]
        assert float((whole - torch.cat(clipped(rest, start_, 9, 1.0))).norm()) <= 1 + 1e-9


def test_heads_start_at_the_given_marginals() -> None:
    given = [np.array([0.1, 0.2, 0.3, 0.4, 0.0]), np.array([0.9, 0.1]), np.full(4, 0.25)]
    rows = batch(PERSON, 20, 20)
    out = logits(PERSON, views(PERSON.shapes, start(PERSON, given, 3)), shown(PERSON, rows.tokens, rows.mask))
    for head, share in zip(PERSON.heads, given, strict=True):
        assert np.allclose(torch.softmax(out[:, head], 1).numpy(), share, atol=1e-5)


def test_masks_hide_one_to_all_columns_evenly_and_follow_the_order_when_asked() -> None:
    rng = np.random.default_rng(0)
    mask = masks(3, (2, 0, 1), 1.0, spread(3000, rng), rng)
    assert np.bincount(mask.sum(1), minlength=4).tolist() == [0, 1000, 1000, 1000]
    assert {tuple(row) for row in mask.astype(int).tolist()} == {(0, 1, 0), (1, 1, 0), (1, 1, 1)}
    anything = masks(3, (2, 0, 1), 0.0, spread(3000, rng), rng)
    assert {tuple(row) for row in anything.astype(int).tolist()} == set(product((0, 1), repeat=3)) - {(0, 0, 0)}


def test_what_follows_from_a_hidden_column_is_hidden_and_what_does_not_apply_is_seen() -> None:
    tokens, mask = torch.tensor([[1, 2, -1], [1, 2, 5]]), torch.tensor([[True, True], [False, True]])
    (hidden, _, gone), (seen, two, also) = (shown(VISIT, tokens, mask) - torch.tensor(VISIT.first)).tolist()
    assert (hidden, gone) == (4, 7)
    assert (seen, two, also) == (1, 2, 6)
