"""Scores releases of the NAFLD study at several budgets with an outside scorer of relational tables.

    python tests/benchmarks/relational.py --data DIR --scorer score_relational.py --keys keys.json --out results.json \
        [--epsilon inf 10 4 1] [--draws 3]

DIR holds `train/` and `hold/` with patients, labs and events as Parquet. Every draw is a whole run: three hospitals, dbt,
ledgers, noise, model, release. Nothing in the study is tuned to these files; domains are those of specs/nafld.yml.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[2]
DELTA = 1.0e-5
TABLES = {"patient": "patients", "lab": "labs", "event": "events"}
KEYED = {
    "patient": "select patient_id, age, male, weight, height, bmi, null::bigint as case_id, futime, status from {files}",
    "lab": "select row_number() over () as lab_id, patient_id, days, test, value from {files}",
    "event": "select row_number() over () as event_id, patient_id, days, event from {files}",
}


def hospitals(data: Path, folder: Path, sites: list[str]) -> None:
    """One database a hospital; a patient's rows go where patient_id modulo the number of hospitals says."""
    for number, site in enumerate(sites):
        with duckdb.connect(str(folder / f"{site}.duckdb")) as con:
            for table, name in TABLES.items():
                sql = KEYED[table].format(files=f"'{data / 'train' / name}.parquet'")
                here = f"patient_id % {len(sites)} = {number}"
                con.execute(f"create table {table} as select * from ({sql}) where {here}").fetchall()


def study(folder: Path, generator: str, epsilon: str, draw: int) -> Path:
    """specs/nafld.yml with this budget, over these hospitals, as a file beside them."""
    spec = yaml.safe_load((ROOT / "specs" / "nafld.yml").read_text(encoding="utf-8"))
    for name, site in spec["sites"].items():
        site["database"] = f"{name}.duckdb"
        site["budget"] = {"epsilon": 500.0, "delta": DELTA}
    spec["privacy"] = {"unit": "patient", "none": "benchmark without privacy on a published data set"}
    if epsilon != "inf":
        spec["privacy"] = {"unit": "patient", "epsilon": float(epsilon), "delta": DELTA}
    spec["rows"] = {"patient": 4000}
    spec["seed"] = draw
    spec["generator"] = {"name": generator}
    spec["outputs"] = {"directory": f"out/{generator}-{epsilon}-{draw}"}
    path = folder / "nafld.yml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    return path


def one(args: argparse.Namespace, folder: Path, epsilon: str, draw: int) -> dict[str, Any]:
    """Runs and scores one draw."""
    path = study(folder, args.generator, epsilon, draw)
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "runners", "run", str(path)]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    release = folder / "out" / f"{args.generator}-{epsilon}-{draw}"
    with duckdb.connect(str(release / "nafld.duckdb"), read_only=True) as con:
        for table, name in TABLES.items():
            con.execute(f"copy (select * from synthetic.{table}) to '{release / name}.parquet'").fetchall()
    score = release / "score.json"
    scorer = [sys.executable, str(args.scorer), str(args.data / "train"), str(release), str(args.keys)]
    subprocess.run([*scorer, "--holdout", str(args.data / "hold"), "--out", str(score)], check=True, stdout=subprocess.DEVNULL)
    found = json.loads(score.read_text(encoding="utf-8"))
    return {
        "epsilon": epsilon,
        "draw": draw,
        "wall_s": round(time.monotonic() - begun, 1),
        "run_cpu_s": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 1),
        "overall": found["overall"],
        **{k: v for k, v in found["headline"].items() if k != "task"},
        "task": found["headline"]["task"],
        "rules": found["rules"],
    }


def main() -> None:
    """Writes a small JSON with versions and one entry per draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "scorer", "keys", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--epsilon", nargs="+", default=["inf", "10", "4", "1"])
    parser.add_argument("--generator", default="marginal")
    parser.add_argument("--draws", type=int, default=3)
    args = parser.parse_args()
    versions = {p: version(p) for p in ("numpy", "scipy", "duckdb", "dbt-core", "dbt-duckdb")}
    results: dict[str, Any] = {"delta": DELTA, "python": platform.python_version(), "versions": versions, "draws": []}
    with tempfile.TemporaryDirectory() as folder:
        hospitals(args.data, Path(folder), ["north", "lake", "coast"])
        for epsilon in args.epsilon:
            for draw in range(args.draws):
                results["draws"].append(one(args, Path(folder), epsilon, draw))
                args.out.write_text(json.dumps(results, indent=1), encoding="utf-8")
                print(epsilon, draw, round(results["draws"][-1]["overall"], 4), flush=True)


if __name__ == "__main__":
    main()
