"""SQL macros of a release: what any sum of noised cells says, and how surely.

Cells have independent noise, so the variance of a sum of cells is the sum of their variances; a sum of discrete Gaussians is
close to normal, so 1.96 standard errors each way hold the truth with 95 % (Wasserman 2004, All of Statistics, 6.3.2).
"""

from __future__ import annotations

from collections.abc import Iterator

from runners.columnar import quoted

WIDTH_95 = 1.959964
MACROS = {
    "estimate(value, std_error)": f"""{{
        value: sum(value),
        standard_error: sqrt(sum(std_error * std_error)),
        low: sum(value) - {WIDTH_95} * sqrt(sum(std_error * std_error)),
        high: sum(value) + {WIDTH_95} * sqrt(sum(std_error * std_error))
    }}""",
    "label(columns, labels, name)": "labels[list_position(columns, name)]",
}
"""`estimate` aggregates cells of one query; `label` is what a cell says of one column, NULL where the query does not have it."""


def macros(schema: str) -> Iterator[str]:
    """The statements that create them."""
    for head, body in MACROS.items():
        yield f"CREATE MACRO {quoted(schema)}.{head} AS {body}"
