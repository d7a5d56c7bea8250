"""What is learned: cross-entropy of every step of every row, given all that lies before it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional

from generators.diffusion.flat import Parts
from generators.diffusion.layers import Layer
from generators.timeline.layout import Layout
from generators.timeline.network import attention, trunk
from generators.timeline.sequence import Batch


def features(layout: Layout, weights: Parts, batch: Batch, tape: list[Layer] | None = None) -> tuple[Tensor, list[Tensor]]:
    """What the trunk makes of every position (patients, positions, width), and each layer's keys (patients, keys, 2 width).

    Layers are noted on `tape`.
    """
    bias, kept = batch.bias(layout, weights["embed"].dtype), []

    def attend(_: int, query: Tensor, plain: Tensor, keys: Callable[[Tensor], Tensor]) -> Tensor:
        kept.append(keys(plain[:, : batch.keys]))
        return attention(layout.network, query, kept[-1], bias)

    return trunk(layout.network, weights, batch.shown, attend, tape), kept


def loss(layout: Layout, weights: Parts, batch: Batch, evenly: bool, tape: list[Layer] | None = None) -> Tensor:
    """The sum over all asked positions, in nats; `evenly`: a patient's rows of a table count as their mean."""
    found = features(layout, weights, batch, tape)[0].flatten(0, 1)
    total = found.new_zeros(())
    for number, (ask, head) in enumerate(zip(batch.asks, layout.network.heads, strict=True)):
        given = found[ask.place]
        out = functional.linear(given, weights["head.w"][head], weights["head.b"][head])
        if tape is not None:
            tape.append(Layer(f"head{number}", given, out))
        each = functional.cross_entropy(out, ask.aim, reduction="none")
        total = total + ((each * ask.share).sum() if evenly else each.sum())
    return total
