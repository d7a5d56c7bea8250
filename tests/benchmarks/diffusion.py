"""Masked diffusion on Adult without privacy, one thread: trains, samples, and scores by an outside scorer.

    python tests/benchmarks/diffusion.py --train train.parquet --test test.parquet --scorer score_single.py --out results.json

`--develop` holds a fifth of the training rows out and scores against those: how the settings below were chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from generators.diffusion.gradient import summed
from generators.diffusion.loss import masks
from generators.diffusion.network import Network, start
from generators.diffusion.optimise import State, advance, begin, rate
from generators.diffusion.sample import by_entropy, passes, sample, stream
from generators.diffusion.tokens import Column, Tokens, decode, encode
from generators.frame import Frame, Series

TARGET = "income"


def column_from_rows(values: pd.Series, bins: int, atoms: int) -> Column:
    """What a spec or noised sums would say, read from rows: for benchmarks on public data alone."""
    name, nullable = str(values.name), bool(values.isna().any())
    known = values.dropna()
    if not pd.api.types.is_numeric_dtype(known):
        return Column(name, labels=tuple(sorted(known.astype(str).unique())), nullable=nullable)
    whole = pd.api.types.is_integer_dtype(known)
    if known.nunique() <= atoms:
        return Column(name, atoms=tuple(float(v) for v in sorted(known.unique())), whole=whole, nullable=nullable)
    share = known.value_counts(normalize=True)
    heavy = tuple(float(v) for v in sorted(share.index[share > 1 / bins]))
    rest = known[~known.isin(heavy)]
    edges = np.unique(np.quantile(rest, np.linspace(0, 1, bins + 1)))
    return Column(name, atoms=heavy, edges=tuple(float(e) for e in edges), whole=whole, nullable=nullable)


def frame_of(data: pd.DataFrame, columns: Sequence[Column]) -> Frame:
    """The benchmark's table as a generator holds it."""
    frame: Frame = {}
    for column in columns:
        values, null = data[column.name], data[column.name].isna().to_numpy()
        if column.labels is None:
            frame[column.name] = Series(values.fillna(0).to_numpy(), null)
        else:
            codes = pd.Categorical(values.astype(str), list(column.labels)).codes.astype(np.int64)
            frame[column.name] = Series(codes, null, column.labels)
    return frame


def table_of(frame: Frame) -> pd.DataFrame:
    """A sampled table as pandas, for the scorer."""
    out = {}
    for name, series in frame.items():
        values = np.asarray(series.labels, object)[series.values] if series.labels else series.values
        out[name] = pd.Series(values).mask(series.null)
    return pd.DataFrame(out)


def marginals_of(tokens: Tokens, columns: Sequence[Column]) -> list[NDArray[np.float64]]:
    """Shares of each column's tokens."""
    return [np.bincount(tokens[:, i], minlength=column.size) / len(tokens) for i, column in enumerate(columns)]


def train(
    network: Network, tokens: Tokens, weights: torch.Tensor, order: Sequence[int], args: argparse.Namespace, seed: int
) -> State:
    """Adam over shuffled epochs; stops at a number of steps known before."""
    rows, state = torch.from_numpy(tokens), begin(weights)
    generator = torch.Generator().manual_seed(seed)
    patient, share = torch.arange(args.batch), torch.ones(args.batch)
    line = torch.empty(0, dtype=torch.long)
    for step in range(args.steps):
        if len(line) < args.batch:
            line = torch.cat([line, torch.randperm(len(rows), generator=generator)])
        batch, line = rows[line[: args.batch]], line[args.batch :]
        mask = masks(network, args.batch, order, args.ordered, generator)
        gradient, loss = summed(network, state.weights, batch, mask, patient, share, None)
        state = advance(state, gradient, args.batch, rate(step, args.steps, args.rate), args.keep)
        if args.verbose and step % 250 == 0:
            print(step, f"{loss / args.batch:.3f}", f"{time.process_time():.1f} s", flush=True)
    return state


