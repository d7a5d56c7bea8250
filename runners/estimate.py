"""How long a run may take and how much memory it may need: from the last run, else from figures measured on the demo.

Measured with three sites on two cores: 14,000 patients, three tables and 113 queries took 38 s at the sites, 9 s to learn and
12 s of dbt at the release; 900 patients, five tables and 137 queries took 45 s, 28 s and 10 s. At the peak all processes
together held 1.2 GB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from privacy.query import Query
from runners.files import read_json
from runners.places import Places
from runners.transport.embedded import AT_ONCE
from specs.lang.types import Study

START, PER_TABLE = 4.0, 2.0
PER_ROW = 2.5e-5
"""Seconds per query and patient of one site."""
PER_QUERY = 0.15
PER_PATIENT = 9e-4
BEGIN, PER_ROUND, PER_GRADIENT = 25.0, 0.7, 3e-4
"""Of a generator that trains: seconds before its first round, of messages in a round, and per patient in a round (networks
of width 64 and depth 1 on the demo's data)."""
TORCH = 0.4
"""Gigabytes that Torch takes in a process."""


@dataclass(frozen=True)
class Estimate:
    """`basis` says where the numbers come from."""

    seconds: float
    gigabytes: float
    basis: str


def estimate(study: Study, queries: Sequence[Query], patients: int) -> Estimate:
    """Public facts and earlier timings only."""
    memory = 0.4 + 0.4 * min(AT_ONCE, len(study.sites)) + (TORCH * (1 + len(study.sites)) if study.generator.trains else 0.0)
    before = read_json(Places(study).runs / "timings.json")
    if isinstance(before, dict) and before:
        return Estimate(sum(float(v) for v in before.values()), memory, "as earlier runs took")
    waves = math.ceil(len(study.sites) / AT_ONCE)
    start = START + PER_TABLE * len(study.tables)
    each = start + PER_ROW * len(queries) * patients / max(1, len(study.sites))
    seconds = waves * each + PER_QUERY * len(queries) + start + PER_PATIENT * patients
    if study.generator.trains:
        seconds += BEGIN + study.generator.rounds * (PER_ROUND + PER_GRADIENT * patients)
    return Estimate(seconds, memory, "rough: from the demo on two cores, and the assumed number of patients")
