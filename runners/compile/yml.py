"""The yml beside each rendered model: what every column means, contracts and tests."""

from __future__ import annotations

from typing import Any

import yaml

from generators.marginal.structure import Plan, Variable
from runners.compile.bounded import key_types
from runners.compile.names import model, prefix
from runners.compile.release import columns
from runners.compile.sql import from_number, literal, name
from specs.lang.types import Column, Study, Table

Model = dict[str, Any]

MEANING = {
    "own": "Code of {column} of this row.",
    "count": "Code of the number of rows of {column} that belong to this row.",
    "start": "Code of {column} of the first row of its parent; NULL in later rows.",
    "gap": "Code of the distance in {column} to the previous row; NULL in the first row.",
    "moved": "0 in the first row of its parent, 1 at the same {column} as the previous row, 2 later.",
    "left": "Code of the time left from the previous row to the bound.",
    "rest": "Code of the number of rows of the same parent from this one on.",
    "pace": "Code of the time left per row to come.",
    "parent": "Code of {source} of the row of {table} it belongs to, joined into groups.",
    "previous": "Code of {source} of the previous row of the same parent; the last code stands for none.",
    "last": "Code of {source} of the last row of the same kind; the last code stands for none.",
}


def dump(models: list[Model], sources: list[Model] | None = None, exposures: list[Model] | None = None) -> str:
    """A dbt properties file."""
    found: dict[str, Any] = {"version": 2}
    found |= {k: v for k, v in (("sources", sources), ("models", models), ("exposures", exposures)) if v}
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return "# Rendered by `wardloom compile`: change the spec, not this file.\n" + text


def _column(column: str, about: str, tests: list[Any] | None = None, kind: str | None = None) -> Model:
    found: Model = {"name": column, "description": _plain(about), "quote": True}
    if kind:
        found["data_type"] = kind
    if tests:
        found["data_tests"] = tests
    return found


def _plain(text: str) -> str:
    """Text that dbt shows and does not run."""
    return text.replace("{", "(").replace("}", ")")


def _about(column: Column) -> str:
    what = column.about or f"{column.name} as the spec describes it."
    return f"{what} Unit: {column.unit}." if column.unit else what


def _keys(study: Study, table: Table) -> dict[str, str]:
    own = {k.name for k in table.key}
    return {k: "Key." if k in own else "Key of the parent row." for k in key_types(study, table)}


def bounded(study: Study, table: Table) -> str:
    """Descriptions of a bounded table, and the tests that refuse values outside the domain where the spec says so."""
    found = [_column(k, about, ["not_null"]) for k, about in _keys(study, table).items()]
    found += [_column(c.name, _about(c)) for c in table.columns.values() if c.measured]
    entry: Model = {
        "name": model(study, "bounded", table.name),
        "description": f"{table.name}: typed, inside the public domain, contribution bounds enforced.",
        "columns": found,
    }
    refused = [_refused(study, table, c) for c in table.columns.values() if c.outside == "refuse" and c.measured]
    tests = [r for r in refused if r]
    if table.parent and study.children(table.name):  # rows of two patients under one key would share the rows below it
        tests.append({"unique_together": {"arguments": {"columns": [name(k.name) for k in table.key]}}})
    if tests:
        entry["data_tests"] = tests
    return dump([entry])


def _refused(study: Study, table: Table, column: Column) -> Model | None:
    """A test on what the table is made from; its name says table and column, never a value."""
    sql = name(column.name)
    if column.values is not None:
        inside = f"cast({sql} as varchar) in ({', '.join(map(literal, column.values))})"
    elif column.range is not None:
        low, high = (from_number(column, v) for v in column.range)
        inside = f"{sql} between {low} and {high}"
    else:
        return None
    relation = f"ref('{table.model}')" if table.model else f"source('{prefix(study)}', '{table.name}')"
    given = {"relation": "{{ " + relation + " }}", "condition": inside}
    return {"holds_with": {"name": f"{prefix(study)}__{table.name}__{column.name}__inside", "arguments": given}}


def coded(study: Study, table: Table, plan: Plan) -> str:
    """Descriptions of a coded table."""
    found = [_column(k, about) for k, about in _keys(study, table).items()]
    found.append(_column("__patient", "Number of the patient."))
    if table.parent:
        found.append(_column("__row", "Number of the row within its parent, in order."))
    found += [_column(v.name, _meaning(v)) for v in plan.variables.values()]
    finest = [s.fine.columns[-1] for s in plan.steps if s.fine.columns[-1] not in plan.variables]
    found += [_column(c, f"Fine code of {c.removesuffix('__fine')}.") for c in finest]
    about = f"{table.name}: every variable as a small integer."
    return dump([{"name": model(study, "coded", table.name), "description": about, "columns": found}])


def _meaning(variable: Variable) -> str:
    text = MEANING[variable.kind].format(column=variable.column, source=variable.source, table=variable.table)
    return f"{text} Joined into groups." if variable.groups and variable.kind in ("own", "count") else text


def marginals(study: Study, table: Table) -> str:
    """Descriptions of a marginals table."""
    found = [
        _column("query", "Name of the query.", ["not_null"]),
        _column("cell", "Index of the cell in C order.", ["not_null"]),
        _column("total", "Exact integer sum over patients. It leaves the hospital only with noise.", ["not_null"]),
    ]
    about = f"{table.name}: what every query sums up to. Private: only the noised sum of all hospitals is released."
    return dump([{"name": model(study, "marginals", table.name), "description": about, "columns": found}])