def score(
    args: argparse.Namespace, train_rows: pd.DataFrame, test_rows: pd.DataFrame, synthetic: pd.DataFrame, seed: int
) -> dict[str, Any]:
    """The outside scorer's figures for one synthetic table."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.parquet" for name in ("train", "test", "synthetic")]
        for path, table in zip(paths, (train_rows, test_rows, synthetic), strict=True):
            table.to_parquet(path)
        report = Path(folder) / "score.json"
        command = [sys.executable, args.scorer, *map(str, paths), "--target", TARGET, "--tests", args.tests]
        subprocess.run([*command, "--no-base", "--out", str(report), "--seed", str(seed)], check=True, capture_output=True)
        found = json.loads(report.read_text())
    figures = {"shape": found["density"]["shape_err_pct"], "trend_fixed": found["density"]["trend_fixed_err_pct"]}
    if "mle" in found:
        figures |= {"tstr_ratio": found["mle"]["ratio_auc"], "accuracy_drop_pp": found["mle"]["acc_drop_pct_points"]}
    if "detection" in found:
        figures |= {"c2st": found["detection"]}
    if "privacy" in found:
        figures |= {name: found["privacy"][name] for name in ("memorization_ratio_syn", "memorization_ratio_test", "dcr_share")}
    return figures | {"worst": found["density"]["worst_columns"], "worst_pairs": found["density"]["worst_pairs"]}


def one(args: argparse.Namespace, train_rows: pd.DataFrame, test_rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Fit, sample and score once; CPU seconds of this process."""
    begun = time.process_time()
    columns = [column_from_rows(train_rows[name], args.bins, args.atoms) for name in train_rows]
    tokens = encode(columns, frame_of(train_rows, columns))
    shares = marginals_of(tokens, columns)
    network = Network(tuple(column.size for column in columns), width=args.width, depth=args.depth)
    order = by_entropy(shares)
    state = train(network, tokens, start(network, shares, seed), order, args, seed)
    fitted = time.process_time()
    rng = stream(seed, 0)
    hidden = np.full((len(train_rows), len(columns)), -1, np.int64)
    drawn = decode(columns, sample(network, state.average, hidden, passes(order, args.passes or len(columns)), rng), rng)
    sampled = time.process_time()
    figures = score(args, train_rows, test_rows, table_of(drawn), 0)
    return {"seed": seed, "weights": network.length, "fit_cpu_s": fitted - begun, "sample_cpu_s": sampled - fitted} | figures


def main() -> None:
    """Runs all seeds and writes a JSON file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--scorer", required=True)
    parser.add_argument("--out")
    parser.add_argument("--tests", default="shape,detect,mle,dist")
    parser.add_argument("--develop", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--seeds", type=int, default=3)
    for name, value in {"bins": 100, "atoms": 150, "width": 160, "depth": 2, "batch": 512, "steps": 2500, "passes": 0}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    for name, number in {"rate": 3e-3, "ordered": 0.7, "keep": 0.998}.items():
        parser.add_argument(f"--{name}", type=float, default=number)
    args = parser.parse_args()
    torch.set_num_threads(1)
    train_rows, test_rows = pd.read_parquet(args.train), pd.read_parquet(args.test)
    if args.develop:
        shuffled = train_rows.sample(frac=1, random_state=0)
        cut = len(shuffled) * 4 // 5
        train_rows, test_rows = shuffled[:cut].reset_index(drop=True), shuffled[cut:].reset_index(drop=True)
    runs = []
    for seed in range(args.seeds):
        runs.append(one(args, train_rows, test_rows, seed))
        print(json.dumps(runs[-1]), flush=True)
    numbers = [k for k, v in runs[0].items() if isinstance(v, float)]
    mean = {k: statistics.fmean(run[k] for run in runs) for k in numbers}
    settings = {k: v for k, v in vars(args).items() if k not in {"train", "test", "scorer", "out"}}
    result = {"mean": mean, "runs": runs, "settings": settings, "torch": version("torch"), "threads": 1}
    print(json.dumps(mean, indent=1))
    if args.out:
        Path(args.out).write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
