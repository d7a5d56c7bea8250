"""OpenLineage run events as plain dictionaries (core schema 2-0-2)."""

from __future__ import annotations

import datetime
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

PRODUCER = "https://wardloom.org/lineage/1-0-0"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"

EventType = Literal["START", "COMPLETE", "FAIL", "ABORT"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """What runs: a name that stays the same from run to run."""

    namespace: str
    name: str

    def reference(self) -> Json:
        """As the parent facet names it."""
        return {"namespace": self.namespace, "name": self.name}


def run_id() -> str:
    """A fresh UUIDv7 (RFC 9562): 48 bits of milliseconds, then random bits."""
    value = (time.time_ns() // 1_000_000 & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def now() -> str:
    """This moment in UTC, to the microsecond."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def event(
    kind: EventType,
    run: str,
    job: Job,
    *,
    at: str,
    inputs: Sequence[Json],
    outputs: Sequence[Json],
    run_facets: Mapping[str, Json],
    job_facets: Mapping[str, Json],
) -> Json:
    """One run event. `inputs` and `outputs` are datasets with their facets."""
    return {
        "eventType": kind,
        "eventTime": at,
        "producer": PRODUCER,
        "schemaURL": SCHEMA,
        "run": {"runId": run, "facets": dict(run_facets)},
        "job": {**job.reference(), "facets": dict(job_facets)},
        "inputs": list(inputs),
        "outputs": list(outputs),
    }
