"""What a masked sum costs: processor time at each site and at the coordinator, bytes sent, and noise beside OpenDP's.

    python tests/benchmarks/secure_sum.py --out results.json [--repeat 5]

One process plays all sites in turn; only a site's own steps count for it: keys, checks, parts, masks, signatures. The upload is
everything a site sends in a round, as a multiple of its vector in plain 64-bit words.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from privacy.identity import Identity
from privacy.masking import survivors as sets
from privacy.masking.deal import deal, opened, promise
from privacy.masking.mask import masked
from privacy.masking.roster import Context, Roster, checked
from privacy.masking.secrets import Secrets, advert
from privacy.masking.unmask import reveal, unmask
from privacy.noise import DiscreteGaussian
from runners.site.message import Reply, answer
from specs.lang.quorum import threshold

CASES = [(3, 10**4, 0), (3, 10**6, 0), (5, 10**6, 0), (5, 10**6, 2), (20, 10**6, 0), (20, 10**6, 5)]
CONTEXT = Context("run", "0" * 32, "s" * 64, "q" * 64, 1.0)


class Clock:
    """Processor seconds and bytes by who they are of."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.bytes: dict[str, int] = {}

    def run(self, who: str, act: Callable[..., Any], *given: Any) -> Any:
        """Counts the time of `act` for `who`."""
        start = time.process_time()
        found = act(*given)
        self.seconds[who] = self.seconds.get(who, 0.0) + time.process_time() - start
        return found

    def sends(self, who: str, reply: Reply) -> None:
        """Counts the bytes of a reply, with key and signature."""
        self.bytes[who] = self.bytes.get(who, 0) + len(reply.pack()) + 115


def one(sites: int, cells: int, leave: int) -> dict[str, float]:
    """One round in which `leave` sites go before they send their sums."""
    names, clock = [f"site{i:02}" for i in range(sites)], Clock()
    keys = {s: Identity(Ed25519PrivateKey.generate()) for s in names}
    vectors = {s: np.frombuffer(os.urandom(8 * cells), "<u8").copy() for s in names}
    secrets = {s: clock.run(s, Secrets.fresh) for s in names}
    adverts = {s: clock.run(s, advert, secrets[s], keys[s], s, CONTEXT) for s in names}
    least = threshold(sites, 0)
    roster = Roster(least, tuple(adverts[s] for s in names))
    for s in names:
        clock.run(s, checked, roster, CONTEXT, {n: keys[n].public for n in names}, sites - leave, 0)
    transcript = roster.transcript(CONTEXT)
    dealt = {s: clock.run(s, deal, secrets[s], roster, transcript, s) for s in names}
    promises = {s: promise(secrets[s], transcript, s) for s in names}
    held = {s: clock.run(s, opened, secrets[s], roster, transcript, s, {d: dealt[d][s] for d in names}) for s in names}
    stay = names[leave:]
    sent = {s: clock.run(s, masked, vectors[s], secrets[s], roster, transcript, s, names) for s in stay}
    signatures = {s: clock.run(s, sets.agree, keys[s], transcript, stay) for s in stay}
    for s in stay:
        clock.run(s, sets.agreed, signatures, transcript, stay, roster)
    shown = {s: clock.run(s, reveal, held[s], stay) for s in stay}
    total = clock.run("coordinator", unmask, sent, names, roster, transcript, promises, shown)
    assert (total.view(np.uint64) == sum(vectors[s] for s in stay)).all()
    for s in stay:
        clock.sends(s, answer(s, "0" * 64, {"sealed": dealt[s], "promise": promises[s]}))
        clock.sends(s, Reply(s, "0" * 64, {}, sent[s]))
        parts = {kind: {d: p.hex() for d, p in getattr(shown[s], kind).items()} for kind in ("own", "mask")}
        clock.sends(s, answer(s, "0" * 64, parts))
    return {
        "site_cpu_s": max(clock.seconds[s] for s in stay),
        "coordinator_cpu_s": clock.seconds["coordinator"],
        "upload_ratio": max(clock.bytes[s] for s in stay) / (8 * cells),
    }


def noise() -> dict[str, float]:
    """Processor seconds of a million draws, and microseconds a draw of OpenDP."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    found: dict[str, float] = {}
    for variance in (100, 10**6, 10**9):
        sampler = DiscreteGaussian(Fraction(variance))
        start = time.process_time()
        sampler.sample(10**6)
        found[f"million_cells_variance_{variance}_cpu_s"] = time.process_time() - start
    theirs = dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T=int)), dp.l2_distance(T=float), scale=1000.0)
    start = time.process_time()
    theirs([0] * 20_000)
    found["opendp_us_a_cell"] = (time.process_time() - start) / 20_000 * 1e6
    return found


def main() -> None:
    """Runs all cases and writes the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    parser.add_argument("--repeat", type=int, default=5)
    args = parser.parse_args()
    rows = []
    for sites, cells, leave in CASES:
        runs = [one(sites, cells, leave) for _ in range(args.repeat)]
        middle = {name: round(statistics.median(r[name] for r in runs), 5) for name in runs[0]}
        most = {f"{name}_max": round(max(r[name] for r in runs), 5) for name in ("site_cpu_s", "coordinator_cpu_s")}
        rows.append({"sites": sites, "cells": cells, "leave": leave, **middle, **most})
        print(rows[-1])
    versions = {name: version(name) for name in ("numpy", "cryptography", "pycryptodome", "opendp")}
    facts = {"machine": platform.machine(), "python": platform.python_version(), "versions": versions, "repeat": args.repeat}
    with open(args.out, "w", encoding="utf-8") as out:
        json.dump({**facts, "rounds": rows, "noise": {k: round(v, 4) for k, v in noise().items()}}, out, indent=1)


if __name__ == "__main__":
    main()
