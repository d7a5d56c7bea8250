"""The package `mostlyai-engine` (PyPI, TabularARGN) on one table, in an environment of its own: it and pyarrow, no torchvision.

    python tests/benchmarks/mostlyai_engine.py --train train.parquet --seed 0 --out synthetic.parquet

The package's own settings but for what it does to protect rare values, which would cost it quality here; one thread. Prints
CPU seconds as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from importlib.metadata import version

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pandas as pd
import torch
from mostlyai.engine import TabularARGN, set_random_state


def main() -> None:
    """Fits, samples as many rows as there are, writes them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    set_random_state(args.seed)
    train = pd.read_parquet(args.train)
    model = TabularARGN(value_protection=False, device="cpu", random_state=args.seed)
    begun = time.process_time()
    model.fit(train)
    fitted = time.process_time()
    drawn = model.sample(n_samples=len(train))
    done = time.process_time()
    drawn[list(train.columns)].astype(train.dtypes.to_dict()).to_parquet(args.out)
    versions = {name: version(name) for name in ("mostlyai-engine", "torch", "numpy")}
    print(json.dumps({"fit_cpu_s": fitted - begun, "sample_cpu_s": done - fitted, "versions": versions}))


if __name__ == "__main__":
    main()
