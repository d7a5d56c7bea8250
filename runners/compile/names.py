"""How rendered models are called and where their files go."""

from __future__ import annotations

from specs.lang.types import Study, Table

HEAD = "-- Rendered by `wardloom compile` from specs/{spec}.yml: change the spec, not this file.\n"


def prefix(study: Study) -> str:
    """The spec's name as an identifier."""
    return study.name.replace("-", "_")


def model(study: Study, kind: str, table: str) -> str:
    """The model of a `kind` (bounded, coded, marginals) of a table; at the release `kind` is empty."""
    return f"{prefix(study)}__{kind}_{table}" if kind else f"{prefix(study)}__{table}"


def ref(study: Study, kind: str, table: str) -> str:
    """A dbt reference to a rendered model."""
    return f"{{{{ ref('{model(study, kind, table)}') }}}}"


def origin(study: Study, table: Table) -> str:
    """A dbt reference to what the table is made from: its model, or the hospital's own table."""
    if table.model:
        return f"{{{{ ref('{table.model}') }}}}"
    return f"{{{{ source('{prefix(study)}', '{table.name}') }}}}"


def head(study: Study) -> str:
    """The first line of every rendered file."""
    return HEAD.format(spec=study.name)
