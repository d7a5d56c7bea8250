r"""Federated averaging over five sites with unlike shares of the label, against the same rows at one site: Adult, no privacy.

    python tests/benchmarks/noniid.py --train train.parquet --test test.parquet --scorer score_single.py --out results.json

With a budget there is nothing to compare: the total of a round is the same wherever the patients are.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from central import sums, with_found_bins
from diffusion import TARGET, adult, frame_of, score, table_of

from generators.marginal.ask import answers
from generators.marginal.code import Codes, code
from generators.marginal.model import Model
from generators.marginal.train import learn
from generators.optimise import averaged, begin
from generators.rules import NoRules
from generators.trained import Coded
from generators.trains import trainable
from specs.lang.types import Study

SITES = np.array([[0.34, 0.27, 0.20, 0.13, 0.06], [0.03, 0.07, 0.15, 0.30, 0.45]])
"""p(site | label): the share of high incomes goes from 3 % at the first site to 70 % at the last."""


def divided(study: Study, coded: Codes, label: np.ndarray, draw: int) -> list[Coded]:
    """The rows of each site."""
    place = np.array([np.random.default_rng([draw, i]).choice(5, p=SITES[one]) for i, one in enumerate(label)])
    rows = [np.flatnonzero(place == site) for site in range(5)]
    return [{study.root.name: taken(coded, r)} for r in rows]


def taken(coded: Codes, rows: np.ndarray) -> Codes:
    """These patients' codes."""
    every = np.arange(len(rows))
    return Codes({name: codes[rows] for name, codes in coded.values.items()}, every, every, every)


def trained(study: Study, base: Model, sites: Sequence[Coded], draw: int) -> Model:
    """Federated averaging: each round the mean of the sites' passes, by their numbers of patients."""
    generator, state = trainable(study), None
    state = begin(generator.begin(base))
    patients = np.array([len(site[study.root.name].patient) for site in sites], float)
    for number in range(study.generator.rounds):
        moves = [
            generator.trained(state.weights, site, np.random.default_rng([draw, number, i])).astype(np.float64) - state.weights
            for i, site in enumerate(sites)
        ]
        state = averaged(state, np.average(moves, axis=0, weights=patients))
    return Model(study, generator.learned(state.average, base))


def one(args: argparse.Namespace, count: int, draw: int) -> dict[str, Any]:
    """At so many sites, scored."""
    train, test = pd.read_parquet(args.train), pd.read_parquet(args.test)
    study = adult(None)
    study = replace(study, seed=draw, generator=replace(study.generator, name=args.generator))
    tables = {study.root.name: frame_of(study, train)}
    study = with_found_bins(study, tables, 1.0, draw)
    base = learn(study, sums(study, answers(study, tables, {}), 1.0, draw))
    coded = code(study, tables, {})
    label = (train[TARGET] == sorted(train[TARGET].unique())[1]).to_numpy().astype(int)
    sites = divided(study, coded[study.root.name], label, draw) if count > 1 else [coded]
    begun = time.process_time()
    drawn = trained(study, base, sites, draw).sample(len(train), draw, NoRules()).tables[study.root.name]
    figures = score(args, (train, test, table_of(drawn, list(train.columns))))
    return {"sites": count, "draw": draw, "cpu_s": round(time.process_time() - begun, 1), **figures}


def main() -> None:
    """Writes versions and one entry per run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "scorer"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--generator", default="diffusion")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--tests", default="shape,mle")
    args = parser.parse_args()
    torch.set_num_threads(1)
    found: dict[str, Any] = {"versions": {p: version(p) for p in ("numpy", "torch", "scikit-learn")}, "runs": []}
    for draw in range(args.draws):
        for count in (1, 5):
            found["runs"].append(one(args, count, draw))
            print(json.dumps({k: v for k, v in found["runs"][-1].items() if not k.startswith("worst")}), flush=True)
            if args.out:
                args.out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
