"""Column lineage of one SQL query: which columns of which tables each output column comes from, and how.

Kinds follow OpenLineage: DIRECT IDENTITY, TRANSFORMATION or AGGREGATION;
INDIRECT CONDITIONAL, FILTER, JOIN, GROUP_BY, SORT or WINDOW.
Names compare as in DuckDB, without case; they come back in lower case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, build_scope

from lineage.links import DIRECT, INDIRECT

RANK = ("IDENTITY", "TRANSFORMATION", "AGGREGATION")
CLAUSES = {"where": "FILTER", "having": "FILTER", "qualify": "FILTER", "group": "GROUP_BY", "order": "SORT"}


class Untraceable(Exception):
    """The query cannot be followed: it does not parse, or takes all columns of a table nobody has described."""


@dataclass(frozen=True, slots=True)
class Origin:
    """One column of a table (`schema.table`, lower case) and what becomes of it."""

    table: str
    column: str
    type: str = DIRECT
    subtype: str = "IDENTITY"


Origins = tuple[Origin, ...]


@dataclass(frozen=True)
class Traced:
    """The origins of each output column, in order; and of what decides which rows there are."""

    columns: Mapping[str, Origins]
    whole: Origins = ()


def trace(sql: str, tables: Mapping[str, Iterable[str]]) -> Traced:
    """Follows one SELECT. `tables` are the known columns of the tables it reads, by `schema.table`. Raises Untraceable."""
    return _traced(sql, tuple((name, tuple(columns)) for name, columns in tables.items()))


@cache
def _traced(sql: str, tables: tuple[tuple[str, tuple[str, ...]], ...]) -> Traced:
    """Once for all hospitals: they run the same SQL."""
    known: dict[str, Any] = {}
    for name, columns in tables:
        schema, table = name.split(".", 1)
        known.setdefault(f'"{schema}"', {})[f'"{table}"'] = {f'"{c}"': "VARCHAR" for c in columns}
    try:
        tree = parse_one(sql, read="duckdb")
        if not isinstance(tree, exp.Query):
            raise Untraceable("not a query")
        tree = qualify(tree, schema=known, dialect="duckdb", validate_qualify_columns=False, quote_identifiers=True)
        scope = build_scope(tree)
    except (SqlglotError, RecursionError, ValueError, KeyError, TypeError, AttributeError) as problem:
        raise Untraceable(type(problem).__name__) from None
    if scope is None:
        raise Untraceable("not a query")
    return Walk().scope(scope)


@dataclass
class Walk:
    """Follows the scopes of one query, each once."""

    done: dict[int, Traced] = field(default_factory=dict)

    def scope(self, scope: Scope) -> Traced:
        """A SELECT, a set operation, or a table function."""
        if id(scope) not in self.done:
            self.done[id(scope)] = Traced({})  # a recursive query meets itself here
            self.done[id(scope)] = self._union(scope) if scope.set_operation_scopes else self._select(scope)
        return self.done[id(scope)]

    def _union(self, scope: Scope) -> Traced:
        left, *others = (self.scope(s) for s in scope.set_operation_scopes)
        columns = {name: list(found) for name, found in left.columns.items()}
        for other in others:
            for into, found in zip(columns.values(), other.columns.values(), strict=False):
                into.extend(found)
        whole = [o for part in (left, *others) for o in part.whole]
        return Traced({name: _once(found) for name, found in columns.items()}, _once(whole))

    def _select(self, scope: Scope) -> Traced:
        """A SELECT's output columns, each by itself; where rows alone are counted, what decides which rows there are."""
        tree = scope.expression
        if not isinstance(tree, exp.Select):
            return Traced({}, _once(self._of(tree, scope, DIRECT, "TRANSFORMATION")))
        whole = list(self._clauses(tree, scope))
        columns: dict[str, Origins] = {}
        for projection in tree.selects:
            if projection.is_star or projection.find(exp.Columns):
                raise Untraceable("all columns of an unknown table")
            found = _once(self._of(projection, scope, DIRECT, "IDENTITY"))
            if not any(o.type == DIRECT for o in found) and projection.find(exp.AggFunc):
                found = _once((*found, *whole))  # count(*): the rows that are there
            columns[projection.alias_or_name.lower()] = found
        return Traced(columns, _once(whole))

    def _clauses(self, tree: exp.Select, scope: Scope) -> Iterator[Origin]:
        """What decides which rows there are, here and in the sources."""
        for clause, subtype in CLAUSES.items():
            if tree.args.get(clause):
                yield from self._of(tree.args[clause], scope, INDIRECT, subtype)
        group = tree.args.get("group")
        if group is not None and group.args.get("all"):
            for plain in (p for p in tree.selects if not p.find(exp.AggFunc)):
                yield from self._of(plain, scope, INDIRECT, "GROUP_BY")
        for join in tree.args.get("joins") or ():
            if join.args.get("on"):
                yield from self._of(join.args["on"], scope, INDIRECT, "JOIN")
        for _, source in scope.selected_sources.values():
            if isinstance(source, Scope):
                yield from (
                    replace(o, type=INDIRECT, subtype="JOIN") if o.type == DIRECT else o for o in self.scope(source).whole
                )

    def _of(self, node: exp.Expr, scope: Scope, type_: str, subtype: str) -> Iterator[Origin]:
        """The origins of an expression that is used in this way."""
        if isinstance(node, exp.Column):
            yield from (_used(o, type_, subtype) for o in self._column(node, scope))
        elif isinstance(node, exp.Query) or (isinstance(node, exp.Subquery) and isinstance(node.this, exp.Query)):
            yield from self._subquery(node, scope, type_, subtype)
        else:
            for child, how in _parts(node, scope):
                kind = (INDIRECT, how[1]) if how[0] == INDIRECT and type_ == DIRECT else (type_, _more(subtype, how[1], type_))
                yield from self._of(child, scope, *kind)

    def _column(self, node: exp.Column, scope: Scope) -> Origins:
        """Where a column comes from: a table, a sub-query before it, or the query around it."""
        if not node.table:  # of a table whose columns nobody has described: it can only be the one
            tables = [t for _, t in scope.selected_sources.values() if isinstance(t, exp.Table)]
            return tuple(Origin(f"{t.db}.{t.name}".lower(), node.name.lower()) for t in tables[:1])
        place: Scope | None = scope
        while place is not None:
            source = place.sources.get(node.table)
            if isinstance(source, exp.Table):
                return (Origin(f"{source.db}.{source.name}".lower(), node.name.lower()),)
            if isinstance(source, Scope):
                made = self.scope(source)
                return made.columns.get(node.name.lower(), made.whole if not made.columns else ())
            place = place.parent  # a correlated subquery
        return ()

    def _subquery(self, node: exp.Expr, scope: Scope, type_: str, subtype: str) -> Iterator[Origin]:
        query = node.unnest() if isinstance(node, exp.Subquery) else node
        for inner in scope.subquery_scopes:
            if inner.expression is query:
                made = self.scope(inner)
                how = _more(subtype, "TRANSFORMATION", type_)
                yield from (_used(o, type_, how) for found in made.columns.values() for o in found)
                yield from (o if type_ == DIRECT else replace(o, type=INDIRECT, subtype=subtype) for o in made.whole)


