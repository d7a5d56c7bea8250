"""How a hospital's part grows with its rows: one table of 20 columns, dbt build in a process of its own, all pairs counted.

    python tests/benchmarks/scale.py --out results.json [--rows 1e6 3e6 1e7] [--memory 1GB] [--threads 2]
    python tests/benchmarks/scale.py --out results.json --rows 1e6 --whole 3

The data are made by DuckDB: 20 columns of 2 to 24 values that depend on one of eight groups. CPU and peak memory are those
of the dbt process, from the operating system; `count_cpu_s` is the query of the marginals model alone on the coded table.
With `--whole` so many whole runs instead, each from nothing: CPU of all processes together, and the most memory any of them took.
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
from statistics import median
from typing import Any

import duckdb
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = 20


def sizes() -> list[int]:
    """How many values each column has."""
    return [int(s) for s in np.random.default_rng(0).integers(2, 25, COLUMNS)]


def hospital(file: Path, rows: int) -> None:
    """Patients with a key and 20 coded columns."""
    made = ", ".join(
        f"cast((z * {i + 1} + hash(id * {i + 7}) % {max(2, size // 2)}) % {size} as smallint) as c{i}"
        for i, size in enumerate(sizes())
    )
    with duckdb.connect(str(file)) as con:
        con.execute(
            f"create table patient as select id, {made} from (select range as id, hash(range) % 8 as z from range({rows}))"
        )


def spec(folder: Path) -> Path:
    """The study, and dbt models for it in a copy of the project."""
    columns = [f"      c{i}: {{type: integer, range: [0, {size - 1}]}}" for i, size in enumerate(sizes())]
    lines = ["spec: scale", "sites: {one: {database: one.duckdb}}", "tables:", "  patient:", "    key: id", "    columns:"]
    path = folder / "scale.yml"
    text = "\n".join([*lines, *columns, "privacy: {unit: patient, epsilon: 1, delta: 1.0e-9}", ""])
    path.write_text(text, encoding="utf-8")
    shutil.copytree(ROOT / "dbt", folder / "dbt")
    environ = os.environ | {"WARDLOOM_DBT": str(folder / "dbt")}
    subprocess.run(
        [sys.executable, "-m", "runners", "compile", str(path)], cwd=ROOT, env=environ, check=True, capture_output=True
    )
    return path


def build(folder: Path, memory: str, threads: int) -> dict[str, float]:
    """CPU seconds, wall seconds and peak memory of the hospital's dbt build."""
    work = folder / "work.duckdb"
    work.unlink(missing_ok=True)
    environ = {
        "WARDLOOM_DATABASE": str(folder / "one.duckdb"),
        "WARDLOOM_WORK": str(work),
        "WARDLOOM_MEMORY": memory,
        "WARDLOOM_THREADS": str(threads),
    }
    places = [
        "--project-dir",
        str(folder / "dbt"),
        "--profiles-dir",
        str(folder / "dbt"),
        "--target-path",
        str(folder / "target"),
    ]
    words = ["build", "--target", "site", "--select", "+path:models/site/scale", *places, "--log-path", str(folder / "log")]
    begun = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "dbt.cli.main", "--quiet", *words], env=os.environ | environ, cwd=folder, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit((folder / "log" / "dbt.log").read_text(encoding="utf-8")[-2000:])
    cpu = usage.ru_utime + usage.ru_stime
    return {"cpu_s": round(cpu, 1), "wall_s": round(time.monotonic() - begun, 1), "peak_gb": round(usage.ru_maxrss / 2**20, 2)}


def whole(folder: Path, rows: int) -> dict[str, float]:
    """One `wardloom run` from nothing, as many synthetic rows as real ones: CPU of all its processes, memory of the largest."""
    study, place = folder / "study", folder / "study" / "specs"
    shutil.rmtree(study, ignore_errors=True)
    place.mkdir(parents=True)
    text = (folder / "scale.yml").read_text(encoding="utf-8")
    (place / "scale.yml").write_text(f"{text}rows: {{patient: {rows}}}\n", encoding="utf-8")
    shutil.copyfile(folder / "one.duckdb", place / "one.duckdb")
    environ = os.environ | {"WARDLOOM_DBT": str(folder / "dbt"), "PYTHONPATH": str(ROOT)}
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed package is not compiled at every start
    begun = time.monotonic()
    words = [sys.executable, "-m", "runners", "run", str(place / "scale.yml"), "--quiet"]
    process = subprocess.Popen(words, env=environ, cwd=study, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)  # with all processes it waited for, and theirs
    if status:
        raise SystemExit("the run failed: see above")
    cpu = usage.ru_utime + usage.ru_stime
    return {"cpu_s": round(cpu, 1), "wall_s": round(time.monotonic() - begun, 1), "peak_gb": round(usage.ru_maxrss / 2**20, 2)}


def count(folder: Path, threads: int) -> float:
    """CPU seconds of the marginals query alone."""
    sql = next((folder / "target" / "compiled").rglob("scale__marginals_patient.sql")).read_text(encoding="utf-8")
    with duckdb.connect() as con:
        con.execute(f"attach '{folder / 'work.duckdb'}' as work (read_only)")
        con.execute(f"use work; set threads={threads}; set perfect_ht_threshold=16")  # as dbt/profiles.yml has it
        before = resource.getrusage(resource.RUSAGE_SELF)
        con.execute(sql).fetchall()
        after = resource.getrusage(resource.RUSAGE_SELF)
    return round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 2)


def main() -> None:
    """Writes versions and one entry per size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rows", nargs="+", type=float, default=[1e6, 3e6, 1e7])
    parser.add_argument("--memory", default="1GB")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--whole", type=int, default=0, metavar="N", help="N whole runs of each size")
    args = parser.parse_args()
    found: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec(folder)
        for rows in map(int, args.rows):
            (folder / "one.duckdb").unlink(missing_ok=True)
            hospital(folder / "one.duckdb", rows)
            if args.whole:
                runs = [whole(folder, rows) for _ in range(args.whole)]
                found.append({"rows": rows, "median_cpu_s": median(r["cpu_s"] for r in runs), "runs": runs})
            else:
                entry = {"rows": rows, **build(folder, args.memory, args.threads), "count_cpu_s": count(folder, args.threads)}
                found.append(entry | {"work_gb": round((folder / "work.duckdb").stat().st_size / 2**30, 2)})
            print(found[-1], flush=True)
            versions = {"python": platform.python_version(), "duckdb": version("duckdb"), "dbt-duckdb": version("dbt-duckdb")}
            document = {"columns": COLUMNS, "memory": args.memory, "threads": args.threads, "versions": versions, "sizes": found}
            args.out.write_text(json.dumps(document, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
