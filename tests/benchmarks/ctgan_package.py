"""The `ctgan` package (PyPI) on one table, in an environment of its own: `pip install ctgan pyarrow`.

    python tests/benchmarks/ctgan_package.py CTGAN --train train.parquet --epochs 20 --seed 0 --out synthetic.parquet

Columns of text are discrete; the package's own settings, one thread. Prints CPU seconds as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from importlib.metadata import version

os.environ.setdefault("OMP_NUM_THREADS", "1")

import ctgan
import numpy as np
import pandas as pd
import torch


def main() -> None:
    """Fits, samples as many rows as there are, writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["CTGAN", "TVAE"])
    for name in ("train", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    np.random.seed(args.seed)
    train = pd.read_parquet(args.train)
    model = getattr(ctgan, args.model)(epochs=args.epochs)
    begun = time.process_time()
    model.fit(train, [name for name in train if not pd.api.types.is_numeric_dtype(train[name])])
    fitted = time.process_time()
    drawn = model.sample(len(train))
    done = time.process_time()
    drawn[train.columns].to_parquet(args.out)
    versions = {name: version(name) for name in ("ctgan", "torch", "numpy")}
    print(json.dumps({"fit_cpu_s": fitted - begun, "sample_cpu_s": done - fitted, "versions": versions}))


if __name__ == "__main__":
    main()
