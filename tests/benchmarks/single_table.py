"""Scores a generator alone on one coded table, with central noise, by an outside scorer of marginals.

    python tests/benchmarks/single_table.py --data coded.parquet --scorer score_marginals.py --binning binning.json \
        --out results.json
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from generators.frame import Series, known
from generators.marginal.ask import answers
from generators.marginal.structure import queries
from generators.marginal.train import learn
from generators.rules import NoRules
from privacy.accountant import rho
from privacy.sums import Sums
from specs.lang.read import read
from specs.lang.types import Generator, Study

DELTA = 1e-9


def study(data: pd.DataFrame, binning: dict[str, Any], folder: Path, generator: Generator, epsilon: float) -> Study:
    """A spec as a user would write it: ordinal codes are whole numbers of a range, others are categories."""
    lines = ["spec: coded", "tables:", "  row:", "    key: id", "    columns:"]
    for name in data.columns:
        size, ordinal = binning[name]["size"], binning[name]["kind"] == "ordinal"
        labels = ", ".join(f'"{code}"' for code in range(size))
        kind = f"type: integer, range: [0, {size - 1}]" if ordinal else f"type: string, values: [{labels}]"
        lines.append(f"      {name}: {{{kind}}}")
    lines += [f"privacy: {{unit: row, epsilon: {epsilon}, delta: {DELTA:.1e}}}", "sites: {one: {database: one.duckdb}}"]
    path = folder / "coded.yml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return replace(read(path, {}), generator=generator)


def noised(spec: Study, exact: Mapping[str, Any], epsilon: float, draw: int) -> Sums:
    """Sums with the noise the door would add, from a seeded stand-in for it."""
    asked, rng = {q.name: q for q in queries(spec)}, np.random.default_rng(draw)
    noise = math.sqrt(sum(q.scale**2 for q in asked.values()) / (2 * rho(epsilon, DELTA)))
    std = {name: noise / q.scale for name, q in asked.items()}
    return Sums(asked, {n: answer + rng.normal(0, std[n], answer.shape) for n, answer in exact.items()}, std, ("one",))


def one(args: argparse.Namespace, data: pd.DataFrame, epsilon: float, draw: int) -> dict[str, Any]:
    """One noise draw, learned, sampled and scored."""
    with tempfile.TemporaryDirectory() as folder:
        binning = json.loads(args.binning.read_text())
        names = {c: f"c{i}" for i, c in enumerate(data.columns)}
        said = {names[c]: b for c, b in binning.items()}
        spec = study(data.rename(columns=names), said, Path(folder), Generator(args.generator, "cpu"), epsilon)
        columns, none = spec.tables["row"].columns, np.zeros(len(data), bool)
        real = {n: Series(data[c].to_numpy(np.int64), none, columns[n].values) for c, n in names.items()}
        exact = answers(spec, {"row": {"id": known(np.arange(len(data))), **real}}, {})
        begun = time.process_time()
        drawn = learn(spec, noised(spec, exact, epsilon, draw)).sample(len(data), draw, NoRules()).tables["row"]
        cpu = time.process_time() - begun
        path = Path(folder) / "synthetic.parquet"
        pd.DataFrame({c: drawn[n].values for c, n in names.items()}).to_parquet(path)
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
    parser.add_argument("--generator", choices=["marginal", "copula"], default="marginal")
    parser.add_argument("--draws", type=int, default=3)
    args = parser.parse_args()
    data = pd.read_parquet(args.data)
    draws = [one(args, data, e, d) for e in args.epsilon for d in range(args.draws)]
    versions = {"python": platform.python_version(), "numpy": version("numpy"), "scipy": version("scipy")}
    found = {"delta": DELTA, "generator": args.generator, "versions": versions, "draws": draws}
    args.out.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
