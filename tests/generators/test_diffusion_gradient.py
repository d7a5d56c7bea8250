"""The summed gradient: equal to plain autograd patient by patient, and bounded for every patient."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from generators.diffusion.gradient import summed
from generators.diffusion.loss import losses, masks
from generators.diffusion.network import Network, hidden, logits, start, views

NETWORK = Network(sizes=(3, 5, 2, 4), context=1, width=8, depth=2)


def weights(scale: float = 0.5) -> Tensor:
    """Weights none of which is zero."""
    marginals = [np.full(size, 1 / size) for size in NETWORK.sizes[1:]]
    flat = start(NETWORK, marginals, 0)
    return flat + scale * torch.randn(NETWORK.length, generator=torch.Generator().manual_seed(1))


def batch(rows: int, patients: int, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    """Rows, masks, and the patient each row belongs to; every patient has a row."""
    rng = np.random.default_rng(seed)
    tokens = torch.from_numpy(np.stack([rng.integers(0, size, rows) for size in NETWORK.sizes], 1))
    mask = masks(NETWORK, rows, (2, 0, 1), 0.5, torch.Generator().manual_seed(seed))
    patient = np.concatenate([np.arange(patients), rng.integers(0, patients, rows - patients)])
    return tokens, mask, torch.from_numpy(rng.permutation(patient))


def by_hand(flat: Tensor, tokens: Tensor, mask: Tensor, share: Tensor) -> Tensor:
    """One patient's gradient, by plain autograd."""
    leaf = flat.clone().requires_grad_()
    out = logits(NETWORK, views(NETWORK, leaf), hidden(NETWORK, tokens, mask))
    return torch.autograd.grad((losses(NETWORK, out, tokens, mask) * share).sum(), leaf)[0]


@pytest.mark.parametrize(("rows", "patients"), [(12, 12), (30, 7), (200, 2)])
@pytest.mark.parametrize("clip", [0.05, 3.0, 1e9])
def test_clipped_sums_equal_autograd_patient_by_patient(rows: int, patients: int, clip: float) -> None:
    flat, (tokens, mask, patient), share = weights(), batch(rows, patients), torch.rand(rows)
    expected = torch.zeros(NETWORK.length)
    for i in range(patients):
        mine = patient == i
        gradient = by_hand(flat, tokens[mine], mask[mine], share[mine])
        expected += gradient * min(1.0, clip / float(gradient.norm()))
    found, _ = summed(NETWORK, flat, tokens, mask, patient, share, clip)
    assert torch.allclose(found, expected, rtol=1e-3, atol=1e-5 * float(expected.abs().max()) + 1e-6)


def test_without_a_bound_it_is_the_plain_sum() -> None:
    flat, (tokens, mask, patient) = weights(), batch(30, 7)
    plain, loss = summed(NETWORK, flat, tokens, mask, patient, torch.ones(30), None)
    loose, same = summed(NETWORK, flat, tokens, mask, patient, torch.ones(30), 1e9)
    assert torch.allclose(plain, loose, rtol=1e-4, atol=1e-5)
    assert loss == pytest.approx(same, rel=1e-5)


@pytest.mark.parametrize("scale", [0.5, 5.0])
def test_no_patient_moves_the_sum_by_more_than_the_bound(scale: float) -> None:
    flat, (tokens, mask, patient), share = weights(scale), batch(40, 9), torch.ones(40)
    everyone, _ = summed(NETWORK, flat, tokens, mask, patient, share, 1.0)
    for i in range(9):
        rest = patient != i
        number = patient[rest] - (patient[rest] > i).long()
        without, _ = summed(NETWORK, flat, tokens[rest], mask[rest], number, share[rest], 1.0)
        alone, _ = summed(NETWORK, flat, tokens[~rest], mask[~rest], patient[~rest] * 0, share[~rest], 1.0)
        assert float(alone.detach().norm()) <= 1.0 + 1e-5
        assert torch.allclose(everyone - without, alone, atol=1e-4)


def test_heads_start_at_the_given_marginals() -> None:
    given = [np.array([0.1, 0.2, 0.3, 0.4, 0.0]), np.array([0.9, 0.1]), np.full(4, 0.25)]
    flat, (tokens, mask, _) = start(NETWORK, given, 3), batch(20, 20)
    out = logits(NETWORK, views(NETWORK, flat), hidden(NETWORK, tokens, mask))
    for head, share in zip(NETWORK.heads, given, strict=True):
        assert np.allclose(torch.softmax(out[:, head], 1).numpy(), share, atol=1e-5)


def test_masks_hide_one_to_all_columns_evenly_and_follow_the_order_when_asked() -> None:
    mask = masks(NETWORK, 3000, (2, 0, 1), 1.0, torch.Generator().manual_seed(0))
    assert np.bincount(mask.sum(1).numpy(), minlength=4).tolist() == [0, 1000, 1000, 1000]
    assert {tuple(row) for row in mask.int().tolist()} == {(0, 1, 0), (1, 1, 0), (1, 1, 1)}
    anything = masks(NETWORK, 3000, (2, 0, 1), 0.0, torch.Generator().manual_seed(0))
    assert {tuple(row) for row in anything.int().tolist()} == set(product((0, 1), repeat=3)) - {(0, 0, 0)}
