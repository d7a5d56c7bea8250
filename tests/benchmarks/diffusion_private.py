r"""Masked diffusion on Adult with differential privacy, noise drawn in the benchmark (floating point: figures, not a release).

    python tests/benchmarks/diffusion_private.py --train train.parquet --test test.parquet --scorer score_single.py \
        --out results.json

Everything read from rows is noised: bins are public grids, the heads start at noised marginals, and every step is a
Poisson sample of patients, their clipped gradients, and Gaussian noise. ε is for add or remove, by dp-accounting's PLD.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import dp_accounting as dp
import numpy as np
import pandas as pd
import torch
from diffusion import frame_of, marginals_of, score, table_of
from dp_accounting.pld import PLDAccountant
from numpy.typing import NDArray

from generators.diffusion.gradient import summed
from generators.diffusion.loss import masks
from generators.diffusion.network import Network, start
from generators.diffusion.optimise import State, advance, begin, rate
from generators.diffusion.sample import by_entropy, passes, sample, stream
from generators.diffusion.tokens import Column, decode, encode

GRIDS = {
    "age": tuple(range(17, 91)),
    "education_num": tuple(range(1, 17)),
    "hours_per_week": tuple(range(1, 100)),
    "fnlwgt": tuple(range(0, 1_500_001, 25_000)),
    "capital_gain": (1, *range(500, 16_000, 500), 20_000, 30_000, 99_999, 100_000),
    "capital_loss": (1, *range(100, 4_400, 100)),
}
"""Public grids, as an author would write them without looking at the rows (0 is an atom of the capital columns)."""


def public_column(values: pd.Series) -> Column:
    """The column's public domain; labels of the categories are the data set's published code list."""
    name = str(values.name)
    if name not in GRIDS:
        return Column(name, labels=tuple(sorted(values.unique())))
    grid = tuple(float(g) for g in GRIDS[name])
    if name in {"age", "education_num", "hours_per_week"}:
        return Column(name, atoms=grid, whole=True)
    return Column(name, atoms=(0.0,) if name.startswith("capital") else (), edges=grid, whole=True)


def epsilon(args: argparse.Namespace) -> float:
    """ε of the marginals and all steps together."""
    accountant = PLDAccountant()
    accountant.compose(dp.GaussianDpEvent(args.marginal_noise))
    accountant.compose(dp.PoissonSampledDpEvent(args.sampled, dp.GaussianDpEvent(args.noise)), args.steps)
    return float(accountant.get_epsilon(args.delta))


def noised_marginals(shares: Sequence[NDArray[np.float64]], rows: int, args: argparse.Namespace) -> list[NDArray[np.float64]]:
    """All one-way counts, one query: a patient adds one to each of `len(shares)` histograms, L2 sqrt(len(shares))."""
    rng, scale = np.random.default_rng(args.seed + 1), args.marginal_noise * len(shares) ** 0.5
    noised = [share * rows + rng.normal(0, scale, len(share)) for share in shares]
    kept = [np.where(counts > scale, counts, scale / 10) for counts in noised]
    return [counts / counts.sum() for counts in kept]


def train(network: Network, rows: torch.Tensor, weights: torch.Tensor, order: Sequence[int], args: argparse.Namespace) -> State:
    """DP-SGD with Adam after the noise: Poisson batches, several masks per patient averaged before clipping."""
    state, generator, expected = begin(weights), torch.Generator().manual_seed(args.seed), args.sampled * len(rows)
    for step in range(args.steps):
        chosen = torch.nonzero(torch.rand(len(rows), generator=generator) < args.sampled)[:, 0]
        gradient = torch.zeros(network.length)
        for part in torch.split(chosen, 512):
            patient = torch.arange(len(part)).repeat(args.masks)
            mask = masks(network, len(patient), order, args.ordered, generator)
            share = torch.full((len(patient),), 1 / args.masks)
            gradient += summed(network, state.weights, rows[part].repeat(args.masks, 1), mask, patient, share, args.clip)[0]
        gradient += torch.randn(network.length, generator=generator) * args.noise * args.clip
        state = advance(state, gradient, expected, rate(step, args.steps, args.rate, warm=10), args.keep, (0.9, 0.999))
        if args.verbose and step % 50 == 0:
            print(step, f"{time.process_time():.1f} s", flush=True)
    return state


def main() -> None:
    """One run: fit, sample, score."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "scorer"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--out")
    parser.add_argument("--tests", default="shape,mle")
    parser.add_argument("--verbose", action="store_true")
    for name, value in {"width": 96, "depth": 1, "steps": 400, "masks": 2, "seed": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    settings = {"sampled": 0.06, "noise": 2.0, "marginal-noise": 4.0, "delta": 1e-5}
    settings |= {"clip": 3.0, "rate": 2e-3, "ordered": 0.7, "keep": 0.97}
    for name, number in settings.items():
        parser.add_argument(f"--{name}", type=float, default=number)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train_rows, test_rows = pd.read_parquet(args.train), pd.read_parquet(args.test)
    spent, begun = epsilon(args), time.process_time()
    columns = [public_column(train_rows[name]) for name in train_rows]
    tokens = encode(columns, frame_of(train_rows, columns))
    shares = noised_marginals(marginals_of(tokens, columns), len(tokens), args)
    network = Network(tuple(column.size for column in columns), width=args.width, depth=args.depth)
    order = by_entropy(shares)
    state = train(network, torch.from_numpy(tokens), start(network, shares, args.seed), order, args)
    fitted, rng = time.process_time(), stream(args.seed, 0)
    hidden = np.full((len(train_rows), len(columns)), -1, np.int64)
    drawn = decode(columns, sample(network, state.average, hidden, passes(order, len(columns)), rng), rng)
    sampled = time.process_time()
    result = {"epsilon": spent, "delta": args.delta, "fit_cpu_s": fitted - begun, "sample_cpu_s": sampled - fitted}
    result |= score(args, train_rows, test_rows, table_of(drawn), 0)
    result["settings"] = {k: v for k, v in vars(args).items() if k not in {"train", "test", "scorer", "out"}}
    print(json.dumps(result, indent=1))
    if args.out:
        Path(args.out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
