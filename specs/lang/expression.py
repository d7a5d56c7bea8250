"""SQL in a spec: one expression of a small part of DuckDB's language, read with sqlglot, checked node by node."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from sqlglot import exp

MOST_LENGTH, MOST_NODES, MOST_DEPTH = 1_000, 400, 40
"""Depth is counted in nested nodes; brackets may nest half as deep."""

ALLOWED = frozenset(
    "Column Identifier Literal Boolean Null Paren Neg Add Sub Mul Div Mod Pow EQ NEQ LT LTE GT GTE And Or Not Is Between In"
    " Case If Coalesce Abs Round Floor Ceil Least Greatest Sqrt Ln Exp Year Month Day Cast DataType".split()
)
FUNCTIONS = "abs, ceil, coalesce, exp, extract, floor, greatest, least, ln, round, sqrt, year, month, day"
NUMBER = re.compile(r"[0-9]{1,18}(\.[0-9]{0,18})?([eE][+-]?[0-9]{1,2})?|\.[0-9]{1,18}")
DATE = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


class ExpressionError(Exception):
    """Why an expression cannot be used; `offset` counts the characters before the trouble, `hint` is the likely fix."""

    def __init__(self, message: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.hint = hint


def parse(sql: str) -> exp.Expression:
    """The expression. Raises ExpressionError when it is not exactly one, or holds anything that is not on the list."""
    root = tree_of(sql)
    check_tree(root)
    return root


def tree_of(sql: str) -> exp.Expression:
    """What was parsed, its nodes not yet checked. Raises ExpressionError when it is not exactly one expression."""
    _check_text(sql)
    import sqlglot  # imported here: specs without SQL need not pay for it
    from sqlglot.errors import SqlglotError

    try:
        found = sqlglot.parse(sql, read="duckdb")
    except SqlglotError as error:
        raise ExpressionError("this is not a SQL expression", _offset(error)) from None
    except (RecursionError, ValueError, TypeError, AttributeError, IndexError, KeyError):
        raise ExpressionError("this is not a SQL expression that can be read") from None
    if len(found) != 1 or found[0] is None:
        raise ExpressionError("exactly one SQL expression is expected")
    return cast("exp.Expression", _simplified(found[0]))


def check_tree(root: exp.Expression) -> None:
    """Raises ExpressionError when a node is not on the list."""
    for count, node in enumerate(root.walk()):
        if count >= MOST_NODES:
            raise ExpressionError(f"an expression of more than {MOST_NODES} parts")
        if node.depth > MOST_DEPTH:
            raise ExpressionError(f"nested deeper than {MOST_DEPTH} levels")
        _check_node(node)


def columns(expression: exp.Expression) -> list[tuple[str | None, str]]:
    """Table (None where it is not said) and name of each column, in the order of the text, each once."""
    from sqlglot import exp

    found = [(c.table or None, c.name) for c in expression.find_all(exp.Column, bfs=False)]
    return list(dict.fromkeys(found))


def canonical(expression: exp.Expression) -> str:
    """The text by which an expression is known: names quoted only where DuckDB needs it, no comments."""
    from sqlglot import exp

    copy = expression.copy()
    for name in copy.find_all(exp.Identifier):
        name.set("quoted", not re.fullmatch(r"[^\W\d]\w*", name.name) or name.name.casefold() in KEYWORDS)
    return copy.sql(dialect="duckdb", comments=False)


def _check_text(sql: str) -> None:
    if len(sql) > MOST_LENGTH:
        raise ExpressionError(f"an expression of more than {MOST_LENGTH} characters")
    depth = 0
    for place, char in enumerate(sql):
        if char in "{}":
            raise ExpressionError("braces are for templates, which expressions may not have", place)
        depth += (char == "(") - (char == ")")
        if depth > MOST_DEPTH // 2:
            raise ExpressionError(f"brackets nested deeper than {MOST_DEPTH // 2} levels", place)


def _simplified(root: Any) -> Any:
    """The tree with `extract(year from x)` as `year(x)`."""
    from sqlglot import exp

    kinds: dict[str, Any] = {"YEAR": exp.Year, "MONTH": exp.Month, "DAY": exp.Day}

    def simple(node: Any) -> Any:
        kind = kinds.get(node.name.upper()) if type(node) is exp.Extract else None
        return kind(this=node.expression) if kind else node

    return root.transform(simple) if root.find(exp.Extract) else root


def _check_node(node: Any) -> None:
    kind = type(node).__name__
    if kind not in ALLOWED or type(node).__module__.partition(".")[0] != "sqlglot":
        hint = f"there are operators, CASE and the functions {FUNCTIONS}"
        raise ExpressionError(f"{_called(node)} cannot be used here", 0, hint)
    set_ = {name for name, value in node.args.items() if value not in (None, False, [])}
    if not set_ <= ARGUMENTS.get(kind, {"this", "expression", "expressions"}):
        raise ExpressionError(f"{_called(node)} has a form that cannot be used here")
    if kind == "Literal" and not node.is_string and not NUMBER.fullmatch(node.name):
        raise ExpressionError("a number that is too long, or written in another way than 12.5 or 1e-3")
    if kind == "Cast" and not _is_date(node):
        raise ExpressionError("the only cast is of a date, written as DATE '2024-12-31'")
    if kind == "Round" and not _is_whole(node.args.get("decimals")):
        raise ExpressionError("the number of decimals in round(...) is a whole number, as in round(x, 2)")
    if kind == "DataType" and type(node.parent).__name__ != "Cast":
        raise ExpressionError("a type cannot stand here")


def _is_whole(node: Any) -> bool:
    """DuckDB takes no column there. Left out, it is 0."""
    number = node.this if type(node).__name__ == "Neg" else node
    return number is None or (type(number).__name__ == "Literal" and number.name.isdecimal())


ARGUMENTS: dict[str, set[str]] = {
    "Column": {"this", "table"},
    "Identifier": {"this", "quoted"},
    "Literal": {"this", "is_string"},
    "Between": {"this", "low", "high"},
    "Case": {"this", "ifs", "default"},
    "If": {"this", "true"},
    "Cast": {"this", "to"},
    "Round": {"this", "decimals"},
    "Div": {"this", "expression", "typed", "safe"},
    "Greatest": {"this", "expressions", "ignore_nulls"},
    "Least": {"this", "expressions", "ignore_nulls"},
    "Boolean": {"this"},
}
"""Arguments a node may have, other than the usual ones: a form that is not listed is not allowed."""


def _is_date(node: Any) -> bool:
    inner, kind = node.this, node.args.get("to")
    named = kind is not None and kind.sql(dialect="duckdb") == "DATE"
    return bool(named and type(inner).__name__ == "Literal" and inner.is_string and DATE.fullmatch(inner.name))


def _called(node: Any) -> str:
    """A node's name as a user knows it."""
    name = str(getattr(node, "name", "") if type(node).__name__ == "Anonymous" else getattr(node, "_sql_names", None) or "")
    name = name if name.isidentifier() else type(node).__name__
    return f"`{name[:40].lower()}`"


def _offset(error: Exception) -> int:
    """Where sqlglot stopped, for an expression of one line."""
    errors = getattr(error, "errors", None) or [{}]
    column, stopped = errors[0].get("col"), errors[0].get("highlight") or ""
    return max(0, int(column) - len(stopped)) if isinstance(column, int) else 0


KEYWORDS = frozenset(
    "all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check"
    " collate collation column concurrently constraint create cross default deferrable desc describe distinct do else end"
    " except false fetch for foreign freeze from full glob group having ilike in initially inner intersect into is isnull"
    " join lambda lateral leading left like limit natural not notnull offset on only or order outer overlaps pivot"
    " pivot_longer pivot_wider placing positional primary qualify references returning right select semi show similar"
    " some summarize symmetric table tablesample then to trailing true union unique unpack unpivot using variadic verbose"
    " when where window with".split()
)
"""Names that DuckDB takes for something else unless they are quoted."""