def hospital(study: Study) -> str | None:
    """Sources of tables that are read straight from the hospital's database."""
    tables = [t for t in study.patient_tables() if t.model is None]
    if not tables:
        return None
    found = []
    for table in tables:
        listed = [_column(k, about) for k, about in _keys(study, table).items()]
        listed += [_column(c.name, _about(c)) for c in table.columns.values() if c.measured]
        found.append(
            {"name": table.name, "description": _plain(table.about or f"{table.name} at the hospital."), "columns": listed}
        )
    schema = "{{ env_var('WARDLOOM_SCHEMA', 'main') }}"
    return dump([], [{"name": prefix(study), "database": "hospital", "schema": schema, "tables": found}])


def synthetic(study: Study, table: Table) -> str:
    """Contract and tests of a synthetic table."""
    types = columns(study, table)
    found = []
    for key, about in _keys(study, table).items():
        found.append(_column(key, about, _key_tests(study, table, key), types[key]))
    found += [
        _column(c.name, _about(c), _column_tests(study, table, c), types[c.name])
        for c in table.columns.values()
        if c.name not in key_types(study, table)
    ]
    entry = {
        "name": model(study, "", table.name),
        "description": _plain(table.about or f"Synthetic {table.name}. No row is a real patient's."),
        "config": {"contract": {"enforced": True}},
        "columns": found,
    }
    tests = _table_tests(study, table)
    if tests:
        entry["data_tests"] = tests
    return dump([entry])


def _key_tests(study: Study, table: Table, key: str) -> list[Any]:
    tests: list[Any] = ["not_null"]
    if [k.name for k in table.key] == [key]:
        tests.append("unique")
    if table.parent and len(table.parent.key) == 1 and key == table.parent.key[0]:
        parent = study.tables[table.parent.table]
        tests.append(_points_to(study, parent, parent.key[0].name))
    return tests


def _points_to(study: Study, table: Table, key: str) -> Model:
    to = "ref('" + model(study, "", table.name) + "')"
    return {"relationships": {"arguments": {"to": to, "field": name(key)}}}


def _column_tests(study: Study, table: Table, column: Column) -> list[Any]:
    tests: list[Any] = [] if column.nullable else ["not_null"]
    if column.references:
        parent = study.tables[column.references]
        tests.append(_points_to(study, parent, parent.key[0].name))
    elif column.values is not None and column.type == "string":
        tests.append({"holds": {"name": _test(study, table, column, "values"), "arguments": {"condition": _listed(column)}}})
    if column.range is not None:
        low, high = (from_number(column, v) for v in column.range)
        condition = f"{name(column.name)} between {low} and {high}"
        tests.append({"holds": {"name": _test(study, table, column, "range"), "arguments": {"condition": condition}}})
    return tests


def _listed(column: Column) -> str:
    return f"{name(column.name)} in ({', '.join(map(literal, column.values or ()))})"


def _test(study: Study, table: Table, column: Column, what: str) -> str:
    return f"{prefix(study)}__{table.name}__{column.name}__{what}"


def _table_tests(study: Study, table: Table) -> list[Any]:
    tests: list[Any] = []
    if len(table.key) > 1:
        tests.append({"unique_together": {"arguments": {"columns": [name(k.name) for k in table.key]}}})
    for listed in table.unique:
        owner = table.parent.key if table.parent else ()
        tests.append({"unique_together": {"arguments": {"columns": [name(c) for c in (*owner, *listed)]}}})
    for number, constraint in enumerate(c for c in study.constraints if c.table == table.name):
        given = {"relation": _relation(study, table), "condition": _plain(constraint.sql)}
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


def released(study: Study) -> str:
    """Sources, the quality model and exposures of a release."""
    sampled = [{"name": t.name, "description": f"{t.name} as the generator drew it."} for t in study.tables.values()]
    sources = [
        {"name": f"{prefix(study)}_sampled", "schema": "sampled", "tables": sampled},
        {
            "name": f"{prefix(study)}_sums",
            "schema": "wardloom",
            "tables": [{"name": "noised_sums", "description": "All noised sums with their standard errors."}],
        },
    ]
    about = {
        "column_name": ("Column of the root table.", "varchar"),
        "cell": ("Its (fine) code.", "bigint"),
        "label": ("What the code means.", "varchar"),
        "noised_share": ("Share of patients by the noised sum.", "double"),
        "std_error": ("Standard error of that share.", "double"),
        "synthetic_share": ("Share of synthetic rows.", "double"),
        "distance": ("Half the absolute difference; its sum over a column is the total variation distance.", "double"),
    }
    quality = {
        "name": f"{prefix(study)}__quality_columns",
        "description": "Synthetic histograms of the root table against the noised sums.",
        "config": {"contract": {"enforced": True}},
        "columns": [_column(c, text, ["not_null"] if c != "label" else None, kind) for c, (text, kind) in about.items()],
    }
    depends = [f"ref('{model(study, '', t.name)}')" for t in study.tables.values()]
    exposures = [
        {
            "name": f"{prefix(study)}_{what}",
            "type": "dashboard" if what == "report" else "ml",
            "description": text,
            "depends_on": depends,
            "owner": {"name": study.name},
        }
        for what, text in (("report", "Quality report of the release."), ("model_card", "The released model and its facts."))
    ]
    return dump([quality], sources, exposures)
