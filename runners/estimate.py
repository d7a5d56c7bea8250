"""How long a run may take and how much memory it may need: from the last run, else from figures measured on the demo.

Measured with three sites, 14,000 patients and 113 queries on two cores: 38 s at the sites (5.5 s of each pair of sites is
dbt's own start), 9 s to learn, 12 s of dbt at the release; 1.2 GB for all processes together at the peak.
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

START = 5.5
PER_ROW = 2.5e-5
"""Seconds per query and patient of one site."""
PER_QUERY = 0.08
PER_PATIENT = 9e-4


@dataclass(frozen=True)
class Estimate:
    """`basis` says where the numbers come from."""

    seconds: float
    gigabytes: float
    basis: str


def estimate(study: Study, queries: Sequence[Query], patients: int) -> Estimate:
    """Public facts and earlier timings only."""
    memory = 0.4 + 0.4 * min(AT_ONCE, len(study.sites))
    before = read_json(Places(study).runs / "timings.json")
    if isinstance(before, dict) and before:
        return Estimate(sum(float(v) for v in before.values()), memory, "as earlier runs took")
    waves = math.ceil(len(study.sites) / AT_ONCE)
    each = START + PER_ROW * len(queries) * patients / max(1, len(study.sites))
    seconds = waves * each + PER_QUERY * len(queries) + START + PER_PATIENT * patients
    return Estimate(seconds, memory, "rough: from the demo on two cores, and the assumed number of patients")
