r"""CTGAN and TVAE of `generators/` beside those of the `ctgan` package: Adult in memory, no privacy, one thread, same epochs.

    python tests/benchmarks/deep.py --train train.parquet --test test.parquet --scorer score_single.py \
        --package VENV/bin/python --epochs 15 --draws 3 --out results.json

One hospital holds all rows, so a round is an epoch. Widths are those of the paper. The package fits its own modes to the
values; ours to the histogram of codes, over the bins that are found as `wardloom bins` does. CPU seconds include all of that.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import tempfile
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import torch
from central import model, with_found_bins
from diffusion import adult, frame_of, score, table_of

from generators.rules import NoRules

HERE = Path(__file__).parent
WIDTHS = {"ctgan": 256, "tvae": 128}


def ours(args: argparse.Namespace, name: str, draw: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """Rows, and CPU seconds of learning and sampling."""
    train = pd.read_parquet(args.train)
    study = adult(None)
    study = replace(study, seed=draw, generator=replace(study.generator, name=name, width=WIDTHS[name], rounds=args.epochs))
    tables = {study.root.name: frame_of(study, train)}
    learned, cpu = model(with_found_bins(study, tables, 1.0, draw), tables, {}, draw)
    begun = time.process_time()
    drawn = learned.sample(len(train), draw, NoRules()).tables[study.root.name]
    seconds = {"fit_cpu_s": sum(cpu.values()), "sample_cpu_s": time.process_time() - begun}
    return table_of(drawn, list(train.columns)), seconds


def theirs(args: argparse.Namespace, name: str, draw: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """The same of the package, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/synthetic.parquet"
        command = [args.package, str(HERE / "ctgan_package.py"), name.upper(), "--train", args.train, "--out", out]
        command += ["--epochs", str(args.epochs), "--seed", str(draw)]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        return pd.read_parquet(out), json.loads(said.splitlines()[-1])


def main() -> None:
    """Writes versions and one entry per draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "scorer", "package"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--tests", default="shape,detect,mle")
    args = parser.parse_args()
    torch.set_num_threads(1)
    train, test = pd.read_parquet(args.train), pd.read_parquet(args.test)
    versions = {p: version(p) for p in ("numpy", "torch", "scikit-learn")}
    found: dict[str, Any] = {"epochs": args.epochs, "threads": 1, "versions": versions, "draws": []}
    for draw in range(args.draws):
        for name in WIDTHS:
            for who, made in (("package", theirs), ("wardloom", ours)):
                rows, seconds = made(args, name, draw)
                entry = {"generator": name, "who": who, "draw": draw} | seconds | score(args, (train, test, rows))
                found["draws"].append(entry)
                args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
                print(json.dumps(entry), flush=True)


if __name__ == "__main__":
    main()
