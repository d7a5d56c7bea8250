"""Builders of the facets we write: the official ones by their schema's version, and our own (`wardloom_...`).

No builder takes free text from a run: an error is the name of its class, a reason or a description is what the spec says.
The schemas of our own facets are the JSON files in `lineage/facets/`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from lineage.events import PRODUCER, Job, Json
from specs.lang.types import Federation, Generator, Privacy, Study

OFFICIAL = {
    "columnLineage": "1-2-0/ColumnLineageDatasetFacet",
    "datasetType": "1-0-1/DatasetTypeDatasetFacet",
    "documentation": "1-1-0/DocumentationDatasetFacet",
    "jobType": "2-0-4/JobTypeJobFacet",
    "parent": "1-2-0/ParentRunFacet",
    "schema": "1-2-0/SchemaDatasetFacet",
    "version": "1-0-1/DatasetVersionDatasetFacet",
}
"""Versions of the official facets, as in openlineage-python 1.54."""
OWN = "https://wardloom.org/spec/facets/1-0-0/{name}.json"
NAME = re.compile("[A-Za-z_][A-Za-z0-9_]{0,79}")
REASONS = frozenset(
    "spec queries noise budget ledger approval revoked expired sql audit key round forged sites "
    "database locked corrupt permission busy disk memory package diverged table column "
    "type cast test bound marginals model dbt crash late".split()
)
"""Why a site may say it cannot answer: one of these words, and no other."""


def official(key: str, **content: Any) -> dict[str, Json]:
    """An official facet under its key."""
    version, name = OFFICIAL[key].split("/")
    url = f"https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"
    return {key: {"_producer": PRODUCER, "_schemaURL": url, **content}}


def own(key: str, **content: Any) -> dict[str, Json]:
    """One of our own facets under its key, without what is not known."""
    known = {k: v for k, v in content.items() if v is not None}
    return {key: {"_producer": PRODUCER, "_schemaURL": OWN.format(name=key), **known}}


def parent(run: str, job: Job, root: tuple[str, Job]) -> dict[str, Json]:
    """The run this run is a part of, and the run at the top."""
    top = {"run": {"runId": root[0]}, "job": root[1].reference()}
    return official("parent", run={"runId": run}, job=job.reference(), root=top)


def job_type(kind: str) -> dict[str, Json]:
    """What kind of job: RUN, DBT, QUERY, ..."""
    return official("jobType", processingType="BATCH", integration="WARDLOOM", jobType=kind)


def privacy(said: Privacy, rho: float | None = None) -> dict[str, Json]:
    """What the run's results cost at most, for one patient with all rows: or that nothing protects them, and why."""
    if said.budget is None:
        return own("wardloom_privacy", unit=said.unit, neighbours=said.neighbours, none=said.none or "")
    budget = said.budget
    return own(
        "wardloom_privacy", unit=said.unit, neighbours=said.neighbours, epsilon=budget.epsilon, delta=budget.delta, rho=rho
    )


def spec(study: Study) -> dict[str, Json]:
    """Which spec: its name, and the SHA-256 of what it says."""
    return own("wardloom_spec", name=study.name, digest=study.digest)


def generator(said: Generator, version: str) -> dict[str, Json]:
    """Which generator learned."""
    return own("wardloom_generator", name=said.name, version=version)


def federation(said: Federation, sites: Sequence[str]) -> dict[str, Json]:
    """Whose shares are in the sums, and how many may be missing or collude without weakening the claim."""
    rules = {"min_sites": said.min_sites, "dropouts": said.dropouts, "colluders": said.colluders}
    return own("wardloom_federation", sites=list(sites), transport=said.transport, **rules)


def error(found: BaseException | None) -> dict[str, Json]:
    """How a run ended that did not end well: class of the exception, exit code, and reason, if it is one of `REASONS`.

    Messages are never told: they may quote a row.
    """
    if found is None:
        return own("wardloom_error", kind="Crashed")
    name, code = type(found).__name__, getattr(found, "code", None)
    reason = code if isinstance(code, str) and code in REASONS else None
    status = getattr(found, "exit", None) if reason else code
    whole = status if isinstance(status, int) and not isinstance(status, bool) and 0 <= status < 256 else None
    return own("wardloom_error", kind=name if NAME.fullmatch(name) else "Error", exit=whole, reason=reason)
