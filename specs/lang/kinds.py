"""What kind of value an expression has, so that SQL which no engine could evaluate is found before any run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from specs.lang.expression import ExpressionError, columns
from specs.lang.types import Column

if TYPE_CHECKING:
    from sqlglot import exp

Lookup = Callable[[str | None, str], Column]
KIND = {
    "integer": "number",
    "number": "number",
    "boolean": "condition",
    "date": "date",
    "timestamp": "timestamp",
    "string": "text",
}
NUMERIC = {"Mul", "Div", "Mod", "Pow", "Neg", "Abs", "Round", "Floor", "Ceil", "Sqrt", "Ln", "Exp"}
COMPARE = {"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "Between", "In"}
ALIKE = {"Coalesce", "Least", "Greatest"}


def kind_of(node: exp.Expression, lookup: Lookup) -> str:
    """`number`, `condition`, `date`, `timestamp`, `text` or `null`. Raises ExpressionError where kinds do not fit together."""
    return _kind(node, lookup)


def may_be_null(node: exp.Expression, lookup: Lookup) -> bool:
    """Whether NULL in a column can make the expression NULL."""
    return _null(node, lookup)


def _kind(node: Any, lookup: Lookup) -> str:
    name = type(node).__name__
    if name == "Column":
        return KIND[lookup(node.table or None, node.name).type]
    if name == "Literal":
        return "text" if node.is_string else "number"
    if name in {"Boolean", "Null", "Cast"}:
        if name == "Cast":
            _day(node.this.name)
        return {"Boolean": "condition", "Null": "null", "Cast": "date"}[name]
    if name == "Paren":
        return _kind(node.this, lookup)
    if name in NUMERIC:
        return _all(node, lookup, "number", "number")
    if name in {"And", "Or", "Not"}:
        return _all(node, lookup, "condition", "condition")
    if name in COMPARE:
        _same(_values(node, lookup))
        return "condition"
    if name in ALIKE:
        return _same(_values(node, lookup))
    if name in {"Year", "Month", "Day"}:
        return _part(node, lookup)
    return _other(name, node, lookup)


def _other(name: str, node: Any, lookup: Lookup) -> str:
    if name in {"Add", "Sub"}:
        return _sum(name, node, lookup)
    if name == "Is":
        right = type(node.expression).__name__
        if right not in {"Null", "Boolean"}:
            raise ExpressionError("IS needs NULL, TRUE or FALSE")
        _kind(node.this, lookup)
        return "condition"
    if name == "Case":
        return _case(node, lookup)
    raise ExpressionError(f"`{name.lower()}` cannot stand here")


def _values(node: Any, lookup: Lookup) -> list[str]:
    """Kinds of all parts; a text that is compared with a time must be a date and counts as one."""
    parts = [a for value in node.args.values() for a in (value if isinstance(value, list) else [value]) if hasattr(a, "args")]
    kinds = [_kind(p, lookup) for p in parts]
    if {"date", "timestamp"} & set(kinds):
        for place, part in enumerate(parts):
            if kinds[place] == "text" and type(part).__name__ == "Literal":
                _day(part.name)
                kinds[place] = "date"
    return kinds


def _same(kinds: list[str]) -> str:
    known = {"date" if k == "timestamp" else k for k in kinds if k != "null"}
    if len(known) > 1:
        raise ExpressionError(f"a {' and a '.join(sorted(known))} cannot be compared or mixed")
    return next((k for k in kinds if k != "null"), "null")


def _all(node: Any, lookup: Lookup, wanted: str, result: str) -> str:
    for found in _values(node, lookup):
        if found not in (wanted, "null"):
            raise ExpressionError(f"a {found} stands where a {wanted} is needed")
    return result


def _part(node: Any, lookup: Lookup) -> str:
    if _kind(node.this, lookup) not in {"date", "timestamp"}:
        raise ExpressionError(f"{type(node).__name__.lower()}() needs a date or a timestamp")
    return "number"


def _sum(name: str, node: Any, lookup: Lookup) -> str:
    """Numbers; days between two dates; a date a written number of days later or earlier (DuckDB adds no BIGINT to a date)."""
    left, right = kinds = (_kind(node.this, lookup), _kind(node.expression, lookup))
    if set(kinds) <= {"number", "null"} or (kinds == ("date", "date") and name == "Sub"):
        return "number"
    if kinds == ("date", "number") or (kinds == ("number", "date") and name == "Add"):
        days = node.expression if left == "date" else node.this
        if type(days).__name__ == "Literal" and days.name.isdecimal() and len(days.name) < 7:
            return "date"
        raise ExpressionError("only a written whole number of days can be added to a date, as in `date + 30`")
    raise ExpressionError(f"a {left} and a {right} cannot be {'added' if name == 'Add' else 'subtracted'}")


def _case(node: Any, lookup: Lookup) -> str:
    subject = _kind(node.this, lookup) if node.this is not None else None
    results = [_kind(node.args["default"], lookup)] if node.args.get("default") is not None else []
    for branch in node.args["ifs"]:
        tested = _kind(branch.this, lookup)
        _same([tested, subject or "condition"])
        results.append(_kind(branch.args["true"], lookup))
    return _same(results)


def _day(text: str) -> None:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        raise ExpressionError("a date is written as '2024-12-31'") from None


def _null(node: Any, lookup: Lookup) -> bool:
    name = type(node).__name__
    if name == "Is":
        return False
    if name in ALIKE:  # NULL only when all parts are
        return all(_null(p, lookup) for p in [node.this, *node.expressions])
    if name == "Case":
        rest = node.args.get("default")
        return rest is None or _null(rest, lookup) or any(_null(b.args["true"], lookup) for b in node.args["ifs"])
    if name == "Null":
        return True
    if name == "Column":
        return lookup(node.table or None, node.name).nullable
    return any(_null(child, lookup) for child in node.iter_expressions())


__all__ = ["KIND", "Lookup", "columns", "kind_of", "may_be_null"]
