"""Where one column comes from: links to other columns, as the column lineage facet (1-2-0) knows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lineage.events import Json

DIRECT = "DIRECT"
INDIRECT = "INDIRECT"


@dataclass(frozen=True, slots=True)
class Link:
    """One input column, and what becomes of it.

    DIRECT (the value is computed from it): IDENTITY, TRANSFORMATION or AGGREGATION.
    INDIRECT (it decides which value or row): CONDITIONAL, FILTER, JOIN, GROUP_BY, SORT or WINDOW.
    `masking`: the value itself cannot be got back, because only noised sums of it went on.
    """

    namespace: str
    name: str
    field: str
    type: str = DIRECT
    subtype: str = "IDENTITY"
    masking: bool = False


Links = tuple[Link, ...]


def as_json(links: Iterable[Link]) -> list[Json]:
    """Input fields, each once with all its transformations."""
    found: dict[tuple[str, str, str], list[Json]] = {}
    for link in dict.fromkeys(links):
        said = {"type": link.type, "subtype": link.subtype, "masking": link.masking}
        found.setdefault((link.namespace, link.name, link.field), []).append(said)
    return [{"namespace": s, "name": n, "field": f, "transformations": t} for (s, n, f), t in found.items()]
