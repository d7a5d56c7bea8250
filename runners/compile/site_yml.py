"""The yml beside each model at a site: what every column means, and tests that refuse data."""

from __future__ import annotations

from generators.marginal.plan import Plan, Variable
from runners.compile.coded import sizes
from runners.compile.names import model, prefix
from runners.compile.sql import cast, from_number, literal, name
from runners.compile.yml import Model, dump, entry, keys, meaning, plain
from specs.lang.types import Column, Study, Table

MEANING = {
    "own": "Code of {column} of this row.",
    "count": "Code of the number of rows of {column} that belong to this row.",
    "start": "Code of {column} of the first row of its parent; NULL in later rows.",
    "gap": "Code of the distance in {column} to the previous row; NULL in the first row.",
    "mark": "Which of the times with a bin of their own {column} is at, from 1; 0 for none.",
    "moved": "0 in the first row of its parent, 1 at the same {column} as the previous row, 2 later.",
    "left": "Code of the time left from the previous row to the bound.",
    "rest": "Code of the number of rows of the same parent from this one on.",
    "pace": "Code of the time left per row to come.",
    "parent": "Code of {source} of the row of {table} it belongs to, joined into groups.",
    "previous": "Code of {source} of the previous row of the same parent; the last code stands for none.",
    "last": "Code of {source} of the last row of the same kind; the last code stands for none.",
}
ONCE: Model = {"config": {"materialized": "view"}}
"""Of a table that only its own coded table reads: to write it would cost more than to read it costs."""
CONSENT = "Which patients consent; all others are left out."


def bounded(study: Study, table: Table) -> str:
    """Descriptions of a bounded table, and the tests that refuse values outside the domain where the spec says so."""
    found = [entry(k, about, ["not_null"]) for k, about in keys(study, table).items()]
    found += [entry(c.name, meaning(c)) for c in table.columns.values() if c.measured]
    described: Model = {
        "name": model(study, "bounded", table.name),
        "description": f"{table.name}: typed, inside the public domain, contribution bounds enforced.",
        **({} if table.parent or study.children(table.name) else ONCE),
        "columns": found,
    }
    refused = [_refused(study, table, c) for c in table.columns.values() if c.outside == "refuse" and c.measured]
    tests = [r for r in refused if r]
    if table.parent and study.children(table.name):  # rows of two patients under one key would share the rows below it
        tests.append({"unique_together": {"arguments": {"columns": [name(k.name) for k in table.key]}}})
    if tests:
        described["data_tests"] = tests
    return dump([described])


def _refused(study: Study, table: Table, column: Column) -> Model | None:
    """A test on what the table is made from; its name says table and column, never a value."""
    if column.values is not None:
        inside = f"cast({cast(column)} as varchar) in ({', '.join(map(literal, column.values))})"
    elif column.range is not None:
        low, high = (from_number(column, v) for v in column.range)
        inside = f"{cast(column)} between {low} and {high}"
    else:
        return None
    inside = f"{name(column.name)} is null or coalesce({inside}, false)"  # what has no such type is outside
    relation = f"ref('{table.model}')" if table.model else f"source('{prefix(study)}', '{table.name}')"
    given = {"relation": "{{ " + relation + " }}", "condition": inside}
    return {"holds_with": {"name": f"{prefix(study)}__{table.name}__{column.name}__inside", "arguments": given}}


def coded(study: Study, table: Table, plan: Plan) -> str:
    """Descriptions of a coded table."""
    found = [entry(k, about) for k, about in keys(study, table).items()]
    if table.parent:
        found.append(entry("__patient", "Number of the patient."))
        found.append(entry("__row", "Number of the row within its parent, in order."))
    found += [entry(v.name, _meaning(v)) for v in plan.variables.values()]
    finest = [c for c in sizes(plan) if c not in plan.variables]
    found += [entry(c, f"Fine code of {c.removesuffix('__fine')}.") for c in finest]
    about = f"{table.name}: every variable as a small integer."
    return dump([{"name": model(study, "coded", table.name), "description": about, "columns": found}])


def _meaning(variable: Variable) -> str:
    text = MEANING[variable.kind].format(column=variable.column, source=variable.source, table=variable.table)
    return f"{text} Joined into groups." if variable.groups and variable.kind in ("own", "count") else text


def marginals(study: Study, table: Table) -> str:
    """Descriptions of a marginals table."""
    found = [
        entry("query", "Name of the query.", ["not_null"]),
        entry("cell", "Index of the cell in C order.", ["not_null"]),
        entry("total", "Exact integer sum over patients. It leaves the hospital only with noise.", ["not_null"]),
    ]
    about = f"{table.name}: what every query sums up to. Private: only the noised sum of all hospitals is released."
    return dump([{"name": model(study, "marginals", table.name), "description": about, "columns": found}])


def hospital(study: Study) -> str | None:
    """Sources of tables that are read straight from the hospital's database."""
    found = {t.name.lower(): _source(study, t) for t in study.patient_tables() if t.model is None}
    if study.governance.consent:
        consent = study.governance.consent
        here = found.setdefault(consent.table.lower(), {"name": consent.table, "description": CONSENT, "columns": []})
        known = {c["name"].lower() for c in here["columns"]}
        more = {c.lower(): c for c in (*consent.key, *consent.columns)}
        here["columns"] += [entry(c, "Says whether a patient consents.") for low, c in more.items() if low not in known]
    if not found:
        return None
    schema = "{{ env_var('WARDLOOM_SCHEMA', 'main') }}"
    return dump([], [{"name": prefix(study), "database": "hospital", "schema": schema, "tables": list(found.values())}])


def _source(study: Study, table: Table) -> Model:
    listed = [entry(k, about) for k, about in keys(study, table).items()]
    listed += [entry(c.name, meaning(c)) for c in table.columns.values() if c.measured]
    return {"name": table.name, "description": plain(table.about or f"{table.name} at the hospital."), "columns": listed}
