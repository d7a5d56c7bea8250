"""The summed gradient of patients, each patient's clipped: the function a hospital evaluates.

A patient is one row and every layer is linear in its weights, so one backward pass to the layers' outputs gives every norm,
|output's slope|^2 (|input|^2 + 1) a layer, and the weighted sum, without any patient's gradient being formed (Goodfellow 2015).
"""

from __future__ import annotations

import torch
from torch import Tensor

from generators.diffusion.flat import views
from generators.tvae.network import Layer, Sizes, losses


def clipped(sizes: Sizes, flat: Tensor, rows: Tensor, noise: Tensor, clip: float) -> Tensor:
    """Sum (length,) over `rows` (n, row) of their losses' gradients, each scaled to an L2 norm of at most `clip`.

    Row i's term depends on `rows[i]`, `noise[i]` and the weights alone. One whose norm is not finite counts as 0.
    """
    weights = {name: part.requires_grad_() for name, part in views(sizes.shapes, flat.detach()).items()}
    tape: list[Layer] = []
    loss = losses(sizes, weights, rows, noise, tape).sum()
    slopes = torch.autograd.grad(loss, [layer.output for layer in tape])
    square = flat.new_zeros(len(rows))
    for layer, slope in zip(tape, slopes, strict=True):
        size = slope.square().sum(1)
        square += size if layer.input is None else size * (layer.input.detach().square().sum(1) + 1)
    norm = square.sqrt()
    kept = torch.isfinite(norm)
    scale = (clip / norm[kept].clamp(min=1e-30)).clamp(max=1.0)[:, None]
    pieces: dict[str, Tensor] = {}
    for layer, slope in zip(tape, slopes, strict=True):
        scaled = slope[kept] * scale
        if layer.input is None:
            pieces[layer.name] = scaled.sum(0)
        else:
            pieces |= {f"{layer.name}.w": scaled.mT @ layer.input.detach()[kept], f"{layer.name}.b": scaled.sum(0)}
    return torch.cat([pieces[name].flatten() for name in sizes.shapes])
