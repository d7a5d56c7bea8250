"""Column lineage of what is not SQL: the noised sums, the model, and the synthetic tables. Derived from the spec alone.

The sums hold all questions in one long table, so a path through `noised_sums.value` says little. The model therefore has one
column per learned variable, which is linked to the sums and, beyond them, to the very code columns its histograms are over
(`masking`: only noised sums of those ever left the site).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from generators.marginal.implied import bound_of, starts_at_parent
from generators.marginal.plan import Plan, Step, Variable
from generators.marginal.structure import structure
from lineage import datasets
from lineage.datasets import Dataset, Field
from lineage.links import DIRECT, INDIRECT, Link, Links
from specs.lang.types import Column, Study, Table

PUBLIC = ("query", "table_name", "columns", "cell", "codes", "labels")
"""Columns of the sums that the spec alone decides."""


def sums(study: Study, version: str, marginals: Sequence[Dataset]) -> Dataset:
    """The noised sums of the sites' marginals."""
    spec = datasets.spec(study)
    links: dict[str, list[Link]] = {name: [spec.link("tables", DIRECT, "TRANSFORMATION")] for name in PUBLIC}
    links["std_error"] = [spec.link(name, DIRECT, "TRANSFORMATION") for name in ("tables", "privacy", "federation")]
    links["value"] = [m.link("total", DIRECT, "AGGREGATION", True) for m in marginals]
    links["value"] += [m.link(c, INDIRECT, "GROUP_BY", True) for m in marginals for c in ("query", "cell")]
    return datasets.sums(study, version).derived(links)


def model(study: Study, version: str, coded: Mapping[str, Sequence[Dataset]]) -> Dataset:
    """The model; `coded[table]` are the coded tables of the sites. One column per learned variable: `table.variable`."""
    sums_ = datasets.sums(study, version)
    links: dict[str, list[Link]] = {}
    for plan in structure(study):
        for step in plan.steps:
            found = [sums_.link("value", DIRECT, "AGGREGATION"), sums_.link("std_error", INDIRECT, "CONDITIONAL")]
            found += [sums_.link(c, INDIRECT, "FILTER") for c in ("query", "cell")]
            links[f"{plan.table}.{step.variable.name}"] = found + list(_codes(step, coded.get(plan.table, ())))
    fields = tuple(Field(name) for name in links)
    about = "What the generator learned from the noised sums: one column per learned variable."
    return Dataset(datasets.at_release(study), "wardloom.model", fields, version, about).derived(links)


def _codes(step: Step, coded: Sequence[Dataset]) -> Iterator[Link]:
    """The code columns behind a variable: its own, and those it is learned in the context of."""
    own = dict.fromkeys((step.variable.name, step.fine.columns[-1], *(q.columns[-1] for q in step.factors)))
    contexts = dict.fromkeys(c for q in (step.fine, *step.factors) for c in q.columns[:-1])
    for site in coded:
        for column in own:
            if column in site.columns:
                yield site.link(column, DIRECT, "AGGREGATION", True)
        for column in contexts:
            if column in site.columns and column not in own:
                yield site.link(column, INDIRECT, "CONDITIONAL", True)


def table(study: Study, name: str, version: str) -> Dataset:
    """One synthetic table as the generator drew it."""
    made = Made(study, version, study.tables[name])
    out = datasets.sampled(study, made.table, version)
    return out.derived({column: made.links(column) for column in out.columns}, made.filters())


def reference(study: Study, table: Table, version: str) -> Dataset:
    """A public reference table: its file is part of the spec."""
    spec = datasets.spec(study)
    out = datasets.sampled(study, table, version)
    return out.derived({c: [spec.link(f"{table.name}.{c}", DIRECT, "IDENTITY")] for c in out.columns})


def facts(study: Study, version: str) -> Dataset:
    """The facts of a release: what the spec says, and the noise there was."""
    spec, sums_ = datasets.spec(study), datasets.sums(study, version)
    said = [spec.link(name, INDIRECT, "CONDITIONAL") for name in ("privacy", "federation", "generator", "rows")]
    noise = [sums_.link("std_error", DIRECT, "AGGREGATION"), sums_.link("value", INDIRECT, "CONDITIONAL")]
    return datasets.facts(study, version).derived({"name": said, "value": [*said, *noise]})


