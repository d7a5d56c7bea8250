"""The tables `wardloom compile` makes of a spec, and where their columns come from, said without reading SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from generators.marginal.plan import Plan, Variable
from generators.marginal.structure import structure
from lineage import datasets
from lineage.datasets import WORK, Dataset, Field
from lineage.links import DIRECT, INDIRECT, Link
from specs.lang.types import Site, Study, Table

ROW = "__row"
"""Column of a coded table: the row's number within its parent."""


def underscored(study: Study) -> str:
    """The spec's name as models carry it."""
    return study.name.replace("-", "_")


def work_name(study: Study, kind: str, table: Table) -> str:
    """Name of the dataset of a rendered model; kind: bounded, coded or marginals."""
    return f"{WORK}.{underscored(study)}__{kind}_{table.name}"


def code_columns(study: Study) -> list[str]:
    """Names of all code columns."""
    return [name for plan in structure(study) for v in plan.variables.values() for name in (v.name, f"{v.name}__fine")]


def at_site(study: Study, site: Site, version: str) -> tuple[tuple[Dataset, ...], tuple[Dataset, ...]]:
    """Source tables, and bounded, coded and marginal tables."""
    plans = {p.table: p for p in structure(study)}
    sources, models = [], []
    bounded: dict[str, Dataset] = {}
    for table in study.patient_tables():
        source = _source(study, site, table)
        bounded[table.name] = _bounded(study, table, source, version)
        coded = _coded(study, plans[table.name], bounded, version)
        sources.append(source)
        models += [bounded[table.name], coded, _marginals(study, table, coded, version)]
    return tuple(sources), tuple(models)


def at_release(study: Study, inputs: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """The released tables: those drawn, as they are."""
    found = {d.name: d for d in inputs}
    made = []
    for table in study.tables.values():
        drawn = found[f"{datasets.SAMPLED}.{table.name}"]
        links = {c: [drawn.link(c, DIRECT, "IDENTITY")] for c in drawn.columns}
        made.append(replace(drawn, name=f"{study.outputs.schema}.{table.name}").derived(links))
    return tuple(made)


def _source(study: Study, site: Site, table: Table) -> Dataset:
    """What a table is read from: the hospital's table of that name, or the model the spec names."""
    computed = {c.name for c in table.columns.values() if not c.measured}
    fields = [f for f in datasets.fields_of(study, table) if f.name not in computed]
    if table.model is None:
        return datasets.source(site, table.name, fields)
    return replace(datasets.source(site, table.name, fields), name=f"{WORK}.{table.model}")


def _bounded(study: Study, table: Table, source: Dataset, version: str) -> Dataset:
    """Values clamped, children numbered and cut at the bound."""
    keys = table.parent.key if table.parent else tuple(k.name for k in table.key)
    order = [table.order_by] if table.order_by else []
    whole = [source.link(k, INDIRECT, "FILTER") for k in dict.fromkeys([*keys, *order])]
    links = {c: [source.link(c, DIRECT, "TRANSFORMATION")] for c in source.columns}
    made = Dataset(source.namespace, work_name(study, "bounded", table), source.fields, version)
    return made.derived(links, whole)


def _coded(study: Study, plan: Plan, bounded: dict[str, Dataset], version: str) -> Dataset:
    """One code column per variable, and the keys to join and sum by."""
    table = study.tables[plan.table]
    own = bounded[table.name]
    unit = bounded[study.root.name]
    links: dict[str, list[Link]] = {k.name: [unit.link(k.name, DIRECT, "IDENTITY")] for k in study.root.key}
    links |= {k: [own.link(k, DIRECT, "IDENTITY")] for k in (table.parent.key if table.parent else ())}
    keys = [k.name for k in table.key] or list(links)
    links[ROW] = [own.link(c, INDIRECT, "WINDOW") for c in dict.fromkeys([*keys, table.order_by]) if c in own.columns]
    for variable in plan.variables.values():
        found = list(_variable(study, table, variable, bounded))
        links[variable.name] = found
        if any(f"{variable.name}__fine" in s.fine.columns for s in plan.steps):
            links[f"{variable.name}__fine"] = found
    fields = tuple(Field(name) for name in links)
    return Dataset(own.namespace, work_name(study, "coded", table), fields, version).derived(links)


def _variable(study: Study, table: Table, variable: Variable, bounded: dict[str, Dataset]) -> Iterable[Link]:
    own = bounded[table.name]
    if variable.kind == "parent":
        above = bounded[variable.table]
        if variable.column in above.columns:
            return [above.link(variable.column, DIRECT, "TRANSFORMATION")]
        return _children(study, variable.column, bounded)
    if variable.kind == "count":
        return _children(study, variable.column, bounded)
    if variable.kind == "rest":
        return [own.link(k, DIRECT, "AGGREGATION") for k in (table.parent.key if table.parent else ())]
    kind = "TRANSFORMATION" if variable.kind == "own" else "AGGREGATION"
    found = [own.link(variable.column, DIRECT, kind)] if variable.column in own.columns else []
    found += [own.link(variable.by, INDIRECT, "WINDOW")] if variable.by in own.columns else []
    return found or _children(study, variable.column, bounded)


def _children(study: Study, child: str, bounded: dict[str, Dataset]) -> list[Link]:
    """Numbers of children are counted, by foreign key."""
    table = study.tables.get(child)
    keys = table.parent.key if table and table.parent else ()
    read = bounded.get(child)
    if read is None:  # a child is worked out after its parent; its name is known all the same
        above = next(iter(bounded.values()))
        read = Dataset(above.namespace, work_name(study, "bounded", study.tables[child]))
    return [read.link(k, DIRECT, "AGGREGATION") for k in keys]


def _marginals(study: Study, table: Table, coded: Dataset, version: str) -> Dataset:
    """One row per query and cell that is not empty."""
    spec = datasets.spec(study)
    codes = [c for c in coded.columns if c != ROW and c not in {k.name for k in study.root.key}]
    units = [coded.link(k.name, INDIRECT, "GROUP_BY") for k in study.root.key]
    links = {
        "query": [spec.link("tables", DIRECT, "TRANSFORMATION")],
        "cell": [coded.link(c, DIRECT, "TRANSFORMATION") for c in codes],
        "total": [*(coded.link(c, DIRECT, "AGGREGATION") for c in codes), *units],
    }
    fields = (Field("query", "VARCHAR"), Field("cell", "BIGINT"), Field("total", "BIGINT"))
    return Dataset(coded.namespace, work_name(study, "marginals", table), fields, version).derived(links)
