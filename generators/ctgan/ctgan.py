"""CTGAN of the root table, trained without privacy: hospitals' local passes are averaged."""

from __future__ import annotations

import numpy as np
import torch

from generators.ctgan.fields import Fields
from generators.ctgan.layout import Layout, drawn_counts, packed, unpacked
from generators.ctgan.local import BATCH, LEAST, Held, Pass
from generators.ctgan.network import Sizes
from generators.ctgan.root import Maker
from generators.diffusion.device import back, device, placed
from generators.diffusion.flat import length, start
from generators.marginal.learned import Learned
from generators.marginal.model import Model
from generators.marginal.structure import structure
from generators.optimise import ByAdam
from generators.trained import Coded, Floats, Weights
from specs.lang.types import Study


class Ctgan(ByAdam):
    """Conditional GAN of Xu et al. 2019 (arXiv 1907.00503); child tables stay the base model's chains.

    The weights are the generator's, the critic's, and the token counts of `generators.ctgan.layout`. Spec authors choose width
    and depth; the paper's are 256 and 2. It has no private training (`private`): clipping patient by patient needs a critic
    that judges patients one by one, and this one judges ten together (PacGAN); specs with a budget are refused.
    """

    private = False
    clip = 1.0
    rate = 2e-4

    def __init__(self, study: Study) -> None:
        self.study = study
        self.device = device(study.generator.device)
        self.fields = Fields.of(structure(study)[0])
        self.sizes = Sizes.of(self.fields, study.generator.width, study.generator.depth)
        self._ends = np.cumsum([length(self.sizes.generator), length(self.sizes.critic)])

    @property
    def length(self) -> int:
        """Number of weights."""
        return int(self._ends[-1]) + sum(self.fields.tokens)

    def begin(self, base: Model) -> Weights:
        """Fresh weights (length,), seeded by the study, and the base model's token counts."""
        seeded = torch.Generator().manual_seed(self.study.seed)
        networks = [start(shapes, seeded).numpy() for shapes in (self.sizes.generator, self.sizes.critic)]
        counts = drawn_counts(self.fields, base.learned.root, np.random.default_rng([self.study.seed, 2]))
        return np.concatenate([*networks, packed(counts)])

    def gradient(self, weights: Weights, coded: Coded, clip: float, rng: np.random.Generator) -> Floats:
        """Raises ValueError: there is none (`private`)."""
        raise ValueError("ctgan has no private training: choose tvae or diffusion")

    def loss(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> float:
        """How far apart the critic holds patients and rows that are made, times the number of patients."""
        many, pass_ = self._pass(weights, coded, rng)
        return pass_.distance() * many if pass_ else 0.0

    def trained(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> Weights:
        """Weights (length,) after about one epoch over the rows, `LEAST` steps at least."""
        many, pass_ = self._pass(weights, coded, rng)
        if pass_ is None:
            return weights
        return np.concatenate([back(pass_.train(max(many // BATCH, LEAST))), weights[self._ends[-1] :]])

    def learned(self, weights: Weights, base: Model) -> Learned:
        """The generator for the root table, the base model's chains for the others."""
        maker = weights[: self._ends[0]].astype(np.float32)
        within = self.fields.coarse(base.learned.root.within)
        root = Maker.of(self._layout(weights), self.sizes, maker, within, self.study.seed, self.study.generator.device)
        return Learned(root, base.learned.chains)

    def _pass(self, weights: Weights, coded: Coded, rng: np.random.Generator) -> tuple[int, Pass | None]:
        """The number of patients, and networks that can learn from them if there are any."""
        layout = self._layout(weights)
        away, choices = layout.split(coded[self.fields.plan.table].values, rng)
        if len(away) == 0:
            return 0, None
        held = Held.of(layout, placed(layout.dense(away, choices), self.device), choices)
        flat = placed(weights[: self._ends[-1]].astype(np.float32), self.device)
        return len(away), Pass(self.sizes, layout, held, flat, rng)

    def _layout(self, weights: Weights) -> Layout:
        if weights.shape != (self.length,):
            raise ValueError(f"weights must be ({self.length},)")
        return Layout(self.fields, unpacked(weights[self._ends[-1] :]))