class Made:
    """How the columns of one synthetic table are made."""

    def __init__(self, study: Study, version: str, table: Table) -> None:
        self.study, self.table, self.version = study, table, version
        self.plans: dict[str, Plan] = {p.table: p for p in structure(study)}
        self.steps = {s.variable.name: s for s in self.plans[table.name].steps}
        self.spec = datasets.spec(study)
        self.model = model(study, version, {})

    def links(self, column: str) -> Links:
        """Where one column comes from."""
        above = self._foreign(column)
        if above:
            return above
        said = self.table.columns.get(column)
        if said is None:
            return self._key()
        if said.derived is not None:
            return self._derived(said)
        found = self._time(said) if column == self.table.order_by and self.table.parent else self._learned(column)
        return found or (self.spec.link(f"{self.table.name}.{column}", INDIRECT, "CONDITIONAL"), *self._key())

    def filters(self) -> Links:
        """Rows that break a constraint are drawn again."""
        rules = [c for c in self.study.constraints if c.table == self.table.name]
        found = [self._named(table, column) for rule in rules for table, column in _columns(rule.sql)]
        return tuple(dict.fromkeys(replace(link, type=INDIRECT, subtype="FILTER") for links in found for link in links))

    def _foreign(self, column: str) -> Links:
        parent = self.table.parent
        if parent is None or column not in parent.key:
            return ()
        above = self.study.tables[parent.table]
        key = above.key[parent.key.index(column)].name
        return (datasets.sampled(self.study, above, self.version).link(key, DIRECT, "IDENTITY"),)

    def _key(self) -> Links:
        """Keys are numbered; how many there are is learned, or said by the spec."""
        parent = self.table.parent
        if parent:
            return (self.model.link(f"{parent.table}.{self.table.name}__count", INDIRECT, "CONDITIONAL"),)
        if self.table.name in self.study.rows:
            return (self.spec.link("rows", INDIRECT, "CONDITIONAL"),)
        return (datasets.sums(self.study, self.version).link("value", INDIRECT, "CONDITIONAL"),)

    def _time(self, column: Column) -> Links:
        found = [link for end in ("start", "gap") for link in self._learned(f"{column.name}__{end}")]
        if starts_at_parent(self.study, self.table) and self.table.parent:
            above = self.study.tables[self.table.parent.table]
            found += self._named(above.name, str(above.order_by))
        bound = bound_of(self.study, self.table)
        if bound:
            found += [replace(link, type=INDIRECT, subtype="CONDITIONAL") for link in self._named(*bound)]
        return tuple(dict.fromkeys(found))

    def _learned(self, variable: str) -> Links:
        """The variable itself, and the contexts it is drawn in."""
        step = self.steps.get(variable)
        if step is None:
            return ()
        plan = self.plans[self.table.name]
        names = dict.fromkeys(c for q in (step.fine, *step.factors) for c in q.columns[:-1])
        contexts = [link for name in names for link in self._context(plan.variables[name])]
        own = self.model.link(f"{self.table.name}.{variable}", DIRECT, "TRANSFORMATION")
        return (own, *dict.fromkeys(replace(c, type=INDIRECT, subtype="CONDITIONAL") for c in contexts))

    def _context(self, variable: Variable) -> Links:
        if variable.kind == "parent":
            if variable.column in self.study.tables[variable.table].columns:
                return self._named(variable.table, variable.column)
            return (self.model.link(f"{variable.table}.{variable.source}", INDIRECT, "CONDITIONAL"),)
        if variable.kind == "rest":
            return self._key()
        names = [variable.source or variable.name]
        if variable.kind in ("left", "mark", "moved") or names[0] == self.table.order_by:
            names = [f"{self.table.order_by}__start", f"{self.table.order_by}__gap"]
        known = [f"{self.table.name}.{n}" for n in names if n in self.steps]
        return tuple(self.model.link(name, INDIRECT, "CONDITIONAL") for name in known)

    def _derived(self, column: Column) -> Links:
        found = [link for _, name in _columns(str(column.derived)) for link in self._named(self.table.name, name)]
        changed = [replace(x, subtype="TRANSFORMATION") if x.type == DIRECT else x for x in found]
        return tuple(dict.fromkeys(changed)) or (self.spec.link(f"{self.table.name}.{column.name}", DIRECT, "TRANSFORMATION"),)

    def _named(self, table: str, column: str) -> Links:
        """A column of this row (what it is made of), or of an ancestor's row (itself)."""
        if table == self.table.name:
            return tuple(x for x in self.links(column) if x.type == DIRECT) or self.links(column)
        return (datasets.sampled(self.study, self.study.tables[table], self.version).link(column, DIRECT, "TRANSFORMATION"),)


def _columns(sql: str) -> list[tuple[str, str]]:
    """(table or "", column) of every column a condition or an expression names."""
    from sqlglot import exp, parse_one

    return [(c.table, c.name) for c in parse_one(sql, read="duckdb").find_all(exp.Column)]
