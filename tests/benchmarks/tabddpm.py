"""A TabDDPM-like generator on one table: Gaussian diffusion of numbers, multinomial diffusion of categories, a network for both.

    python tests/benchmarks/tabddpm.py --train train.parquet --target income --seed 0 --out synthetic.parquet

After Kotelnikov et al. 2023 (arXiv 2209.15421) with Hoogeboom et al. 2021 (arXiv 2102.05379) for categories: numbers through
quantiles of a normal, a multilayer perceptron that knows time and label, a cosine schedule, AdamW with a step size that falls
to nothing. The package that holds it does not install beside a current Torch. One thread; prints CPU seconds as JSON.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
from dataclasses import dataclass
from importlib.metadata import version

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from sklearn.preprocessing import QuantileTransformer
from torch import Tensor, nn
from torch.nn.functional import one_hot

STEPS, TIMES, BATCH, WIDTH, EMBEDDED, RATE, DECAY = 6_000, 100, 1024, 512, 128, 1e-3, 1e-4


class Coded:
    """Numbers as normals, categories as codes, and the way back."""

    def __init__(self, train: pd.DataFrame, target: str, seed: int) -> None:
        self.target, self.columns = target, list(train.columns)
        self.numbers = [c for c in train if pd.api.types.is_numeric_dtype(train[c])]
        self.categories = [c for c in train if c not in self.numbers and c != target]
        self.levels = {c: sorted(train[c].unique()) for c in (*self.categories, target)}
        quantiles = max(min(len(train) // 30, 1000), 10)
        self.scale = QuantileTransformer(output_distribution="normal", n_quantiles=quantiles, subsample=10**9, random_state=seed)
        self.normal = torch.tensor(self.scale.fit_transform(train[self.numbers]), dtype=torch.float32)  # (rows, numbers)
        self.codes = torch.tensor(np.stack([self._codes(train, c) for c in self.categories], 1))  # (rows, categories)
        self.label = torch.tensor(self._codes(train, target))  # (rows,)

    def _codes(self, train: pd.DataFrame, column: str) -> np.ndarray:
        return pd.Categorical(train[column], categories=self.levels[column]).codes.astype(np.int64)

    def table(self, normal: Tensor, codes: Tensor, label: Tensor) -> pd.DataFrame:
        """Rows as published; numbers here are whole."""
        numbers = np.rint(self.scale.inverse_transform(normal.double().numpy())).astype(np.int64)
        made = dict(zip(self.numbers, numbers.T, strict=True))
        for column, found in zip((*self.categories, self.target), (*codes.T, label), strict=True):
            made[column] = np.array(self.levels[column], dtype=object)[found.numpy()]
        return pd.DataFrame(made)[self.columns]


class Denoiser(nn.Module):
    """Noise of the numbers and logits of the categories, of noised rows, their time and label."""

    def __init__(self, inputs: int, labels: int) -> None:
        super().__init__()
        self.time = nn.Sequential(nn.Linear(EMBEDDED, EMBEDDED), nn.SiLU(), nn.Linear(EMBEDDED, EMBEDDED))
        self.label = nn.Embedding(labels, EMBEDDED)
        self.rows = nn.Linear(inputs, EMBEDDED)
        self.body = nn.Sequential(
            nn.Linear(EMBEDDED, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, inputs)
        )

    def forward(self, rows: Tensor, t: Tensor, label: Tensor) -> Tensor:
        """(batch, inputs)"""
        speed = torch.exp(-math.log(10_000) * torch.arange(EMBEDDED // 2) / (EMBEDDED // 2))
        angle = t[:, None] * speed
        told = self.time(torch.cat([angle.cos(), angle.sin()], 1)) + nn.functional.silu(self.label(label))
        return torch.as_tensor(self.body(self.rows(rows) + told))


@dataclass
class Diffusion:
    """Both noises. `sizes` are the categories' numbers of levels; `kept[t]` is what is left of a row after t steps."""

    denoiser: Denoiser
    numbers: int
    sizes: list[int]

    def __post_init__(self) -> None:
        level = torch.cos((torch.arange(TIMES + 1) / TIMES + 0.008) / 1.008 * math.pi / 2) ** 2
        self.step = (level[1:] / level[:-1]).clamp(min=0.001)  # (TIMES,)
        self.kept = torch.cat([torch.ones(1), self.step.cumprod(0)])  # (TIMES + 1,)

    def loss(self, normal: Tensor, codes: Tensor, label: Tensor) -> Tensor:
        """Squared error of the noise plus the divergence of what a category was one step earlier, each a mean over columns."""
        t = torch.randint(0, TIMES, (len(label),))
        noise, left = torch.randn_like(normal), self.kept[t + 1][:, None]
        exact = [one_hot(c, k).float() for c, k in zip(codes.T, self.sizes, strict=True)]
        mixed = [self._mixed(x, left) for x in exact]
        drawn = [one_hot(torch.multinomial(p, 1)[:, 0], k).float() for p, k in zip(mixed, self.sizes, strict=True)]
        said, *logits = self._said(left.sqrt() * normal + (1 - left).sqrt() * noise, drawn, t, label)
        total = (said - noise).square().mean()
        for x, now, logit in zip(exact, drawn, logits, strict=True):
            true, guess = self._before(x, now, t), self._before(logit.softmax(1), now, t)
            total = total + (true * ((true + 1e-30).log() - (guess + 1e-30).log())).sum(1).mean() / len(exact)
        return total

    @torch.no_grad()
    def sample(self, label: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers and codes of so many rows."""
        normal = torch.randn(len(label), self.numbers)
        drawn = [one_hot(torch.randint(0, k, (len(label),)), k).float() for k in self.sizes]
        for at in reversed(range(TIMES)):
            t = torch.full((len(label),), at)
            said, *logits = self._said(normal, drawn, t, label)
            normal = self._earlier(normal, said, at)
            chances = [self._before(logit.softmax(1), now, t) for logit, now in zip(logits, drawn, strict=True)]
            drawn = [one_hot(torch.multinomial(p, 1)[:, 0], k).float() for p, k in zip(chances, self.sizes, strict=True)]
        return normal, torch.stack([x.argmax(1) for x in drawn], 1)

    def _said(self, normal: Tensor, drawn: list[Tensor], t: Tensor, label: Tensor) -> tuple[Tensor, ...]:
        return self.denoiser(torch.cat([normal, *drawn], 1), t, label).split([self.numbers, *self.sizes], 1)

    def _mixed(self, exact: Tensor, left: Tensor) -> Tensor:
        return left * exact + (1 - left) / exact.shape[1]

    def _before(self, first: Tensor, now: Tensor, t: Tensor) -> Tensor:
        """Chances one step earlier, given the first row and the present one (both as chances)."""
        chance = self._mixed(now, self.step[t][:, None]) * self._mixed(first, self.kept[t][:, None])
        return chance / chance.sum(1, keepdim=True)

    def _earlier(self, normal: Tensor, noise: Tensor, at: int) -> Tensor:
        step, left, before = self.step[at], self.kept[at + 1], self.kept[at]
        mean = (normal - (1 - step) / (1 - left).sqrt() * noise) / step.sqrt()
        return mean + ((1 - step) * (1 - before) / (1 - left)).sqrt() * torch.randn_like(normal)


def trained(coded: Coded, steps: int) -> Diffusion:
    """So many steps of descent."""
    sizes = [len(coded.levels[c]) for c in coded.categories]
    denoiser = Denoiser(len(coded.numbers) + sum(sizes), len(coded.levels[coded.target]))
    model = Diffusion(denoiser, len(coded.numbers), sizes)
    descent = torch.optim.AdamW(denoiser.parameters(), lr=RATE, weight_decay=DECAY)
    falling = torch.optim.lr_scheduler.LambdaLR(descent, lambda done: 1 - done / steps)
    for _ in range(steps):
        rows = torch.randint(0, len(coded.label), (BATCH,))
        descent.zero_grad()
        model.loss(coded.normal[rows], coded.codes[rows], coded.label[rows]).backward()  # type: ignore[no-untyped-call]
        descent.step()
        falling.step()
    return model


def main() -> None:
    """Fits, samples as many rows as there are, writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "target", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    coded = Coded(pd.read_parquet(args.train), args.target, args.seed)
    begun = time.process_time()
    model = trained(coded, args.steps)
    fitted = time.process_time()
    label = coded.label[torch.randint(0, len(coded.label), (len(coded.label),))]
    drawn = coded.table(*model.sample(label), label)
    done = time.process_time()
    drawn.to_parquet(args.out)
    versions = {name: version(name) for name in ("torch", "numpy", "scikit-learn")}
    print(json.dumps({"fit_cpu_s": fitted - begun, "sample_cpu_s": done - fitted, "steps": args.steps, "versions": versions}))


if __name__ == "__main__":
    main()
