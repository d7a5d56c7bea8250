"""Follows the models of one dbt build from SQL file to SQL file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lineage import datasets, expected
from lineage.datasets import WORK, Dataset, Field
from lineage.links import INDIRECT, Links
from specs.lang.types import Study

if TYPE_CHECKING:
    from lineage.project import Model, Project
    from lineage.sql import Origin

Pair = tuple[tuple[Dataset, ...], tuple[Dataset, ...]]
"""Sources and models."""


@dataclass
class Trail:
    """Follows the models of one dbt build, in order. `known` are datasets that exist already, by lower-case name."""

    study: Study
    namespace: str
    version: str
    known: Mapping[str, Dataset]
    source_version: str
    found: dict[str, Dataset] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)

    def follow(self, dbt: Path | None, folder: str, environ: Mapping[str, str], schema: str) -> Pair | None:
        """Sources and models of what is in `folder`; None when there is nothing, or when it cannot be followed."""
        from lineage.project import Project
        from lineage.sql import Untraceable

        if dbt is None or not (dbt / "models" / folder).is_dir():
            return None
        try:
            project = Project(dbt, environ)
            models = project.below(folder)
            made = [self._model(project, model, schema) for model in models.values()]
        except (Untraceable, OSError, UnicodeDecodeError):
            return None
        own = {f"model.{name}".lower() for name in models}
        return tuple(self._source(key) for key in self.found if key not in own), tuple(made)

    def _model(self, project: Project, model: Model, schema: str) -> Dataset:
        """The dataset of a model; where its SQL cannot be followed, its declared columns hang on all that it reads."""
        from lineage.sql import Untraceable, trace

        for key in model.reads:
            if key.lower() not in self.found:
                self.found[key.lower()] = self._read(project, key)
        reads = {key.lower(): self.found[key.lower()] for key in model.reads}
        name = f"{model.config.get('schema') or schema}.{model.config.get('alias') or model.name}"
        try:
            traced = trace(model.sql, {key: d.columns for key, d in reads.items() if d.columns})
            links = {column: self._links(origins, reads) for column, origins in traced.columns.items()}
            whole = self._links(traced.whole, reads)
        except Untraceable:
            if not model.fields:
                raise
            every = tuple(d.link(c, INDIRECT, "CONDITIONAL") for d in reads.values() for c in d.columns)
            links, whole = {f.name.lower(): every for f in model.fields}, ()
        made = self._made(name, model.fields, links, whole)
        self.found[f"model.{model.name}".lower()] = made
        return made

    def _made(self, name: str, described: Iterable[Field], links: Mapping[str, Links], whole: Links) -> Dataset:
        """With types where dbt's yml files or the spec know them; a constant comes from the spec."""
        said = {f.name.lower(): f for f in (*self._spelled(name), *described)}
        fields = [said.get(c) or Field(c) for c in links]
        rows = tuple(dict.fromkeys(x for x in whole if x.type == INDIRECT))
        default = (datasets.spec(self.study).link("tables", INDIRECT, "CONDITIONAL"), *rows)
        made = Dataset(self.namespace, name, tuple(fields), self.version)
        return made.derived({f.name: links[c] or default for f, c in zip(fields, links, strict=True)}, rows)

    def _links(self, origins: Iterable[Origin], reads: Mapping[str, Dataset]) -> Links:
        """Origins as links. Columns of a table nobody described are taken as the SQL names them."""
        found = []
        for origin in origins:
            read = reads.get(origin.table)
            if read is None:
                continue
            names = {c.lower(): c for c in read.columns}
            if origin.table.startswith("source.") and origin.column not in names:
                names = self.used.setdefault(origin.table, {})
                names.setdefault(origin.column, origin.column)
            if origin.column in names:
                found.append(read.link(names[origin.column], origin.type, origin.subtype))
        return tuple(dict.fromkeys(found))

    def _read(self, project: Project, key: str) -> Dataset:
        """A source or a seed as a dataset."""
        from lineage.sql import Untraceable

        read = project.read(key)
        if read is None:
            raise Untraceable(f"{key} is not declared")
        name = f"{read.schema or WORK}.{read.name}"
        return self.known.get(name.lower()) or Dataset(self.namespace, name, read.fields, self.source_version)

    def _source(self, key: str) -> Dataset:
        """With the columns that were met on the way."""
        made = self.found[key]
        return replace(made, fields=(*made.fields, *(Field(c) for c in self.used.get(key, {}))))

    def _spelled(self, name: str) -> Iterator[Field]:
        """Columns as the spec writes them (SQL forgets the case), with types where the model is a table of the spec."""
        yield from (Field(c) for c in expected.code_columns(self.study))
        for table in self.study.patient_tables():
            fields = datasets.fields_of(self.study, table)
            same = name in (expected.work_name(self.study, "bounded", table), f"{self.study.outputs.schema}.{table.name}")
            yield from (f if same else Field(f.name) for f in fields)