def _parts(node: exp.Expr, scope: Scope) -> Iterator[tuple[exp.Expr, tuple[str, str]]]:
    """The operands of an expression, each with what is done to it."""
    for name, value in node.args.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                yield child, _how(node, name)
    if isinstance(node, exp.Window) and node.alias:
        for window in scope.expression.args.get("windows") or ():
            if window.name == node.alias:
                named = [*(window.args.get("partition_by") or ()), window.args.get("order")]
                yield from ((part, (INDIRECT, "WINDOW")) for part in named if part is not None)


def _how(node: exp.Expr, operand: str) -> tuple[str, str]:
    """What an expression does to one of its operands."""
    if isinstance(node, exp.Window) and operand in ("partition_by", "order"):
        return INDIRECT, "WINDOW"
    if isinstance(node, exp.If) and operand == "this":
        return (INDIRECT, "CONDITIONAL") if _chooses(node) else (DIRECT, "TRANSFORMATION")
    if isinstance(node, exp.Filter) and operand == "expression":
        return INDIRECT, "FILTER"
    if isinstance(node, exp.AggFunc):
        return DIRECT, "AGGREGATION"
    plain = isinstance(node, exp.Alias | exp.Paren | exp.Window)
    return DIRECT, "IDENTITY" if plain else "TRANSFORMATION"


def _chooses(node: exp.If) -> bool:
    """Whether a condition chooses among columns; one that chooses among constants recodes the columns it is about."""
    case = node.parent if isinstance(node.parent, exp.Case) else node
    branches = [case.args.get("default"), *(i.args.get("true") for i in case.args.get("ifs") or ())]
    branches += [node.args.get("true"), node.args.get("false")]
    return any(b is not None and b.find(exp.Column, exp.Query) for b in branches)


def _more(one: str, other: str, type_: str) -> str:
    """The stronger of two direct uses; an indirect use stays what it is."""
    if type_ == INDIRECT:
        return one
    return max(one, other, key=lambda s: RANK.index(s) if s in RANK else 0)


def _used(origin: Origin, type_: str, subtype: str) -> Origin:
    if type_ == INDIRECT:
        return replace(origin, type=INDIRECT, subtype=subtype)
    return origin if origin.type == INDIRECT else replace(origin, subtype=_more(origin.subtype, subtype, DIRECT))


def _once(found: Iterable[Origin]) -> Origins:
    return tuple(dict.fromkeys(found))
