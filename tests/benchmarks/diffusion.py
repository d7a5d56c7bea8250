r"""Adult in memory, one thread: a generator of `generators/` with and without privacy, scored by an outside scorer.

    python tests/benchmarks/diffusion.py --train train.parquet --test test.parquet --scorer score_single.py --out results.json \
        [--generator diffusion marginal] [--epsilon inf 3] [--draws 3]

Domains are those of adult.yml, nothing of which is read from the rows; with `--bins P` bins are found as `wardloom bins` does,
for the part P of the budget (all of it through the noise). `--develop` holds a fifth of the training rows out and
scores against those: how the settings were chosen.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from central import model, with_found_bins

from generators.frame import Frame, Series, known
from generators.rules import NoRules
from specs.lang.read import parse
from specs.lang.types import Study

DELTA = 1e-5
HERE = Path(__file__).parent
TARGET = "income"
FIGURES = {"shape": ("density", "shape_err_pct"), "trend_fixed": ("density", "trend_fixed_err_pct")}
FIGURES |= {"tstr_ratio": ("mle", "ratio_auc"), "accuracy_drop_pp": ("mle", "acc_drop_pct_points")}
FIGURES |= {name: ("privacy", name) for name in ("memorization_ratio_syn", "memorization_ratio_test", "dcr_share")}


def adult(epsilon: float | None) -> Study:
    """Adult with this budget, which the default bins hang on; None: without privacy."""
    text, none = (HERE / "adult.yml").read_text(encoding="utf-8"), "none: published data set"
    assert none in text
    return parse("adult.yml", text.replace(none, f"epsilon: {epsilon}, delta: {DELTA:.1e}") if epsilon else text, {})


def frame_of(study: Study, data: pd.DataFrame) -> Frame:
    """The rows as a generator holds them."""
    frame: Frame = {study.root.key[0].name: known(np.arange(len(data)))}
    for name, column in study.root.columns.items():
        labels = column.values
        values = pd.Categorical(data[name], list(labels)).codes.astype(np.int64) if labels else data[name].to_numpy(np.int64)
        frame[name] = Series(values, np.zeros(len(data), bool), labels)
    return frame


def table_of(frame: Frame, columns: list[str]) -> pd.DataFrame:
    """A sampled table as pandas, for the scorer."""
    found = {n: frame[n] for n in columns}
    return pd.DataFrame({n: np.asarray(s.labels, object)[s.values] if s.labels else s.values for n, s in found.items()})


def score(args: argparse.Namespace, rows: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]) -> dict[str, Any]:
    """The outside scorer's figures for training, test and synthetic rows."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{name}.parquet" for name in ("train", "test", "synthetic")]
        for path, table in zip(paths, rows, strict=True):
            table.to_parquet(path)
        report = Path(folder) / "score.json"
        command = [sys.executable, args.scorer, *map(str, paths), "--target", TARGET, "--tests", args.tests]
        subprocess.run([*command, "--no-base", "--out", str(report)], check=True, capture_output=True)
        found = json.loads(report.read_text())
    figures: dict[str, Any] = {name: found[a][b] for name, (a, b) in FIGURES.items() if a in found}
    figures |= {"c2st": found["detection"]} if "detection" in found else {}
    return figures | {"worst": found["density"]["worst_columns"], "worst_pairs": found["density"]["worst_pairs"]}


def one(args: argparse.Namespace, generator: str, epsilon: str, draw: int) -> dict[str, Any]:
    """Learned, sampled and scored once."""
    train, test = pd.read_parquet(args.train), pd.read_parquet(args.test)
    if args.develop:
        shuffled = train.sample(frac=1, random_state=0)
        cut = len(shuffled) * 4 // 5
        train, test = shuffled[:cut].reset_index(drop=True), shuffled[cut:].reset_index(drop=True)
    study = adult(None if epsilon == "inf" else float(epsilon))
    tables = {study.root.name: frame_of(study, train)}
    if args.bins:
        study = with_found_bins(study, tables, args.bins, draw)
    asked = {k: v for k, v in vars(args).items() if k in ("width", "depth", "rounds", "measure") and v is not None}
    study = replace(study, seed=draw, generator=replace(study.generator, name=generator, **asked))
    learned, cpu = model(study, tables, {}, draw)
    begun = time.process_time()
    drawn = learned.sample(len(train), draw, NoRules()).tables[study.root.name]
    cpu["sample_cpu_s"] = time.process_time() - begun
    figures = score(args, (train, test, table_of(drawn, list(train.columns))))
    asked = {"generator": generator, "epsilon": epsilon, "bins": args.bins, "draw": draw}
    return asked | {k: round(v, 2) for k, v in cpu.items()} | figures


def main() -> None:
    """Writes versions and one entry per draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "scorer"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--generator", nargs="+", default=["diffusion", "marginal"])
    parser.add_argument("--epsilon", nargs="+", default=["inf", "3"])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--tests", default="shape,detect,mle,dist")
    parser.add_argument("--develop", action="store_true")
    for name in ("width", "depth", "rounds"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--measure", type=float)
    parser.add_argument("--bins", type=float, default=0.0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    versions = {p: version(p) for p in ("numpy", "torch", "scikit-learn")}
    found: dict[str, Any] = {"delta": DELTA, "threads": 1, "versions": versions, "develop": args.develop, "draws": []}
    for generator, epsilon, draw in ((g, e, d) for g in args.generator for e in args.epsilon for d in range(args.draws)):
        found["draws"].append(one(args, generator, epsilon, draw))
        print(json.dumps(found["draws"][-1]), flush=True)
        if args.out:
            args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
