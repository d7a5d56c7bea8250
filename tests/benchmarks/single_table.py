"""Scores the marginal generator alone on one coded table, with central noise, by an outside scorer of marginals.

    python tests/benchmarks/single_table.py --data coded.parquet --scorer score_marginals.py --binning binning.json \
        --out results.json
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from generators.frame import Series, known
from generators.marginal.ask import answers
from generators.marginal.structure import queries
from generators.marginal.train import learn
from generators.rules import NoRules
from privacy.accountant import rho
from privacy.sums import Sums
from specs.lang.types import Column, Generator, Key, Outputs, Privacy, Study, Table

DELTA = 1e-9


def study(data: pd.DataFrame) -> Study:
    """One table of categories; codes run to the largest one, as in the coded table's own documentation."""
    columns = {c: Column(c, "string", values=tuple(map(str, range(int(data[c].max()) + 1)))) for c in data.columns}
    tables = {"row": Table("row", (Key("id"),), columns)}
    cpu = Generator("marginal", "cpu")
    return Study("coded", "coded", "0", tables, {}, Privacy("row", None, "benchmark"), Outputs("out"), generator=cpu)


def one(args: argparse.Namespace, data: pd.DataFrame, epsilon: float, draw: int) -> dict[str, Any]:
    """One noise draw, learned, sampled and scored. The noise is a seeded stand-in for the door's."""
    spec, none = study(data), np.zeros(len(data), bool)
    columns = spec.tables["row"].columns
    real = {c: Series(data[c].to_numpy(np.int64), none, columns[c].values) for c in data.columns}
    exact = answers(spec, {"row": {"id": known(np.arange(len(data))), **real}}, {})
    asked, rng = {q.name: q for q in queries(spec)}, np.random.default_rng(draw)
    std = math.sqrt(len(asked) / (2 * rho(epsilon, DELTA)))
    begun = time.process_time()
    noised = {name: answer + rng.normal(0, std, answer.shape) for name, answer in exact.items()}
    sums = Sums(asked, noised, dict.fromkeys(asked, std), ("one",))
    drawn = learn(spec, sums).sample(len(data), draw, NoRules()).tables["row"]
    cpu = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.parquet"
        pd.DataFrame({c: drawn[c].values for c in data.columns}).to_parquet(path)
        command = [sys.executable, args.scorer, "--real", args.data, "--synth", path, "--binning", args.binning]
        found = json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout)
    ways = {k: round(v["tvd_avg"], 4) for k, v in found["ways"].items()}
    return {"epsilon": epsilon, "draw": draw, "cpu_s": round(cpu, 1), "tvd": ways}


def main() -> None:
    """Writes versions and one entry per draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "scorer", "binning", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--epsilon", nargs="+", type=float, default=[0.1, 1.0, 10.0])
    parser.add_argument("--draws", type=int, default=3)
    args = parser.parse_args()
    data = pd.read_parquet(args.data)
    draws = [one(args, data, e, d) for e in args.epsilon for d in range(args.draws)]
    versions = {"python": platform.python_version(), "numpy": version("numpy"), "scipy": version("scipy")}
    args.out.write_text(json.dumps({"delta": DELTA, "versions": versions, "draws": draws}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
