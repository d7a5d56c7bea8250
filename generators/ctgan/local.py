"""A hospital's pass over its rows: critic and generator by turns (WGAN with gradient penalty, Gulrajani et al. 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from generators.ctgan.condition import Conditions, evened, public
from generators.ctgan.layout import Layout
from generators.ctgan.network import NOISE, PAC, Sizes, dropped, judged, made, soft, steepness
from generators.diffusion.device import placed
from generators.diffusion.flat import Parts, length, views

Ints = NDArray[np.int64]
BATCH = 500
RATE, BETAS, DECAY = 2e-4, (0.5, 0.9), 1e-6
PENALTY = 10.0
LEAST = 32
"""Steps of a pass, at least, however few the rows."""


@dataclass(frozen=True)
class Held:
    """Rows (n, row) of one hospital, and where in `order` (fields, n) those with each category of a field are."""

    rows: Tensor
    order: Ints
    first: Ints
    count: Ints

    @staticmethod
    def of(layout: Layout, rows: Tensor, choices: Ints) -> Held:
        """`choices` (n, fields) as in the layout."""
        fields = range(len(layout.fields.categories))
        order = [np.argsort(choices[:, i], kind="stable") for i in fields]
        counts = [np.bincount(choices[:, i], minlength=layout.fields.blocks[i]) for i in fields]
        first = [count.cumsum() - count for count in counts]
        none = np.zeros((0, len(rows)), np.int64)
        return Held(rows, np.stack(order) if order else none, *(np.concatenate([*p, [0]]) for p in (first, counts)))

    def present(self, sizes: Sizes) -> list[NDArray[np.bool_]]:
        """Which categories of each field any row has."""
        ends = np.cumsum(sizes.blocks[: len(self.order)])
        return [part > 0 for part in np.split(self.count[:-1], ends[:-1])] if len(ends) else []

    def like(self, field: Ints, place: Ints, rng: np.random.Generator) -> Tensor:
        """A random row for each condition: of those that fulfil it."""
        at = self.first[place] + (rng.random(len(place)) * self.count[place]).astype(np.int64)
        return self.rows[torch.from_numpy(self.order[field, at])]


class Pass:
    """One pass: networks that learn from the rows of one hospital. Optimisers are its own and end with it."""

    def __init__(self, sizes: Sizes, layout: Layout, held: Held, flat: Tensor, rng: np.random.Generator) -> None:
        self.sizes, self.held, self.rng = sizes, held, rng
        self.noise = torch.Generator().manual_seed(int(rng.integers(1 << 62)))
        cut = length(sizes.generator)
        self.maker, self.critic = (part.clone().requires_grad_() for part in (flat[:cut], flat[cut:]))
        self.conditions = Conditions.of(layout, evened(public(layout), held.present(sizes))) if sizes.given else None
        self.adams = [
            torch.optim.Adam([self.maker], RATE, BETAS, weight_decay=DECAY),
            torch.optim.Adam([self.critic], RATE, BETAS),
        ]

    def train(self, steps: int) -> Tensor:
        """Weights (generator's and critic's) after so many steps of each."""
        for _ in range(steps):
            self._critic_step()
            self._maker_step()
        return torch.cat([self.maker.detach(), self.critic.detach()])

    def distance(self) -> float:
        """How much higher the critic scores patients than rows that are made: its estimate of Wasserstein's distance."""
        with torch.no_grad():
            field, place, given = self._asked()
            packs = torch.cat([self._real(field, place, given), _packs(self._made(given)[1], given)])
            scores, _ = judged(views(self.sizes.critic, self.critic), self.sizes.depth, packs, self._kept(len(packs)))
        many = len(packs) // 2
        return float(scores[:many].mean() - scores[many:].mean())

    def _asked(self) -> tuple[Ints, Ints, Tensor]:
        """Fields, places and conditional vectors (BATCH, given)."""
        given = self.maker.new_zeros(BATCH, self.sizes.given)
        if self.conditions is None:
            return np.zeros(BATCH, np.int64), np.zeros(BATCH, np.int64), given
        field, category = self.conditions.drawn(BATCH, self.rng)
        place = self.conditions.places(field, category)
        given[torch.arange(BATCH), torch.from_numpy(place)] = 1.0
        return field, place, given

    def _made(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """Logits and rows under these conditions."""
        noise = torch.randn(BATCH, NOISE, generator=self.noise).to(given.device)
        logits = made(views(self.sizes.generator, self.maker), self.sizes.depth, torch.cat([noise, given], 1))
        return logits, soft(self.sizes, logits, self.noise)

    def _kept(self, packs: int) -> list[Tensor]:
        return [dropped((packs, self.sizes.width), self.noise).to(self.critic.device) for _ in range(self.sizes.depth)]

    def _real(self, field: Ints, place: Ints, given: Tensor) -> Tensor:
        """Patients' rows that fulfil the conditions, with them, in packs of another order than the generator's."""
        if self.conditions is None:
            return _packs(self.held.rows[torch.from_numpy(self.rng.integers(0, len(self.held.rows), BATCH))], given)
        mixed = self.rng.permutation(BATCH)
        rows = self.held.like(field[mixed], place[mixed], self.rng)
        return _packs(rows, given[torch.from_numpy(mixed)])

    def _critic_step(self) -> None:
        """One step of the critic: real rows should score above made ones, and scores change no faster than by 1 in between."""
        field, place, given = self._asked()
        with torch.no_grad():
            fake = _packs(self._made(given)[1], given)
        real = self._real(field, place, given)
        weights, depth, many = views(self.sizes.critic, self.critic), self.sizes.depth, len(real)
        scores, _ = judged(weights, depth, torch.cat([real, fake]), self._kept(2 * many))
        between = torch.lerp(fake, real, torch.rand(many, 1, generator=self.noise).to(real.device))
        with torch.no_grad():
            _, slopes = judged(weights, depth, between, self._kept(many))
        penalty = PENALTY * (steepness(weights, slopes) - 1).square().mean()
        self._step(1, scores[many:].mean() - scores[:many].mean() + penalty)

    def _maker_step(self) -> None:
        """One step of the generator: made rows should score high, and be of the values they were asked for."""
        field, place, given = self._asked()
        logits, rows = self._made(given)
        critic: Parts = views(self.sizes.critic, self.critic.detach())
        packs = _packs(rows, given)
        scores, _ = judged(critic, self.sizes.depth, packs, self._kept(len(packs)))
        loss = -scores.mean()
        if self.conditions is not None:
            loss = loss + _missed(self.sizes, logits, placed(field, given.device), placed(place, given.device))
        self._step(0, loss)

    def _step(self, which: int, loss: Tensor) -> None:
        self.adams[which].zero_grad()
        loss.backward()
        self.adams[which].step()


def _packs(rows: Tensor, given: Tensor) -> Tensor:
    """(BATCH / PAC, PAC * (row + given)): rows with their conditions, so many side by side."""
    return torch.cat([rows, given], 1).view(len(rows) // PAC, -1)


def _missed(sizes: Sizes, logits: Tensor, field: Tensor, place: Tensor) -> Tensor:
    """Cross-entropy of the category that was asked for, among those of its field."""
    blocks = [block for i, block in enumerate(sizes.blocks) if sum(sizes.blocks[: i + 1]) <= sizes.given]
    owner = torch.repeat_interleave(torch.arange(len(blocks)), torch.tensor(blocks)).to(field.device)
    scores = logits[:, sizes.away : sizes.away + sizes.given]
    own = scores.masked_fill(owner[None, :] != field[:, None], float("-inf"))
    return (own.logsumexp(1) - scores[torch.arange(len(place), device=place.device), place]).mean()
