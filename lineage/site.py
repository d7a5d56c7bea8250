"""What dbt reads and builds, with column lineage from its SQL; where there is none, from the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lineage import expected
from lineage.datasets import Dataset
from specs.lang.types import Site, Study


@dataclass(frozen=True)
class Built:
    """Source tables and models of one dbt build; at a site also its coded tables by table name, and its marginals."""

    sources: tuple[Dataset, ...]
    models: tuple[Dataset, ...]
    coded: Mapping[str, Dataset] = field(default_factory=dict)
    marginals: tuple[Dataset, ...] = ()


def built(study: Study, site: Site, version: str, dbt: Path | None) -> Built:
    """The dbt build at one site."""
    tables = study.patient_tables()
    sources, models = expected.at_site(study, site, version)
    named = {m.name: m for m in models}
    coded = {t.name: named[expected.work_name(study, "coded", t)] for t in tables}
    return Built(sources, models, coded, tuple(named[expected.work_name(study, "marginals", t)] for t in tables))


def built_at_release(study: Study, inputs: Sequence[Dataset], version: str, dbt: Path | None) -> Built:
    """The dbt build at the release."""
    return Built(tuple(inputs), expected.at_release(study, inputs, version))
