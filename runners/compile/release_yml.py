"""The yml beside each model at the release: contracts, tests, sources and exposures."""

from __future__ import annotations

from typing import Any

from runners.compile.bounded import holds, key_types
from runners.compile.names import model, prefix
from runners.compile.release import columns, here
from runners.compile.sql import from_number, literal, name
from runners.compile.yml import Model, dump, entry, keys, meaning, plain
from specs.lang.types import Column, Study, Table


def synthetic(study: Study, table: Table) -> str:
    """Contract and tests of a synthetic table."""
    types = columns(study, table)
    found = []
    for key, about in keys(study, table).items():
        found.append(entry(key, about, _key_tests(study, table, key), types[key], must=True))
    found += [
        entry(c.name, meaning(c), _column_tests(study, c), types[c.name], not c.nullable, _checks(c))
        for c in table.columns.values()
        if c.name not in key_types(study, table)
    ]
    described: Model = {
        "name": model(study, "", table.name),
        "description": plain(table.about or f"Synthetic {table.name}. No row is a real patient's."),
        "config": {"contract": {"enforced": True}},
        "columns": found,
    }
    tests = _table_tests(study, table)
    if tests:
        described["data_tests"] = tests
    return dump([described])


def _key_tests(study: Study, table: Table, key: str) -> list[Any]:
    """Keys are tested, not declared: the index behind a PRIMARY KEY has to fit in memory, a test does not."""
    tests: list[Any] = []
    if [k.name for k in table.key] == [key]:
        tests.append("unique")
    if table.parent and len(table.parent.key) == 1 and key == table.parent.key[0]:
        parent = study.tables[table.parent.table]
        tests.append(_points_to(study, parent, parent.key[0].name))
    return tests


def _points_to(study: Study, table: Table, key: str) -> Model:
    to = "ref('" + model(study, "", table.name) + "')"
    return {"relationships": {"arguments": {"to": to, "field": name(key)}}}


def _column_tests(study: Study, column: Column) -> list[Any]:
    if not column.references:
        return []
    parent = study.tables[column.references]
    return [_points_to(study, parent, parent.key[0].name)]


def _checks(column: Column) -> list[str]:
    """What DuckDB checks of each value as the table is made; NULL passes."""
    checks: list[str] = []
    if column.values is not None and column.type == "string" and not column.references:
        checks.append(f"{name(column.name)} in ({', '.join(map(literal, column.values))})")
    if column.range is not None:
        low, high = (from_number(column, v) for v in column.range)
        checks.append(f"{name(column.name)} between {low} and {high}")
    return checks


def _table_tests(study: Study, table: Table) -> list[Any]:
    tests: list[Any] = []
    if len(table.key) > 1:
        tests.append({"unique_together": {"arguments": {"columns": [name(k.name) for k in table.key]}}})
    if table.parent and len(table.parent.key) > 1:
        parent = study.tables[table.parent.table]
        to = "ref('" + model(study, "", parent.name) + "')"
        pairs = {"columns": [*map(name, table.parent.key)], "fields": [name(k.name) for k in parent.key]}
        tests.append({"points_to": {"arguments": {"to": to, **pairs}}})
    for listed in table.unique:
        owner = table.parent.key if table.parent else ()
        tests.append({"unique_together": {"arguments": {"columns": [name(c) for c in (*owner, *listed)]}}})
    for number, constraint in enumerate(c for c in study.constraints if c.table == table.name):
        given = {"relation": _relation(study, table), "condition": holds(constraint.sql)}
        tests.append({"holds_with": {"name": f"{prefix(study)}__{table.name}__constraint_{number + 1}", "arguments": given}})
    return tests


def _relation(study: Study, table: Table) -> str:
    """The table joined with its ancestors, under their own names."""
    text, below = f"{{{{ ref('{model(study, '', table.name)}') }}}} as {name(table.name)}", table
    for parent in study.ancestors(table.name):
        assert below.parent is not None
        pairs = zip(below.parent.key, parent.key, strict=True)
        on = " and ".join(f"{name(below.name)}.{name(m)} = {name(parent.name)}.{name(k.name)}" for m, k in pairs)
        text += f" join {{{{ ref('{model(study, '', parent.name)}') }}}} as {name(parent.name)} on {on}"
        below = parent
    return text


def _sampled(study: Study, table: Table) -> Model:
    """A source at the release."""
    listed = [entry(k, about) for k, about in keys(study, table).items()]
    listed += [entry(c.name, meaning(c)) for c in table.columns.values() if c.name not in key_types(study, table)]
    return {"name": table.name, "description": f"{table.name} as the generator drew it.", "columns": listed}


def _sums() -> Model:
    about = {
        "query": "Name of the histogram.",
        "table_name": "Table it counts.",
        "columns": "Its code columns.",
        "cell": "Index of the cell in C order.",
        "codes": "The cell's code in each column.",
        "labels": "What those codes mean.",
        "value": "The noised sum, in patients; over a child table every patient weighs the same, so it counts no rows.",
        "std_error": "Standard error of the noise, in patients.",
    }
    listed = [entry(c, text) for c, text in about.items()]
    return {"name": "noised_sums", "description": "All noised sums with their standard errors.", "columns": listed}


def released(study: Study) -> str:
    """Sources, the quality model and exposures of a release."""
    sampled = [_sampled(study, table) for table in study.tables.values()]
    sources = [
        {"name": f"{prefix(study)}_sampled", "schema": "sampled", "tables": sampled},
        {"name": f"{prefix(study)}_sums", "schema": "wardloom", "tables": [_sums()]},
    ]
    return dump([_quality(study)], sources, _exposures(study))


def _quality(study: Study) -> dict[str, Any]:
    """The model that compares the root table with its noised sums."""
    about = {
        "column_name": ("Column of the root table.", "varchar"),
        "cell": ("Its (fine) code.", "bigint"),
        "label": ("What the code means.", "varchar"),
        "noised_share": ("Share of patients by the noised sum.", "double"),
        "std_error": ("Standard error of that share.", "double"),
        "synthetic_share": ("Share of synthetic rows.", "double"),
        "distance": ("Half the absolute difference; its sum over a column is the total variation distance.", "double"),
    }
    return {
        "name": f"{prefix(study)}__quality_columns",
        "description": "Synthetic histograms of the root table against the noised sums.",
        "config": {"contract": {"enforced": True}},
        "columns": [entry(c, text, kind=kind, must=c != "label") for c, (text, kind) in about.items()],
    }


def _exposures(study: Study) -> list[dict[str, Any]]:
    """What people and programs get from the release: the report and the model."""
    depends = [f"ref('{model(study, '', t.name)}')" for t in study.tables.values()]
    return [
        {
            "name": f"{prefix(study)}_{what}",
            "type": "dashboard" if what == "report" else "ml",
            "description": text,
            "config": {"enabled": "{{ " + here(study) + " }}"},
            "depends_on": depends,
            "owner": {"name": study.name},
        }
        for what, text in (("report", "Quality report of the release."), ("model_card", "The released model and its facts."))
    ]
