"""Drawing and writing tables of any size: from a learned model to Parquet, to DuckDB, through the release's dbt tests.

    python tests/benchmarks/sampling.py --out results.json [--rows 1e6 5e6 2e7] [--workers 1 2] [--columns 15] [--release]

One table of columns with 2 to 24 values that depend on one of eight groups, learned from exact sums of 200,000 rows (what is
learned does not matter for the time it takes). Each step runs in a process of its own; CPU seconds and peak memory are those of
it and of the processes it starts, from the operating system. `draw` counts all 1- and 2-way marginals too, as a run does.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
SPEC = "sampling.yml"


def write_spec(folder: Path, columns: int) -> None:
    """The study, and dbt models for it in a copy of the project."""
    sizes = np.random.default_rng(0).integers(2, 25, columns)
    lines = ["spec: sampling", "sites: {one: {database: one.duckdb}}", "tables:", "  patient:", "    key: id", "    columns:"]
    lines += [f"      c{i}: {{type: integer, range: [0, {size - 1}]}}" for i, size in enumerate(sizes)]
    lines += ["privacy: {unit: patient, none: made up for a benchmark}", "outputs: {directory: out}", ""]
    (folder / SPEC).write_text("\n".join(lines), encoding="utf-8")
    shutil.copytree(ROOT / "dbt", folder / "dbt")


def learn(folder: Path) -> None:
    """The model, and its sums."""
    from generators.frame import known
    from generators.marginal.ask import answers
    from generators.marginal.structure import queries
    from generators.marginal.train import learn as learn_model
    from privacy.sums import Sums
    from runners.release import save_model
    from specs.lang.read import read

    study = read(folder / SPEC, {})
    rng = np.random.default_rng(1)
    group = rng.integers(0, 8, 200_000)
    sizes = {c.name: int(c.range[1]) + 1 for c in study.root.columns.values() if c.range}
    drawn = {n: rng.integers(0, max(2, s // 2), len(group)) for n, s in sizes.items()}
    frame = {n: known((group * (i + 1) + drawn[n]) % s) for i, (n, s) in enumerate(sizes.items())}
    asked = {q.name: q for q in queries(study)}
    exact = answers(study, {"patient": frame}, {})
    save_model(folder / "model", learn_model(study, Sums(asked, exact, dict.fromkeys(asked, 0.0), ("one",))))
    np.savez(folder / "sums.npz", **exact)  # type: ignore[arg-type]


def draw(folder: Path, rows: int, workers: int) -> None:
    """The step of a run that draws, from a model to Parquet."""
    from runners.sampling.sample import sample

    sample(_job(folder, rows), workers)


def write(folder: Path, rows: int, workers: int) -> None:
    """The step of a run that fills the released DuckDB file from Parquet."""
    from generators.marginal.structure import queries
    from privacy.sums import Sums
    from runners.release import write_database

    job = _job(folder, rows)
    asked = {q.name: q for q in queries(job.model.study)}
    with np.load(folder / "sums.npz") as found:
        sums = Sums(asked, dict(found), dict.fromkeys(asked, 0.0), ("one",))
    (folder / "sampling.duckdb").unlink(missing_ok=True)
    files = {"patient": [job.rows(batch, "patient") for batch in job.batches]}
    write_database(folder / "sampling.duckdb", job.model.study, files, sums, {})


def build(folder: Path, rows: int, workers: int) -> None:
    """The step of a run in which dbt types, checks and tests the release."""
    from runners.publish import build_release
    from specs.lang.read import read

    build_release(read(folder / SPEC, {}), folder / "sampling.duckdb", folder / "release")


def _job(folder: Path, rows: int) -> Any:
    from runners.release import load_model
    from runners.sampling.batch import Job
    from specs.lang.read import read

    model = load_model(folder / "model", read(folder / SPEC, {}))
    assert model
    return Job(model, rows, 1, folder / "drawn", model.size)


STEPS = {"draw": draw, "write": write, "build": build}


def step(folder: Path, name: str, rows: int, workers: int) -> dict[str, Any]:
    """Runs one step in a process of its own."""
    words = [sys.executable, __file__, "--step", name, "--folder", str(folder), "--rows", str(rows), "--workers", str(workers)]
    environ = os.environ | {"WARDLOOM_DBT": str(folder / "dbt"), "PYTHONPATH": str(ROOT)}
    said = subprocess.run(words, env=environ, check=True, stdout=subprocess.PIPE, text=True).stdout
    return dict(json.loads(said.splitlines()[-1]))


def alone(folder: Path, name: str, rows: int, workers: int) -> None:
    """Inside that process: does it, and says what it took."""
    began = time.monotonic()
    STEPS[name](folder, rows, workers)
    wall = time.monotonic() - began
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(u.ru_utime + u.ru_stime for u in used)
    peak = [round(u.ru_maxrss / 2**20, 2) for u in used]
    print(json.dumps({"wall_s": round(wall, 1), "cpu_s": round(cpu, 1), "peak_gb": peak[0], "peak_gb_of_a_child": peak[1]}))


def main() -> None:
    """Writes versions and one entry per step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--rows", nargs="+", type=float, default=[1e6, 5e6, 2e7])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--columns", type=int, default=15)
    parser.add_argument("--release", action="store_true", help="write and build the release too")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.step:
        alone(args.folder, args.step, int(args.rows[0]), args.workers[0])
        return
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_spec(folder, args.columns)
        environ = os.environ | {"WARDLOOM_DBT": str(folder / "dbt")}
        subprocess.run([sys.executable, "-m", "runners", "compile", str(folder / SPEC)], cwd=ROOT, env=environ, check=True)
        learn(folder)
        for rows in map(int, args.rows):
            steps = [("draw", workers) for workers in args.workers] + [("write", 1), ("build", 1)] * args.release
            for what, workers in steps:
                if what == "draw":
                    shutil.rmtree(folder / "drawn", ignore_errors=True)
                entry = {"rows": rows, "step": what, "workers": workers, **step(folder, what, rows, workers)}
                entry["million_rows_per_s"] = round(rows / 1e6 / entry["wall_s"], 2)
                found.append(entry)
                print(entry, flush=True)
            versions = {n: version(n) for n in ("duckdb", "numpy", "pyarrow", "dbt-duckdb")}
            versions["python"] = platform.python_version()
            document = {"columns": args.columns, "cpus": os.cpu_count(), "versions": versions, "steps": found}
            args.out.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
