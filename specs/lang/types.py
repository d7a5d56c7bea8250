"""What a checked spec is: frozen values every other room reads.

Nothing here knows YAML, SQL engines or files: `generators/` and `privacy/` import this module on a bare GPU machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

Scalar = Literal["integer", "number", "boolean", "date", "timestamp", "string"]
Outside = Literal["clamp", "refuse"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a spec file something was said (1-based line and column)."""

    file: str
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Bins:
    """Public bin edges of an ordered column, in `Column` units (dates: days since 1970-01-01, timestamps: seconds since it).

    `edges[v]` are the edges for the `v`-th value of the column named by `by`; without `by` there is one entry.
    Bins are half-open `[low, high)`, the last is closed; an edge written twice is a bin of its own, holding that value only.
    """

    edges: tuple[tuple[float, ...], ...]
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column with its public domain.

    `values` are the allowed values of a `string` (or of a `boolean`: false, true), `bins` those of an ordered type.
    Exactly one of `values`, `bins`, `derived` and `references` describes the column.
    `range` is inclusive and in the same units as `Bins.edges`.
    """

    name: str
    type: Scalar
    nullable: bool = False
    values: tuple[str, ...] | None = None
    range: tuple[float, float] | None = None
    bins: Bins | None = None
    decimals: int | tuple[int, ...] | None = None
    derived: str | None = None
    references: str | None = None
    outside: Outside = "clamp"
    unit: str | None = None
    about: str = ""

    @property
    def measured(self) -> bool:
        """Derived columns are computed, so nothing is ever asked about them."""
        return self.derived is None


@dataclass(frozen=True, slots=True)
class Key:
    """One column of a primary key; synthetic keys are made, never learned."""

    name: str
    type: Literal["integer", "string"] = "integer"


@dataclass(frozen=True, slots=True)
class Parent:
    """The edge to the parent: `key` are this table's foreign-key columns, in the order of the parent's key."""

    table: str
    key: tuple[str, ...]
    max_children: int


@dataclass(frozen=True, slots=True)
class Table:
    """One table of patients' rows, or a public reference table (`reference` is its CSV file)."""

    name: str
    key: tuple[Key, ...]
    columns: Mapping[str, Column]
    model: str | None = None
    parent: Parent | None = None
    order_by: str | None = None
    unique: tuple[tuple[str, ...], ...] = ()
    reference: str | None = None
    about: str = ""


@dataclass(frozen=True, slots=True)
class Budget:
    """Differential privacy at the patient level: add or remove one patient with all their rows."""

    epsilon: float
    delta: float


@dataclass(frozen=True, slots=True)
class Site:
    """One hospital: `database` is a DuckDB file (environment variables already filled in) that only this site reads.

    `key` is its public signing key (`privacy.identity`), None where the spec does not say.
    """

    name: str
    database: str
    schema: str = "main"
    data_version: str = "1"
    budget: Budget | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Privacy:
    """Either a `budget`, or `none`: the reason why these data are public."""

    unit: str
    budget: Budget | None
    none: str | None = None
    neighbours: Literal["add_or_remove"] = "add_or_remove"


@dataclass(frozen=True, slots=True)
class Constraint:
    """A SQL condition every synthetic row fulfils; rows for which it is NULL pass, as in a SQL CHECK.

    `table` is the deepest table it names; its other tables are ancestors of it.
    """

    sql: str
    table: str
    tables: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Federation:
    """How sites are joined: the noise of any `dropouts + colluders` sites may be missing and the claim still holds."""

    transport: Literal["embedded", "nvflare", "flower"] = "embedded"
    min_sites: int = 1
    dropouts: int = 0
    colluders: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One way to train: over so many sums, with networks so wide and so deep."""

    rounds: int = 40
    width: int = 128
    depth: int = 2


@dataclass(frozen=True, slots=True)
class Generator:
    """Which generator learns, and where it computes.

    Those that train on patients' gradients (`trains`) spend the share `measure` of the budget on histograms, as the others do
    with all of it, and the rest in `rounds` sums over all hospitals; their networks are `width` wide and `depth` layers deep.
    With a `sweep` each of its trials trains on an equal part of that rest, and the one that comes closest is kept.
    Without a budget rounds are `federated` averaging, or SGD: one summed gradient of all patients a round, as with a budget.
    """

    name: Literal["marginal", "copula", "diffusion", "timeline", "ctgan", "tvae", "bins"] = "marginal"
    device: Literal["auto", "cpu", "gpu"] = "auto"
    measure: float = 0.8
    rounds: int = 40
    width: int = 128
    depth: int = 2
    federated: Literal["averaging", "sgd"] = "averaging"
    sweep: tuple[Trial, ...] = ()

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All ways in which it is trained."""
        return self.sweep or (Trial(self.rounds, self.width, self.depth),)

    @property
    def trains(self) -> bool:
        """Whether hospitals compute gradients for it."""
        return self.name not in ("marginal", "copula", "bins")

    @property
    def finds_bins(self) -> bool:
        """Whether it makes no tables, but asks how the patients' columns are best cut."""
        return self.name == "bins"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where the release goes: `directory` holds the database, model, report and lineage of one release.

    `adds_to` is the directory of an earlier release of other patients, whose noised sums are added.
    """

    directory: str
    schema: str = "synthetic"
    adds_to: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """Patients count only with a row in the hospital's own `table` whose columns `key` are theirs and for which `where` holds.

    `key` is in the order of the key of the privacy unit's table; `columns` are those that `where` names.
    """

    table: str
    key: tuple[str, ...]
    where: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Governance:
    """What hospitals agree to: `approvals` are sites that must have approved; `expires` is the last day on which they answer."""

    purpose: str = ""
    approvals: tuple[str, ...] = ()
    expires: date | None = None
    consent: Consent | None = None


@dataclass(frozen=True)
class Study:
    """A whole checked spec. `tables` is in tree order: a parent comes before its children, reference tables come first."""

    name: str
    file: str
    digest: str
    tables: Mapping[str, Table]
    sites: Mapping[str, Site]
    privacy: Privacy
    outputs: Outputs
    about: str = ""
    seed: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    constraints: tuple[Constraint, ...] = ()
    generator: Generator = Generator()
    federation: Federation = Federation()
    governance: Governance = Governance()

    def __hash__(self) -> int:
        """So that what follows from a study need not be worked out twice."""
        return hash(self.digest)

    @property
    def averages(self) -> bool:
        """Whether a round of training is the mean of hospitals' own passes; else it is a sum over patients of gradients."""
        return self.privacy.budget is None and self.generator.federated == "averaging"

    @property
    def root(self) -> Table:
        """The table of the privacy unit: one row is one patient."""
        return self.tables[self.privacy.unit]

    def children(self, table: str) -> tuple[Table, ...]:
        """Tables whose parent is `table`, in spec order."""
        return tuple(t for t in self.tables.values() if t.parent and t.parent.table == table)

    def patient_tables(self) -> tuple[Table, ...]:
        """The tree of patients' tables, parents first; without reference tables."""
        return tuple(t for t in self.tables.values() if t.reference is None)

    def ancestors(self, table: str) -> tuple[Table, ...]:
        """From the parent of `table` up to the root."""
        found: list[Table] = []
        parent = self.tables[table].parent
        while parent:
            found.append(self.tables[parent.table])
            parent = self.tables[parent.table].parent
        return tuple(found)
