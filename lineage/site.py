"""What dbt reads and builds, with column lineage from its SQL; where that cannot be followed, from the spec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lineage import datasets, expected
from lineage.datasets import WORK, Dataset
from lineage.trail import Pair, Trail
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
    sources, models = _traced_site(study, site, version, dbt) or expected.at_site(study, site, version)
    named = {m.name: m for m in models}
    tables = study.patient_tables()
    kinds = {kind: {t.name: expected.work_name(study, kind, t) for t in tables} for kind in ("coded", "marginals")}
    if not set(named) >= {*kinds["coded"].values(), *kinds["marginals"].values()}:
        sources, models = expected.at_site(study, site, version)
        named = {m.name: m for m in models}
    coded = {table: named[name] for table, name in kinds["coded"].items()}
    return Built(sources, models, coded, tuple(named[name] for name in kinds["marginals"].values()))


def built_at_release(study: Study, inputs: Sequence[Dataset], version: str, dbt: Path | None) -> Built:
    """The dbt build at the release."""
    found = _traced_release(study, inputs, version, dbt)
    return Built(*found) if found else Built(tuple(inputs), expected.at_release(study, inputs))


def _traced_site(study: Study, site: Site, version: str, dbt: Path | None) -> Pair | None:
    namespace = datasets.at_site(site.name)
    trail = Trail(study, namespace, version, {}, site.data_version)
    return trail.follow(dbt, f"site/{expected.underscored(study)}", {"WARDLOOM_SCHEMA": site.schema}, WORK)


def _traced_release(study: Study, inputs: Sequence[Dataset], version: str, dbt: Path | None) -> Pair | None:
    trail = Trail(study, datasets.at_release(study), version, {d.name.lower(): d for d in inputs}, version)
    environ = {"WARDLOOM_RELEASE_SCHEMA": study.outputs.schema}
    return trail.follow(dbt, f"release/{expected.underscored(study)}", environ, study.outputs.schema)
