"""Layers whose part in a forward pass is noted: closed-form gradients per patient are made of it. None of them mixes rows."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from generators.diffusion.flat import Parts


@dataclass(frozen=True)
class Layer:
    """One layer's part in a forward pass: what went in and what came out, for closed-form gradients per patient."""

    name: str
    input: Tensor
    output: Tensor


@dataclass(frozen=True)
class Layers:
    """Applies layers by name, and notes each of them on `tape`, where there is one."""

    weights: Parts
    tape: list[Layer] | None

    def note(self, name: str, given: Tensor, out: Tensor) -> Tensor:
        """`out`, which layer `name` has made of `given`."""
        if self.tape is not None:
            self.tape.append(Layer(name, given, out))
        return out

    def norm(self, name: str, x: Tensor) -> Tensor:
        """LayerNorm (Ba et al. 2016) over the last axis of `x`. What is noted has mean 0 and variance 1 already."""
        plain = functional.layer_norm(x, x.shape[-1:])
        return self.note(name, plain, plain * self.weights[f"{name}.w"] + self.weights[f"{name}.b"])

    def linear(self, name: str, x: Tensor) -> Tensor:
        """A linear layer over the last axis of `x`."""
        return self.note(name, x, functional.linear(x, self.weights[f"{name}.w"], self.weights[f"{name}.b"]))
