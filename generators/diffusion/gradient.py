"""The summed gradient of patients, each patient's clipped: the function a hospital evaluates.

A patient's gradient is never formed. All layers are linear in their weights, so one backward pass to the layers' outputs
gives every norm and the weighted sum in closed form (ghost norms: Goodfellow 2015, Li et al. 2021; Bu et al. 2022 for
the sum without a second backward pass).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from generators.diffusion.flat import Parts, views
from generators.diffusion.layers import Layer
from generators.diffusion.loss import losses
from generators.diffusion.network import Network, logits, shown

ROUNDING = 1e-12
"""Norms are taken to be larger by this share of the sum of their rows' norms: more than what rounding can hide of them."""


@dataclass(frozen=True)
class Rows:
    """Rows of some patients for one network: `tokens` (n, columns), `mask` (n, predicted columns), both as in `network`.

    Row i belongs to patient `patient[i]`, numbered from 0; a patient's loss is the sum over its rows, of all tables, of
    `share` (n,) times the row's loss.
    """

    network: Network
    tokens: Tensor
    mask: Tensor
    patient: Tensor
    share: Tensor

    def to(self, device: torch.device) -> Rows:
        """The same on a device."""
        moved = {name: getattr(self, name).to(device) for name in ("tokens", "mask", "patient", "share")}
        return replace(self, **moved)


def clipped(tables: Sequence[Rows], flats: Sequence[Tensor], patients: int, clip: float) -> list[Tensor]:
    """Sum over patients of their gradients, one (length,) per table, each patient's whole vector scaled to at most `clip`.

    One patient more or less changes the whole sum by at most `clip` in L2: its term depends on its rows and masks alone, and
    no layer mixes rows. The term of a patient whose norm is not finite is 0.
    """
    runs = [_run(rows, flat) for rows, flat in zip(tables, flats, strict=True)]
    square = flats[0].new_zeros(patients)
    for rows, run in zip(tables, runs, strict=True):
        square += squares(run, rows.patient, patients)
    norm = square.sqrt()
    scale = torch.where(torch.isfinite(norm), (clip / norm.clamp(min=1e-30)).clamp(max=1.0), 0.0)
    return [_summed(rows, run, scale[rows.patient]) for rows, run in zip(tables, runs, strict=True)]


def summed(rows: Rows, weights: Parts, tape: list[Layer] | None = None) -> Tensor:
    """The sum of the patients' losses for one table; layers are noted on `tape`."""
    out = logits(rows.network, weights, shown(rows.network, rows.tokens, rows.mask), tape)
    return (losses(rows.network, out, rows.tokens, rows.mask) * rows.share).sum()


@dataclass(frozen=True)
class _Run:
    """A forward pass and the slopes of the loss at its layers' outputs."""

    tape: list[Layer]
    slopes: tuple[Tensor, ...]


def _run(rows: Rows, flat: Tensor) -> _Run:
    weights = {name: part.requires_grad_() for name, part in views(rows.network.shapes, flat.detach()).items()}
    tape: list[Layer] = []
    loss = summed(rows, weights, tape)
    slopes = torch.autograd.grad(loss, [layer.output for layer in tape])
    return _Run([Layer(layer.name, layer.input.detach(), layer.output.detach()) for layer in tape], slopes)


def squares(run: _Run, patient: Tensor, patients: int) -> Tensor:
    """Squared L2 norm of each patient's gradient (patients,), from Gram matrices of the layers' inputs and slopes."""
    place, wide = positions(patient, patients)
    square = run.slopes[0].new_zeros(patients)

    def by_patient(rows: Tensor) -> Tensor:
        return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])[place]

    for layer, slope in zip(run.tape, run.slopes, strict=True):
        g = by_patient(slope)
        size = g.norm(dim=2)
        if layer.name.startswith("norm"):
            square += by_patient(slope * layer.input).sum(1).square().sum(1) + g.sum(1).square().sum(1)
            size = size * (1 + by_patient(layer.input).abs().amax(2))
        elif layer.name == "embed":
            rows = torch.cat([layer.input, layer.input.new_full((1, layer.input.shape[1]), -1)])[place]
            gram = g @ g.mT
            for column in rows.unbind(2):
                square += ((column[:, :, None] == column[:, None, :]) * gram).sum((1, 2))
            size = size * rows.shape[2]
        else:
            a = by_patient(layer.input)
            # Gram matrices cost rows^2, the gradient itself width^2
            square += (g @ g.mT * (a @ a.mT)).sum((1, 2)) if wide <= 64 else (g.mT @ a).square().sum((1, 2))
            square += g.sum(1).square().sum(1)
            size = size * (1 + a.norm(dim=2))
        square += ROUNDING * size.sum(1).square()
    return square


def positions(patient: Tensor, patients: int) -> tuple[Tensor, int]:
    """Each patient's rows (patients, most rows of one), padded with n; and that most."""
    count = torch.bincount(patient, minlength=patients)
    order = patient.argsort(stable=True)
    rank = torch.arange(len(patient), device=patient.device) - (count.cumsum(0) - count)[patient[order]]
    wide = int(count.max())
    place = patient.new_full((patients, wide), len(patient))
    place[patient[order], rank] = order
    return place, wide


def _summed(rows: Rows, run: _Run, scale: Tensor) -> Tensor:
    """The layers' weight gradients, rows scaled; rows of scale 0 are left out, so that what is not finite in them is too."""
    kept = scale > 0
    pieces: dict[str, Tensor] = {}
    for layer, slope in zip(run.tape, run.slopes, strict=True):
        pieces |= _total(layer.name, layer.input[kept], slope[kept] * scale[kept][:, None], rows.network)
    return torch.cat([pieces[name].flatten() for name in rows.network.shapes])


def _total(name: str, given: Tensor, slope: Tensor, network: Network) -> dict[str, Tensor]:
    """A layer's summed weight gradients, from the scaled slopes of its output."""
    if name == "embed":
        table = slope.new_zeros(network.shapes["embed"])
        for column in given.unbind(1):
            table.index_add_(0, column, slope)
        return {"embed": table}
    if name.startswith("norm"):
        return {f"{name}.w": (slope * given).sum(0), f"{name}.b": slope.sum(0)}
    return {f"{name}.w": slope.mT @ given, f"{name}.b": slope.sum(0)}
