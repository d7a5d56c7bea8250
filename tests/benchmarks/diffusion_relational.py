r"""NAFLD in memory, one thread: a generator with and without privacy, scored by an outside scorer of relational tables.

    python tests/benchmarks/diffusion_relational.py --data DIR --scorer score_relational.py --keys keys.json --out results.json \
        [--generator diffusion marginal] [--epsilon inf 8] [--draws 3]

DIR holds `train/` and `hold/` with patients, labs and events as Parquet; domains are those of specs/nafld.yml. `--develop`
learns from three quarters of the training patients and is scored against those: how the settings were chosen.
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
from central import model, with_budget
from numpy.typing import NDArray

from generators.frame import Frame, Sample, Series, Tables, known
from runners.rules import DuckRules
from specs.lang.read import read
from specs.lang.types import Study

DELTA = 1e-5
SPEC = Path(__file__).resolve().parents[2] / "specs" / "nafld.yml"
NAMES = {"patient": "patients", "lab": "labs", "event": "events"}


def frame_of(study: Study, table: str, data: pd.DataFrame) -> Frame:
    """A table's rows as a generator holds them; case_id is always NULL here."""
    frame: Frame = {study.tables[table].key[0].name: known(np.arange(len(data)))}
    for name, column in study.tables[table].columns.items():
        if not column.measured:
            continue
        values = data[name] if name in data else pd.Series(np.full(len(data), np.nan))
        null = values.isna().to_numpy()
        if column.values is not None:
            codes = values if column.type == "boolean" else pd.Categorical(values, list(column.values)).codes
            frame[name] = Series(np.asarray(codes, np.int64), null, column.values)
        else:
            kind = np.float64 if column.type == "number" else np.int64
            frame[name] = Series(values.fillna(0).to_numpy().astype(kind), null)
    return frame


def tables_of(study: Study, folder: Path, kept: NDArray[np.int64]) -> tuple[Tables, dict[str, NDArray[np.int64]]]:
    """The tables of the patients `kept` (positions), and every row's parent."""
    raw = {table: pd.read_parquet(folder / f"{name}.parquet") for table, name in NAMES.items()}
    raw["patient"] = raw["patient"].iloc[kept].reset_index(drop=True)
    place = pd.Series(np.arange(len(kept)), index=raw["patient"]["patient_id"])
    for table in ("lab", "event"):
        until = raw[table]["patient_id"].map(raw["patient"].set_index("patient_id")["futime"])
        raw[table] = raw[table][raw[table]["days"] <= until].reset_index(drop=True)  # the spec's constraint; 4 rows are not
    parents = {table: place[raw[table]["patient_id"]].to_numpy() for table in ("lab", "event")}
    return {table: frame_of(study, table, rows) for table, rows in raw.items()}, parents


def saved(study: Study, sample: Sample, folder: Path) -> None:
    """The drawn tables as the scorer reads them."""
    key = study.root.key[0].name
    for table, name in NAMES.items():
        found = {}
        for column, series in sample.tables[table].items():
            values = pd.Series(series.values.astype(float) if series.null.any() else series.values)
            if series.labels and study.tables[table].columns[column].type != "boolean":
                values = pd.Series(np.asarray(series.labels, object)[series.values])
            found[column] = values.mask(series.null)
        rows = pd.DataFrame(found)
        rows[key] = sample.parents[table] if table in sample.parents else np.arange(len(rows))
        rows.to_parquet(folder / f"{name}.parquet")


def one(args: argparse.Namespace, generator: str, epsilon: str, draw: int) -> dict[str, Any]:
    """Learned, sampled and scored once."""
    study = with_budget(read(SPEC, {}), None if epsilon == "inf" else float(epsilon), DELTA)
    asked = {k: v for k, v in vars(args).items() if k in ("width", "depth", "rounds", "measure") and v is not None}
    study = replace(study, seed=draw, generator=replace(study.generator, name=generator, device="cpu", **asked))
    patients = len(pd.read_parquet(args.data / "train" / "patients.parquet"))
    kept = np.sort(np.random.default_rng(0).permutation(patients)[: patients * 3 // 4]) if args.develop else np.arange(patients)
    tables, parents = tables_of(study, args.data / "train", kept)
    learned, cpu = model(study, tables, parents, draw)
    begun = time.process_time()
    sample = learned.sample(len(kept), draw, DuckRules(study))
    cpu["sample_cpu_s"] = time.process_time() - begun
    with tempfile.TemporaryDirectory() as folder:
        saved(study, sample, Path(folder))
        real = _part(args.data / "train", kept, Path(folder) / "real")
        out = Path(folder) / "score.json"
        command = [sys.executable, args.scorer, real, folder, args.keys, "--holdout", args.data / "hold", "--out", out]
        subprocess.run([str(c) for c in command], check=True, capture_output=True)
        found = json.loads(out.read_text(encoding="utf-8"))
    cpu = {name: round(seconds, 1) for name, seconds in cpu.items()}
    names = {"generator": generator, "epsilon": epsilon, "draw": draw}
    return names | cpu | {"overall": found["overall"]} | found["headline"] | {"sequence": found["sequence"]}


def _part(folder: Path, kept: NDArray[np.int64], out: Path) -> Path:
    """The real tables of the patients `kept`."""
    out.mkdir()
    key = pd.read_parquet(folder / "patients.parquet").iloc[kept]["patient_id"]
    for name in NAMES.values():
        rows = pd.read_parquet(folder / f"{name}.parquet")
        rows[rows["patient_id"].isin(key)].reset_index(drop=True).to_parquet(out / f"{name}.parquet")
    return out


def main() -> None:
    """Writes versions and one entry per draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "scorer", "keys"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--generator", nargs="+", default=["diffusion", "marginal"])
    parser.add_argument("--epsilon", nargs="+", default=["inf", "8"])
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--develop", action="store_true")
    for name in ("width", "depth", "rounds"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--measure", type=float)
    args = parser.parse_args()
    torch.set_num_threads(1)
    versions = {p: version(p) for p in ("numpy", "torch", "scikit-learn", "duckdb")}
    found: dict[str, Any] = {"delta": DELTA, "threads": 1, "versions": versions, "develop": args.develop, "draws": []}
    for generator, epsilon, draw in ((g, e, d) for g in args.generator for e in args.epsilon for d in range(args.draws)):
        found["draws"].append(one(args, generator, epsilon, draw))
        print(json.dumps({k: v for k, v in found["draws"][-1].items() if k != "sequence"}), flush=True)
        if args.out:
            args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
