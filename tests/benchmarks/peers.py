"""One draw of a peer's mechanism on a coded table, scored by the same outside scorer as `single_table.py`.

A peer needs an environment of its own, for its pins are not ours. mbi 2.0.0:

    python -m venv peers && peers/bin/pip install mbi==2.0.0 pandas pyarrow
    JAX_ENABLE_X64=1 OMP_NUM_THREADS=1 PYTHONPATH=. taskset -c 0 peers/bin/python tests/benchmarks/peers.py mbi-aim \
        --data coded.parquet --scorer score_marginals.py --binning binning.json --out peers_adult.json

dpmm 0.1.9: `pip install dpmm==0.1.9 pyarrow` into another one, then `dpmm-mst` or `dpmm-aim` in place of `mbi-aim`.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

DELTA = 1e-9
Sizes = dict[str, int]
Found = tuple[pd.DataFrame, dict[str, Any]]


def mbi_aim(data: pd.DataFrame, sizes: Sizes, args: argparse.Namespace) -> Found:
    """AIM with its authors' settings, cut short after `--limit` seconds."""
    from tests.benchmarks.pgm import Aim, Coded

    mechanism = Aim(Coded(data, sizes), args.epsilon, DELTA, np.random.default_rng(args.draw))
    model = mechanism.run(args.limit)
    np.random.seed(args.draw)  # mbi draws rows from numpy's global generator
    rows = pd.DataFrame(model.synthetic_data(rows=len(data)).to_dict())
    used = round(mechanism.used / mechanism.total, 4)
    return rows, {"rounds": mechanism.rounds, "budget_used": used, "finished": mechanism.finished}


def mbi_mst(data: pd.DataFrame, sizes: Sizes, args: argparse.Namespace) -> Found:
    """MST with its authors' settings."""
    from tests.benchmarks.pgm import Coded, mst

    model, joined = mst(Coded(data, sizes), args.epsilon, DELTA, np.random.default_rng(args.draw))
    np.random.seed(args.draw)  # mbi draws rows from numpy's global generator
    return pd.DataFrame(model.synthetic_data(rows=len(data)).decompress(joined).to_dict()), {}


def dpmm(pipeline: str, data: pd.DataFrame, sizes: Sizes, args: argparse.Namespace) -> Found:
    """dpmm's pipeline of that name with its own defaults; the codes are its public domain."""
    from dpmm import pipelines

    domain = {c: {"categories": list(range(n))} for c, n in sizes.items()}
    pipe = getattr(pipelines, pipeline)(epsilon=args.epsilon, delta=DELTA, n_jobs=1)
    codes = {c: pd.CategoricalDtype(range(n)) for c, n in sizes.items()}
    pipe.fit(data.astype(codes), domain, random_state=args.draw)
    return pipe.generate(n_records=len(data), random_state=args.draw).astype(int), {}


PEERS: dict[str, Callable[[pd.DataFrame, Sizes, argparse.Namespace], Found]] = {
    "mbi-aim": mbi_aim,
    "mbi-mst": mbi_mst,
    "dpmm-mst": partial(dpmm, "MSTPipeline"),
    "dpmm-aim": partial(dpmm, "AIMPipeline"),
}


def score(args: argparse.Namespace, drawn: pd.DataFrame) -> dict[str, float]:
    """Mean total variation distance over all 1-, 2- and 3-way marginals."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "synthetic.parquet"
        drawn.astype("int64").to_parquet(path)
        command = [sys.executable, args.scorer, "--real", args.data, "--synth", path, "--binning", args.binning]
        found = json.loads(subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True).stdout)
    return {k: round(v["tvd_avg"], 4) for k, v in found["ways"].items()}


def one(args: argparse.Namespace) -> dict[str, Any]:
    """One draw: its score and what it took."""
    data = pd.read_parquet(args.data)
    sizes = {c: int(s["size"]) for c, s in json.loads(args.binning.read_text(encoding="utf-8")).items()}
    begun, wall = time.process_time(), time.monotonic()
    drawn, notes = PEERS[args.peer](data[list(sizes)], sizes, args)
    took = {"cpu_s": round(time.process_time() - begun, 1), "wall_s": round(time.monotonic() - wall, 1)}
    peak = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    said = {"peer": args.peer, "version": version(args.peer.split("-")[0]), "epsilon": args.epsilon, "delta": DELTA}
    return {**said, "draw": args.draw, "tvd": score(args, drawn), **took, "peak_mb": peak, **notes}


def main() -> None:
    """Adds one draw to the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    for name in ("data", "scorer", "binning", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--epsilon", type=float, default=1.0)
    parser.add_argument("--draw", type=int, default=0)
    parser.add_argument("--limit", type=float, default=math.inf, help="seconds of wall time after which AIM stops choosing")
    args = parser.parse_args()
    entry = one(args)
    draws = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else []
    args.out.write_text(json.dumps([*draws, entry], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
