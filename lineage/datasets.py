"""The datasets of a study: at each site, and at the release. Names and types only; nothing of what is in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote

from generators.frame import narrow
from lineage import facets
from lineage.events import Json
from lineage.links import Link, Links, as_json
from specs.lang.types import Column, Site, Study, Table

WORK = "wardloom"
"""Schema of a site's private work database, where dbt builds."""
SAMPLED = "sampled"
"""Schema of the tables as the generator drew them."""
SUMS = {
    "query": "VARCHAR", "table_name": "VARCHAR", "columns": "VARCHAR[]", "cell": "BIGINT",
    "codes": "INTEGER[]", "labels": "VARCHAR[]", "value": "DOUBLE", "std_error": "DOUBLE",
}  # fmt: skip
"""Columns of `wardloom.noised_sums`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One column: what a schema facet says of it."""

    name: str
    type: str = ""
    about: str = ""

    def json(self) -> Json:
        """As the schema facet has it."""
        said = {"name": self.name, "type": self.type, "description": self.about}
        return {k: v for k, v in said.items() if v}


@dataclass(frozen=True)
class Dataset:
    """A table. `links[column]` says where a column comes from, `whole` what decides which rows there are."""

    namespace: str
    name: str
    fields: tuple[Field, ...] = ()
    version: str = ""
    about: str = ""
    links: Mapping[str, Links] = field(default_factory=dict)
    whole: Links = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(f.name for f in self.fields)

    def json(self, lineage: bool = True) -> Json:
        """The dataset with its facets; column lineage belongs to outputs of finished runs."""
        said = facets.official("schema", fields=[f.json() for f in self.fields]) if self.fields else {}
        said |= facets.official("version", datasetVersion=self.version) if self.version else {}
        said |= facets.official("documentation", description=self.about) if self.about else {}
        said |= facets.official("datasetType", datasetType="TABLE")
        if lineage:
            fields = {c: {"inputFields": as_json(self.links.get(c, ()))} for c in self.columns}
            said |= facets.official("columnLineage", fields=fields, dataset=as_json(self.whole))
        return {"namespace": self.namespace, "name": self.name, "facets": said}

    def link(self, column: str, type_: str, subtype: str, masking: bool = False) -> Link:
        """A link from one of this dataset's columns."""
        return Link(self.namespace, self.name, column, type_, subtype, masking)

    def derived(self, links: Mapping[str, Iterable[Link]], whole: Iterable[Link] = ()) -> Dataset:
        """The same dataset with its column lineage."""
        return replace(self, links={c: tuple(found) for c, found in links.items()}, whole=tuple(whole))


def at_site(site: str) -> str:
    """Namespace of what is private to a hospital."""
    return f"duckdb://{quote(site, safe='')}"


def at_release(study: Study) -> str:
    """Namespace of what is public after the door."""
    return f"duckdb://release/{quote(study.name, safe='')}"


def spec(study: Study) -> Dataset:
    """What the spec says, as a dataset: its sections, and every column's public domain as `table.column`."""
    sections = [Field(name) for name in ("tables", "privacy", "generator", "federation", "rows", "constraints")]
    columns = [Field(f"{t.name}.{c}") for t in study.tables.values() for c in all_columns(study, t)]
    return Dataset(f"wardloom://{quote(study.name, safe='')}", "spec", (*sections, *columns), study.digest, study.about)


def source(site: Site, name: str, fields: Iterable[Field]) -> Dataset:
    """A table of the hospital's own database."""
    return Dataset(at_site(site.name), f"{site.schema}.{name}", tuple(fields), site.data_version)


def sums(study: Study, version: str) -> Dataset:
    """The noised sums."""
    fields = tuple(Field(name, kind) for name, kind in SUMS.items())
    about = "Noised sums of bounded histograms over patients, with their standard errors."
    return Dataset(at_release(study), "wardloom.noised_sums", fields, version, about)


def earlier_sums(study: Study, version: str) -> Dataset:
    """The noised sums of an earlier release, to which a run adds: a dataset of its own, since both are read."""
    return replace(sums(study, version), name=f"wardloom.noised_sums@{version}")


def facts(study: Study, version: str) -> Dataset:
    """What a reader of the release should know first."""
    fields = (Field("name", "VARCHAR"), Field("value", "VARCHAR"))
    return Dataset(at_release(study), "wardloom.facts", fields, version, "What was run, spent and refused.")


def sampled(study: Study, table: Table, version: str) -> Dataset:
    """One synthetic table as the generator drew it."""
    small = {c.name for c in table.columns.values() if narrow(c)}
    fields = tuple(replace(f, type="INTEGER") if f.name in small else f for f in fields_of(study, table))
    return Dataset(at_release(study), f"{SAMPLED}.{table.name}", fields, version, table.about)


def fields_of(study: Study, table: Table) -> tuple[Field, ...]:
    """Key, foreign key, then the other columns, with the spec's types and descriptions."""
    types = all_columns(study, table)
    return tuple(Field(name, kind, about_of(table.columns.get(name))) for name, kind in types.items())


def about_of(column: Column | None) -> str:
    """What the spec says about a column."""
    return column.about if column else ""


def all_columns(study: Study, table: Table) -> dict[str, str]:
    """Every column of a table with its SQL type: key columns, foreign keys, then the spec's columns."""
    found = {k.name: "BIGINT" if k.type == "integer" else "VARCHAR" for k in table.key}
    if table.parent:
        above = study.tables[table.parent.table]
        found |= {n: "BIGINT" if k.type == "integer" else "VARCHAR" for n, k in zip(table.parent.key, above.key, strict=True)}
    return found | {c.name: TYPES[c.type] for c in table.columns.values()}


TYPES = {
    "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP", "string": "VARCHAR",
}  # fmt: skip
"""SQL types of the spec's types."""
