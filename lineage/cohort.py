"""Datasets of a cohort: what its file asks for, and the tables drawn under its conditions from a released model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import quote

from lineage import columns, datasets
from lineage.datasets import Dataset, Field
from lineage.links import DIRECT, INDIRECT, Link
from specs.lang.cohort import Cohort

WEIGHT = "__weight"


def said(cohort: Cohort) -> Dataset:
    """The cohort's file, as a dataset of its sections."""
    fields = tuple(Field(name) for name in ("rows", "given", "balance"))
    namespace = f"wardloom://{quote(cohort.study.name, safe='')}"
    return Dataset(namespace, f"cohort.{cohort.name}", fields, cohort.digest, cohort.about)


def tables(cohort: Cohort, version: str) -> tuple[Dataset, ...]:
    """The tables; `version` names the run whose model they are drawn from."""
    return tuple(_table(cohort, table.name, version) for table in cohort.study.patient_tables())


def references(cohort: Cohort, version: str) -> tuple[Dataset, ...]:
    """Public tables that are copied."""
    found = [t for t in cohort.study.tables.values() if t.reference is not None]
    return tuple(_moved(cohort, columns.reference(cohort.study, t, version)) for t in found)


def _table(cohort: Cohort, name: str, version: str) -> Dataset:
    """As in a release, but patients are as many as the cohort's file says, and meet its conditions."""
    study, asked = cohort.study, said(cohort)
    made = columns.table(study, name, version)
    links = {column: list(_relinked(cohort, found)) for column, found in made.links.items()}
    whole = [*_relinked(cohort, made.whole), *([asked.link("given", INDIRECT, "FILTER")] if cohort.given else [])]
    if cohort.balance and name == study.root.name:
        made = replace(made, fields=(*made.fields, Field(WEIGHT, "DOUBLE", "Share in the model / share in the cohort.")))
        model = columns.model(study, version, {})
        column = f"{name}.{cohort.balance.column}"
        learned = [model.link(column, DIRECT, "AGGREGATION")] if column in model.columns else []
        links[WEIGHT] = [asked.link("balance", DIRECT, "TRANSFORMATION"), *learned]
    return _moved(cohort, made.derived(links, whole))


def _moved(cohort: Cohort, drawn: Dataset) -> Dataset:
    """Under the cohort's own namespace and the schema of released tables."""
    table = drawn.name.removeprefix(f"{datasets.SAMPLED}.")
    return replace(drawn, namespace=_namespace(cohort), name=f"{cohort.study.outputs.schema}.{table}", version=cohort.digest)


def _relinked(cohort: Cohort, links: Iterable[Link]) -> Iterator[Link]:
    """Links to drawn tables lead to those of the cohort, and the number of patients to its file."""
    study, asked = cohort.study, said(cohort)
    release, sampled = datasets.at_release(study), f"{datasets.SAMPLED}."
    for link in links:
        if link.namespace == release and link.name.startswith(sampled):
            name = f"{study.outputs.schema}.{link.name.removeprefix(sampled)}"
            yield replace(link, namespace=_namespace(cohort), name=name)
        elif link.name == "spec" and link.field == "rows":
            yield replace(link, namespace=asked.namespace, name=asked.name)
        else:
            yield link


def _namespace(cohort: Cohort) -> str:
    return f"{datasets.at_release(cohort.study)}/cohorts/{quote(cohort.name, safe='')}"
