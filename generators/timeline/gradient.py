"""The summed gradient of patients, each patient's clipped: the function a hospital evaluates.

One backward pass gives the slopes at the layers' outputs. Layers are linear in their weights and a patient is one sequence:
so a patient's gradient of a layer is the product of slopes and inputs over that sequence, formed for a few patients at a time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.diffusion.flat import views
from generators.diffusion.gradient import positions
from generators.diffusion.layers import Layer
from generators.timeline.layout import Layout
from generators.timeline.loss import loss
from generators.timeline.sequence import Batch, Held, batch

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
MEMORY = 1 << 24
"""Numbers held at once, about: gradients of patients, and what their attention compares."""
TOGETHER = 4096
"""Patients computed at once, at most."""


def clipped(layout: Layout, flat: Tensor, tables: Sequence[Held], uniform: Floats, most: int, clip: float) -> Tensor:
    """Sum over patients of their gradients (length,), each scaled to an L2 norm of at most `clip`.

    Patient i's rows are chosen by `uniform[i]`; its term depends on these rows and the weights alone, so one patient more or
    less changes the sum by at most `clip`. The term of a patient whose norm is not finite is 0. Where `clip` is infinity no
    patient's gradient is formed, and the sum is that of all.
    """
    total, free = torch.zeros_like(flat), math.isinf(clip)
    for chosen in portions(layout, tables, len(uniform), most, 0 if free else len(flat)):
        some = batch(layout, tables, chosen, uniform[chosen], most).to(flat.device)
        total += _together(layout, flat, some) if free else _scaled(gradients(layout, flat, some), clip)
    return total


def _scaled(each: Tensor, clip: float) -> Tensor:
    """The sum of patients' gradients (patients, length), each scaled."""
    norm = each.norm(dim=1)
    kept = torch.isfinite(norm)
    return (clip / norm[kept].clamp(min=1e-30)).clamp(max=1.0) @ each[kept]


def _together(layout: Layout, flat: Tensor, some: Batch) -> Tensor:
    """The gradient of the patients' summed loss (length,)."""
    leaf = flat.detach().requires_grad_()
    return torch.autograd.grad(loss(layout, views(layout.network.shapes, leaf), some, True), leaf)[0]


def gradients(layout: Layout, flat: Tensor, batch: Batch) -> Tensor:
    """Each patient's gradient (patients, length)."""
    weights = {name: part.requires_grad_() for name, part in views(layout.network.shapes, flat.detach()).items()}
    tape: list[Layer] = []
    total = loss(layout, weights, batch, True, tape)
    slopes = torch.autograd.grad(total, [layer.output for layer in tape])
    patients, positions_ = batch.shown.shape[:2]
    shapes = layout.network.shapes
    pieces = {name: flat.new_zeros(patients, *shapes[name]) for name in ("head.w", "head.b")}
    for layer, slope in zip(tape, slopes, strict=True):
        if layer.name == "embed":
            pieces["embed"] = _embedded(layer.input, slope, shapes["embed"][0])
        elif layer.name.startswith("head"):
            number = int(layer.name.removeprefix("head"))
            head = layout.network.heads[number]
            place, _ = positions(batch.asks[number].place // positions_, patients)
            given, rise = (torch.cat([x, x.new_zeros(1, x.shape[1])])[place] for x in (layer.input.detach(), slope))
            pieces["head.w"][:, head], pieces["head.b"][:, head] = rise.mT @ given, rise.sum(1)
        elif f"{layer.name}.w" in shapes and len(shapes[f"{layer.name}.w"]) == 1:
            pieces |= {f"{layer.name}.w": (slope * layer.input.detach()).sum(1), f"{layer.name}.b": slope.sum(1)}
        else:
            pieces |= {f"{layer.name}.w": slope.mT @ layer.input.detach(), f"{layer.name}.b": slope.sum(1)}
    return torch.cat([pieces[name].flatten(1) for name in shapes], 1)


def _embedded(shown: Tensor, slope: Tensor, tokens: int) -> Tensor:
    """The gradient of the embedding table by patient (patients, tokens, width)."""
    patients, width = len(shown), slope.shape[2]
    table = slope.new_zeros(patients * (tokens + 1), width)
    whose = shown + (torch.arange(patients, device=shown.device) * (tokens + 1))[:, None, None]
    for column in whose.unbind(2):
        table.index_add_(0, column.flatten(), slope.flatten(0, 1))
    return table.view(patients, tokens + 1, width)[:, :tokens]


def portions(layout: Layout, tables: Sequence[Held], patients: int, most: int, each: int) -> list[Ints]:
    """All patients, those of alike length together, a few at a time: so few that `MEMORY` holds them, `each` numbers for one."""
    keys, wide = np.ones((2, patients), np.int64)
    for sheet, table in zip(layout.sheets, tables, strict=False):
        count = np.minimum(np.diff(table.first), most)
        keys, wide = keys + count, wide + count * (1 + len(sheet.predicted))
    need = each + wide * (keys * len(layout.network.slopes) + 8 * layout.network.width)
    order = np.argsort(wide, kind="stable")
    found, low = [], 0
    while low < len(order):
        ahead = need[order[low : low + TOGETHER]]
        needed = np.maximum.accumulate(ahead) * np.arange(1, len(ahead) + 1)
        high = low + max(1, int(np.searchsorted(needed, MEMORY)))
        found.append(order[low:high])
        low = high
    return found
