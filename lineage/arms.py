"""Leaves out arms of unions that tell nothing new about columns.

The marginals of a table with 20 columns are a union of 210 arms of two shapes; each counts one or two columns. Where each column
of an arm was in an arm of its shape before, in the same place, all its origins are known.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

ORDINALS = (exp.Group, exp.Order)
"""Where a number is that of a column."""


def told_once(tree: exp.Query) -> None:
    """Shortens unions, that of the query and those of its CTEs. Their columns have the same origins, in the same order."""
    for query in (tree, *(cte.this for cte in tree.ctes)):
        links = list(_links(query))
        if not links:
            continue
        arms = [links[-1].this, *(link.expression for link in reversed(links))]
        kept = list(_new(arms))
        kept = kept if len(kept) > 1 else arms[:2]
        for link, arm in zip(links, reversed(kept[1:]), strict=False):
            link.set("expression", arm)
        links[len(kept) - 2].set("this", kept[0])


def _links(query: exp.Expr) -> Iterator[exp.Union]:
    """The unions of a chain, from the last on."""
    while isinstance(query, exp.Union) and not query.args.get("by_name"):
        yield query
        query = query.this


def _new(arms: list[exp.Expr]) -> Iterator[exp.Expr]:
    """Arms with a column in a place where none of their shape had it before."""
    known: dict[tuple[object, ...], set[tuple[int, str]]] = {}
    for arm in arms:
        shape: list[object] = []
        columns: list[str] = []
        _describe(arm, "", True, shape, columns)
        before, here = known.setdefault(tuple(shape), set()), {(-1, ""), *enumerate(columns)}
        if not here <= before:
            before |= here
            yield arm


def _describe(node: exp.Expr, role: str, plain: bool, shape: list[object], columns: list[str]) -> None:
    """The tree without names of columns and, where that is `plain`, without literals; and the columns from left to right."""
    shape += [type(node), role]
    if isinstance(node, exp.Column):
        columns.append(node.sql())
        return
    if isinstance(node, exp.Literal) and plain:
        return
    for name, value in node.args.items():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, exp.Expr):
                _describe(child, name, plain and not isinstance(node, ORDINALS), shape, columns)
            elif child is not None:
                shape.append(child)
    shape.append(None)
