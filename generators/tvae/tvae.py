"""TVAE of the root table, trained on sums over hospitals."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from generators.ctgan.fields import Fields
from generators.ctgan.layout import DRAWN, Layout, drawn_counts, packed, unpacked
from generators.diffusion.device import back, device, placed
from generators.diffusion.flat import views
from generators.marginal.learned import Learned
from generators.marginal.model import Model
from generators.marginal.structure import structure
from generators.optimise import ByAdam
from generators.trained import Coded, Floats, Weights
from generators.tvae.gradient import clipped
from generators.tvae.local import BATCH, train
from generators.tvae.network import CODE, Sizes, fresh, losses
from generators.tvae.root import Decoder
from specs.lang.types import Study

ROWS = 4096
"""Patients whose gradients are computed at once."""
STEPS = 1500
"""Steps of training on the base model's rows before the first private round."""
SHORTEST = 32
"""Steps of a local pass, at least, however few the rows."""


class Tvae(ByAdam):
    """Variational autoencoder of Xu et al. 2019 (arXiv 1907.00503); child tables stay the base model's chains.

    The weights are both networks' and the token counts of `generators.ctgan.layout`. The paper's networks are 128 wide and 2
    layers deep, which is the spec's default.
    """

    private = True
    clip = 1.0
    rate = 5e-4

    def __init__(self, study: Study) -> None:
        self.study = study
        self.device = device(study.generator.device)
        self.fields = Fields.of(structure(study)[0])
        self.sizes = Sizes.of(self.fields, study.generator.width, study.generator.depth)

    @property
    def length(self) -> int:
        """Number of weights."""
        return self.sizes.length + sum(self.fields.tokens)

    def begin(self, base: Model) -> Weights:
        """Weights (length,), seeded by the study, and the base model's token counts.

        Where rounds are single gradients the networks first learn from rows of the base model, which is public: that is free,
        and noise leaves few rounds. Where hospitals make passes of their own they are fresh.
        """
        rng = np.random.default_rng([self.study.seed, 2])
        counts = drawn_counts(self.fields, base.learned.root, rng)
        flat = fresh(self.sizes, self.study.seed).to(self.device)
        if not self.study.averages:
            layout = Layout(self.fields, counts)
            rows = layout.dense(*layout.split(base.learned.root.draw(DRAWN, rng), rng))
            flat = train(self.sizes, flat, placed(rows, self.device), STEPS, rng)
        return np.concatenate([back(flat), packed(counts)])

    def gradient(self, weights: Weights, coded: Coded, clip: float, rng: np.random.Generator) -> Floats:
        """Sum over patients of their gradients (length,), each scaled to an L2 norm of at most `clip`; 0 for the counts.

        A patient's mode of each column and the noise its code is drawn with are its own, so that given the others' random
        numbers one patient more or less changes the sum by its own term alone. In 64-bit floats.
        """
        layout, flat = self._parts(weights)
        total = flat.new_zeros(self.sizes.length, dtype=torch.float64)
        for rows, noise in self._portions(layout, coded, rng):
            total += clipped(self.sizes, flat.double(), rows, noise, clip)
        return np.append(back(total), np.zeros(sum(self.fields.tokens)))

    def loss(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> float:
        """Sum over patients of their negative evidence lower bounds (`generators.tvae.network.losses`), in nats."""
        layout, flat = self._parts(weights)
        parts = views(self.sizes.shapes, flat.double())
        with torch.no_grad():
            return sum(float(losses(self.sizes, parts, *some).sum()) for some in self._portions(layout, coded, rng))

    def _portions(self, layout: Layout, coded: Coded, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """Some patients' rows after the other, and the noise that their codes are drawn with, in 64-bit floats."""
        codes = coded[self.fields.plan.table].values
        for low in range(0, len(codes[self.fields.all[0].column.name]), ROWS):
            part = {name: codes[name][low : low + ROWS] for name in self.fields.names}
            rows = placed(layout.dense(*layout.split(part, rng)), self.device).double()
            yield rows, placed(rng.standard_normal((len(rows), CODE)), self.device)

    def trained(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> Weights:
        """Weights (length,) after about one epoch over the rows, `SHORTEST` steps at least."""
        layout, flat = self._parts(weights)
        away, choices = layout.split(coded[self.fields.plan.table].values, rng)
        if len(away) == 0:
            return weights
        rows = placed(layout.dense(away, choices), self.device)
        moved = train(self.sizes, flat, rows, max(len(rows) // BATCH, SHORTEST), rng)
        return np.concatenate([back(moved), weights[self.sizes.length :]])

    def learned(self, weights: Weights, base: Model) -> Learned:
        """The decoder for the root table, the base model's chains for the others."""
        layout, flat = self._parts(weights)
        within = self.fields.coarse(base.learned.root.within)
        root = Decoder(layout, self.sizes.width, self.sizes.depth, back(flat), within, self.study.generator.device)
        return Learned(root, base.learned.chains)

    def _parts(self, weights: Weights) -> tuple[Layout, Tensor]:
        """The layout and the networks' weights."""
        if weights.shape != (self.length,):
            raise ValueError(f"weights must be ({self.length},)")
        flat, counts = np.split(weights.astype(np.float32), [self.sizes.length])
        return Layout(self.fields, unpacked(counts)), placed(flat.copy(), self.device)
