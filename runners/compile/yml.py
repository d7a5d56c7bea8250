"""What the properties files of dbt have in common: columns with what they mean."""

from __future__ import annotations

from typing import Any

import yaml

from runners.compile.bounded import key_types
from specs.lang.types import Column, Study, Table

Model = dict[str, Any]


def dump(models: list[Model], sources: list[Model] | None = None, exposures: list[Model] | None = None) -> str:
    """A dbt properties file."""
    found: dict[str, Any] = {"version": 2}
    found |= {k: v for k, v in (("sources", sources), ("models", models), ("exposures", exposures)) if v}
    text = yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=120, default_flow_style=False)
    return "# Rendered by `wardloom compile`: change the spec, not this file.\n" + text


def entry(
    column: str,
    about: str,
    tests: list[Any] | None = None,
    kind: str | None = None,
    must: bool = False,
    checks: list[str] | None = None,
) -> Model:
    """A column: what it means, its tests, its SQL type. By contract one that `must` be there is NOT NULL, and `checks` hold."""
    found: Model = {"name": column, "description": plain(about), "quote": True}
    if kind:
        found["data_type"] = kind
    constraints = [{"type": "not_null"}] if must else []
    constraints += [{"type": "check", "expression": check} for check in checks or ()]
    if constraints:
        found["constraints"] = constraints
    if tests:
        found["data_tests"] = tests
    return found


def plain(text: str) -> str:
    """Text that dbt shows and does not run."""
    return text.replace("{", "(").replace("}", ")")


def meaning(column: Column) -> str:
    """What the spec says of a column."""
    what = column.about or f"{column.name} as the spec describes it."
    return f"{what} Unit: {column.unit}." if column.unit else what


def keys(study: Study, table: Table) -> dict[str, str]:
    """The table's own and its parent's key columns, and what they are."""
    own = {k.name for k in table.key}
    return {k: "Key." if k in own else "Key of the parent row." for k in key_types(study, table)}
