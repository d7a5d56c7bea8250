"""The summed gradient of a batch of patients, each patient's clipped: the function a hospital evaluates.

A patient's gradient is never formed. All layers are linear in their weights, so one backward pass to the layers' outputs
gives every norm and the weighted sum in closed form (ghost norms: Goodfellow 2015, Li et al. 2021; Bu et al. 2022 for
the sum without a second backward pass).
"""

from __future__ import annotations

import torch
from torch import Tensor

from generators.diffusion.loss import losses
from generators.diffusion.network import Layer, Network, hidden, logits, views


def summed(
    network: Network, flat: Tensor, tokens: Tensor, mask: Tensor, patient: Tensor, share: Tensor, clip: float | None
) -> tuple[Tensor, float]:
    """Sum over patients of their gradients (length,), each scaled to an L2 norm of at most `clip`; and the summed loss.

    `tokens` (n, columns), `mask` (n, predicted columns), `patient` (n,): row i belongs to patient `patient[i]`, numbered
    from 0; a patient's loss is the sum over its rows of `share` (n,) times the row's loss (1/masks for several masks of
    one row). Without `clip` nothing is scaled.

    The sum changes by at most `clip` in L2 when one patient comes or goes: each patient's term depends on that patient's
    rows alone, and no layer mixes rows.
    """
    weights = {name: part.requires_grad_() for name, part in views(network, flat.detach()).items()}
    tape: list[Layer] = []
    out = logits(network, weights, hidden(network, tokens, mask), tape if clip is not None else None)
    loss = (losses(network, out, tokens, mask) * share).sum()
    if clip is None:
        parts = torch.autograd.grad(loss, list(weights.values()))
        return torch.cat([part.flatten() for part in parts]), float(loss.detach())
    slopes = torch.autograd.grad(loss, [layer.output for layer in tape])
    scale = (clip / norms(tape, slopes, patient).clamp(min=1e-12)).clamp(max=1.0)
    pieces: dict[str, Tensor] = {}
    for layer, slope in zip(tape, slopes, strict=True):
        pieces |= total(layer, slope * scale[patient][:, None], network)
    return torch.cat([pieces[name].flatten() for name in network.shapes]), float(loss.detach())


def norms(tape: list[Layer], slopes: tuple[Tensor, ...], patient: Tensor) -> Tensor:
    """L2 norm of each patient's gradient (patients,), from Gram matrices of the layers' inputs and slopes."""
    place, wide = positions(patient)
    square = torch.zeros(len(place))

    def by_patient(rows: Tensor) -> Tensor:
        filled = torch.cat([rows.to(torch.float32), torch.zeros(1, rows.shape[1])])
        return filled[place]

    for layer, slope in zip(tape, slopes, strict=True):
        g = by_patient(slope)
        if layer.name.startswith("norm"):
            square += by_patient(slope * layer.input).sum(1).square().sum(1) + g.sum(1).square().sum(1)
        elif layer.name == "embed":
            rows = torch.cat([layer.input, layer.input.new_full((1, layer.input.shape[1]), -1)])[place]
            for column in rows.unbind(2):
                same = column[:, :, None] == column[:, None, :]
                square += (same * (g @ g.mT)).sum((1, 2))
        else:
            a = by_patient(layer.input)
            # Gram matrices cost rows^2, the gradient itself width^2
            square += (g @ g.mT * (a @ a.mT)).sum((1, 2)) if wide <= 64 else (g.mT @ a).square().sum((1, 2))
            square += g.sum(1).square().sum(1)
    return square.clamp(min=0).sqrt()


def positions(patient: Tensor) -> tuple[Tensor, int]:
    """Each patient's rows (patients, most rows of one), padded with n; and that most."""
    count = torch.bincount(patient)
    order = patient.argsort(stable=True)
    rank = torch.arange(len(patient)) - (count.cumsum(0) - count)[patient[order]]
    wide = int(count.max())
    place = torch.full((len(count), wide), len(patient))
    place[patient[order], rank] = order
    return place, wide


def total(layer: Layer, slope: Tensor, network: Network) -> dict[str, Tensor]:
    """A layer's summed weight gradients, from the scaled slopes of its output."""
    if layer.name == "embed":
        table = torch.zeros(network.shapes["embed"])
        for column in layer.input.unbind(1):
            table.index_add_(0, column, slope)
        return {"embed": table}
    if layer.name.startswith("norm"):
        return {f"{layer.name}.w": (slope * layer.input).sum(0), f"{layer.name}.b": slope.sum(0)}
    return {f"{layer.name}.w": slope.mT @ layer.input, f"{layer.name}.b": slope.sum(0)}
