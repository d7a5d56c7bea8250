"""A learned root table: rows that the decoder makes of random codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generators.ctgan.fields import Fields
from generators.ctgan.layout import Layout, picked
from generators.diffusion.device import Wish, back, device, placed, wished
from generators.diffusion.flat import views
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, named, of
from generators.trained import Weights
from generators.tvae.network import CODE, LEAST, MOST, Sizes, decoded

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Decoder:
    """`weights` (length,) of both networks; `within[variable]` of variables they know coarsely."""

    layout: Layout
    width: int
    depth: int
    weights: Weights
    within: Mapping[str, Floats]
    wish: Wish = "auto"

    @property
    def plan(self) -> Plan:
        """The root table's plan."""
        return self.layout.fields.plan

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` root rows, independent of each other, and fine codes of ordered variables.

        Drawn, as the paper says, from what is decoded: normal distances, choices by their softmax.
        """
        sizes = Sizes.of(self.layout.fields, self.width, self.depth)
        where = device(self.wish)
        weights = views(sizes.shapes, placed(self.weights, where))
        code = placed(rng.standard_normal((rows, CODE), np.float32), where)
        with torch.no_grad():
            logits = back(decoded(sizes, weights, code).double())
        away, choices = picked(self.layout.fields, logits, rng)
        sigma = back(weights["sigma"].clamp(LEAST, MOST).double())
        return self.layout.codes(away + sigma * rng.standard_normal(away.shape), choices)

    def arrays(self) -> Stored:
        """All parameters: "weights", "counts", "trunk" (width and depth), "device" and "variable/within"."""
        own: dict[str, NDArray[Any]] = {"weights": self.weights, "counts": self.layout.counts}
        own |= {"trunk": np.array([self.width, self.depth]), "device": np.array(self.wish)}
        return {**own, **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Decoder:
        """From what `arrays` gave."""
        width, depth = map(int, stored["trunk"])
        layout = Layout(Fields.of(plan), stored["counts"])
        return Decoder(layout, width, depth, stored["weights"], of("within", stored), wished(stored))
