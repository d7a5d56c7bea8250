"""A learned root table: rows that the generator makes of noise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from generators.ctgan.condition import Conditions, public
from generators.ctgan.fields import Fields
from generators.ctgan.layout import Layout, picked
from generators.ctgan.network import NOISE, Sizes, made, moments
from generators.diffusion.device import Wish, back, device, placed, wished
from generators.diffusion.flat import views
from generators.marginal.plan import Plan
from generators.marginal.stored import Stored, named, of
from generators.trained import Weights

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
TRIED = 8192
"""Rows that the statistics of the generator's normalisation are taken from."""


@dataclass(frozen=True)
class Maker:
    """`weights` (generator's,) and its `moments` (depth, 2, width); `within[variable]` of variables it knows coarsely."""

    layout: Layout
    width: int
    depth: int
    weights: Weights
    moments: NDArray[np.float32]
    within: Mapping[str, Floats]
    wish: Wish = "auto"

    @staticmethod
    def of(layout: Layout, sizes: Sizes, weights: Weights, within: Mapping[str, Floats], seed: int, wish: Wish = "auto") -> Maker:
        """From trained weights; statistics are those of rows made for it."""
        parts = views(sizes.generator, placed(weights, device(wish)))
        asked = placed(_asked(layout, TRIED, np.random.default_rng([seed, 3])), device(wish))
        found = moments(parts, sizes.depth, asked)
        stacked = back(torch.stack([torch.stack(m) for m in found]))
        return Maker(layout, sizes.width, sizes.depth, weights, stacked, within, wish)

    @property
    def plan(self) -> Plan:
        """The root table's plan."""
        return self.layout.fields.plan

    def draw(self, rows: int, rng: np.random.Generator) -> dict[str, Ints]:
        """Codes of `rows` root rows, independent of each other, and fine codes of ordered variables.

        Each row's condition is a category of a random field, as often as the noised histograms have it.
        """
        sizes = Sizes.of(self.layout.fields, self.width, self.depth)
        where = device(self.wish)
        weights = views(sizes.generator, placed(self.weights, where))
        known = [(m[0], m[1]) for m in placed(self.moments, where)]
        logits = made(weights, self.depth, placed(_asked(self.layout, rows, rng), where), known)
        return self.layout.codes(*picked(self.layout.fields, back(logits.double()), rng))

    def arrays(self) -> Stored:
        """All parameters: "weights", "moments", "counts", "trunk" (width and depth), "device" and "variable/within"."""
        own: dict[str, NDArray[Any]] = {"weights": self.weights, "moments": self.moments, "counts": self.layout.counts}
        own |= {"trunk": np.array([self.width, self.depth]), "device": np.array(self.wish)}
        return {**own, **named("within", self.within)}

    @staticmethod
    def restore(plan: Plan, stored: Stored) -> Maker:
        """From what `arrays` gave."""
        width, depth = map(int, stored["trunk"])
        layout = Layout(Fields.of(plan), stored["counts"])
        return Maker(layout, width, depth, stored["weights"], stored["moments"], of("within", stored), wished(stored))


def _asked(layout: Layout, rows: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Noise and conditions (rows, NOISE + given)."""
    x = np.zeros((rows, NOISE + layout.fields.given), np.float32)
    x[:, :NOISE] = rng.standard_normal((rows, NOISE), np.float32)
    if layout.fields.categories:
        conditions = Conditions.of(layout, public(layout))
        x[np.arange(rows), NOISE + conditions.places(*conditions.drawn(rows, rng))] = 1.0
    return x
