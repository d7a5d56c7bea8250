r"""Peers that learn with networks, on Adult without privacy, scored as `diffusion.py` scores ours.

    python tests/benchmarks/deep_peers.py --train train.parquet --test test.parquet --scorer score_single.py --out results.json \
        --mostlyai VENV/bin/python [--draws 2]

TabularARGN is the package `mostlyai-engine` in an environment of its own, TabDDPM the one beside this file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from diffusion import TARGET, score

HERE = Path(__file__).parent


def one(args: argparse.Namespace, peer: str, command: list[str], draw: int) -> dict[str, Any]:
    """Learned, sampled and scored once."""
    with tempfile.TemporaryDirectory() as folder:
        out = f"{folder}/synthetic.parquet"
        words = [*command, "--train", args.train, "--seed", str(draw), "--out", out]
        said = json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
        rows = (pd.read_parquet(args.train), pd.read_parquet(args.test), pd.read_parquet(out))
        return {"peer": peer, "draw": draw} | said | score(args, rows)


def main() -> None:
    """Writes one entry per draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "scorer", "mostlyai"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--tests", default="shape,detect,mle")
    args = parser.parse_args()
    peers = {
        "TabularARGN": [args.mostlyai, str(HERE / "mostlyai_engine.py")],
        "TabDDPM": [sys.executable, str(HERE / "tabddpm.py"), "--target", TARGET],
    }
    found: list[dict[str, Any]] = []
    for draw in range(args.draws):
        for peer, command in peers.items():
            found.append(one(args, peer, command, draw))
            args.out.write_text(json.dumps({"threads": 1, "draws": found}, indent=1) + "\n", encoding="utf-8")
            print(json.dumps(found[-1]), flush=True)


if __name__ == "__main__":
    main()
