"""What the audit log says of a vector that leaves: the message, and once what its query digest stands for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from privacy.canonical import canonical
from privacy.links import Broken, Fact, Link
from privacy.query import Query, digest


@dataclass(frozen=True)
class Sent:
    """One message that leaves with numbers made from rows, or that helps to unmask their total.

    `spec` and `queries` are digests; `cells` and `bytes` sizes; `sha256` that of the whole message; `variance` that of the
    site's own noise in a cell (integer units squared, as a fraction), before masks; `recipients` the roster, `survivors` the
    sites in the total where the stage knows them; `transcript` the hash that binds run, round, queries and roster.
    """

    run: str
    round: str
    stage: str
    spec: str
    queries: str
    data_version: str
    cells: int
    bytes: int
    sha256: str
    variance: str
    recipients: tuple[str, ...]
    transcript: str
    survivors: tuple[str, ...] = ()

    def facts(self) -> dict[str, Fact]:
        """As a line says it."""
        return {**asdict(self), "recipients": " ".join(self.recipients), "survivors": " ".join(self.survivors)}


def asked(queries: Sequence[Query]) -> dict[str, Fact]:
    """A `queries` line: all names, tables, columns, shapes and bounds behind a digest."""
    return {"digest": digest(queries), "queries": canonical([asdict(q) for q in queries]).decode()}


def queries_of(line: Link) -> tuple[Query, ...]:
    """The queries of a `queries` line. Raises Broken when they are not those of its digest."""
    try:
        said = json.loads(str(line.facts["queries"]))
        found = tuple(Query(**{**q, "columns": tuple(q["columns"]), "shape": tuple(q["shape"])}) for q in said)
    except (ValueError, KeyError, TypeError):
        found = ()
    if digest(found) != line.facts.get("digest"):
        raise Broken(f"does not verify: line {line.number} names queries of another digest")
    return found


def shown(query: Query) -> dict[str, object]:
    """What people see of a query; `bound` is how far one patient can move it (L2, integer units: 1024 stand for one patient)."""
    return {"name": query.name, "table": query.table, "columns": query.columns, "shape": query.shape, "bound": query.scale}
