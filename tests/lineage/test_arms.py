"""A union that repeats itself is followed once, and tells the same."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from sqlglot import exp, parse_one

from lineage import sql
from lineage.arms import told_once

TABLES = {"model.t": [f"c{i}" for i in range(9)], "model.u": ["c0", "c1", "k"]}
PAIRS = [
    f"select 'c{a}, c{b}' as q, cast(c{a} as integer) * {a + 2} + c{b} as cell, count(*) as n from t group by c{a}, c{b}"
    for a, b in combinations(range(9), 2)
]
OTHERS = [
    "select c0, c1, sum(c2) from t group by 1, 2",
    "select c0, c1, sum(c2) from t group by 2, 1",
    "select c1, c0, sum(c1) from t where c0 > 5 group by all",
    "select k, u.c0, t.c1 from u join t on u.c0 = t.c0",
    "select k, u.c0, t.c1 from t join u on u.c0 = t.c0",
    "select c3, (select max(c1) from u where u.c0 = t.c0), 1 from t",
    "select 'a', 5, count(*) from t",
    "select 'b', 6, count(*) from u",
]


def traced(monkeypatch: pytest.MonkeyPatch, text: str, whole: bool) -> sql.Traced:
    """Lineage of a query; `whole`: with all its arms."""
    with monkeypatch.context() as patch:
        if whole:
            patch.setattr(sql, "told_once", lambda tree: None)
        sql._traced.cache_clear()
        return sql.trace(text, TABLES)


@pytest.mark.parametrize("seed", range(20))
def test_origins_are_those_of_all_arms(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    chance = random.Random(seed)
    arms = chance.choices(PAIRS + OTHERS, k=chance.randrange(2, 60))
    tables = "t as (select * from model.t), u as (select * from model.u)"
    union = chance.choice([" union all ", " union "]).join(arms)
    text = chance.choice(
        [f"with {tables}, x as ({union}) select q, cell, n from x where n > 0" if arms[0] in PAIRS else f"with {tables} {union}",
         f"with {tables} {union} order by 1"]
    )  # fmt: skip
    assert traced(monkeypatch, text, False) == traced(monkeypatch, text, True)


def test_pairs_of_columns_are_followed_once_a_column_and_place() -> None:
    tree = parse_one("with x as (" + " union all ".join(PAIRS) + ") select * from x", read="duckdb")
    assert isinstance(tree, exp.Query)
    told_once(tree)
    assert len(list(tree.find_all(exp.Select))) - 1 == 8 + 7  # c0 with each other; then each other in the first place
