"""All datasets of a study with their column lineage, each worked out once and when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

from lineage import columns, datasets
from lineage.datasets import Dataset
from lineage.site import Built, built, built_at_release
from specs.lang.types import Study


class Graph:
    """`version` names the data of one run; `dbt` is the dbt project whose SQL is read (without it, the spec is all there is)."""

    def __init__(self, study: Study, version: str, dbt: Path | None = None) -> None:
        self.study, self.version, self.dbt = study, version, dbt
        self.present = tuple(study.sites)
        """Sites whose shares are in the sums."""
        self._at = cache(self._build)

    def site(self, name: str) -> tuple[tuple[Dataset, ...], tuple[Dataset, ...]]:
        """A site's source tables, and what dbt builds from them."""
        made = self._at(name)
        return made.sources, made.models

    def asked(self, sites: Sequence[str]) -> tuple[Dataset, ...]:
        """The marginals of these sites."""
        return tuple(found for name in sites for found in self._at(name).marginals)

    def sums(self) -> Dataset:
        """The noised sums."""
        return columns.sums(self.study, self.version, self.asked(self.present))

    def model(self) -> Dataset:
        """What the generator learned."""
        tables = [t.name for t in self.study.patient_tables()]
        coded = {t: [self._at(name).coded[t] for name in self.present] for t in tables}
        return columns.model(self.study, self.version, coded)

    def table(self, name: str) -> Dataset:
        """One synthetic table."""
        return columns.table(self.study, name, self.version)

    def above(self, name: str) -> tuple[Dataset, ...]:
        """What a synthetic table is made from: the model, the sums, the spec, and the tables above it."""
        return (self.model(), self.sums(), self.spec, *(self.table(t.name) for t in self.study.ancestors(name)))

    def references(self) -> tuple[Dataset, ...]:
        """Public tables that go into the release as they are."""
        tables = self.study.tables.values()
        return tuple(columns.reference(self.study, t, self.version) for t in tables if t.reference is not None)

    def facts(self) -> Dataset:
        """The facts of the release."""
        return columns.facts(self.study, self.version)

    @cached_property
    def spec(self) -> Dataset:
        """The spec."""
        return datasets.spec(self.study)

    def release(self) -> tuple[tuple[Dataset, ...], tuple[Dataset, ...]]:
        """What dbt reads and builds at the release."""
        made = self._release
        return made.sources, made.models

    def released(self) -> tuple[Dataset, ...]:
        """What a reader of the release finds: the sums, the facts and the tables."""
        return (self.sums(), self.facts(), *(self._release.models or self._drawn))

    @property
    def _drawn(self) -> tuple[Dataset, ...]:
        return (*self.references(), *(self.table(t.name) for t in self.study.patient_tables()))

    @cached_property
    def _release(self) -> Built:
        return built_at_release(self.study, (*self._drawn, self.sums(), self.facts()), self.version, self.dbt)

    def _build(self, site: str) -> Built:
        return built(self.study, self.study.sites[site], self.version, self.dbt)
