"""Column lineage of single queries, by the definition of each clause."""

from __future__ import annotations

import pytest

from lineage.sql import Untraceable, trace

TABLES = {"work.a": ["id", "x", "Y"], "src.b": ["id", "k", "d"]}
Told = dict[str, set[str]]

CASES: list[tuple[str, Told, set[str]]] = [
    ("select * from work.a", {"id": {"a.id IDENTITY"}, "x": {"a.x IDENTITY"}, "y": {"a.y IDENTITY"}}, set()),
    ("select x + 1 as z from work.a where y is not null", {"z": {"a.x TRANSFORMATION"}}, {"a.y FILTER"}),
    ("select case when y > 1 then x else 0 end as c from work.a", {"c": {"a.y CONDITIONAL", "a.x TRANSFORMATION"}}, set()),
    ("select case y when 'F' then 0 else 1 end as c from work.a", {"c": {"a.y TRANSFORMATION"}}, set()),
    (
        "with t as (select id, sum(k) as s, count(*) as n from src.b group by id) "
        "select a.x, t.s, t.n from work.a left join t using (id)",
        {"x": {"a.x IDENTITY"}, "s": {"b.k AGGREGATION"}, "n": {"b.id GROUP_BY"}},
        {"a.id JOIN", "b.id JOIN", "b.id GROUP_BY"},
    ),
    (
        "select lag(d) over w as p from src.b window w as (partition by id order by k)",
        {"p": {"b.d AGGREGATION", "b.id WINDOW", "b.k WINDOW"}},
        set(),
    ),
    (
        "select row_number() over (partition by id order by d) as r from src.b qualify r < 3",
        {"r": {"b.id WINDOW", "b.d WINDOW"}},
        {"b.id FILTER", "b.d FILTER"},
    ),
    (
        "select 'q' as query, x * 10 + y as cell, sum(w) as total from (select *, 1 as w from work.a) group by all",
        {"query": set(), "cell": {"a.x TRANSFORMATION", "a.y TRANSFORMATION"}, "total": {"a.x GROUP_BY", "a.y GROUP_BY"}},
        {"a.x GROUP_BY", "a.y GROUP_BY"},
    ),
    ("select x from work.a union all select d from src.b", {"x": {"a.x IDENTITY", "b.d IDENTITY"}}, set()),
    (
        "select (select max(d) from src.b b where b.id = a.id) as m from work.a a",
        {"m": {"b.d AGGREGATION", "b.id FILTER", "a.id FILTER"}},
        set(),
    ),
    (
        "select u.v from work.a, unnest([x, y]) as u(v)",
        {"v": {"a.x TRANSFORMATION", "a.y TRANSFORMATION"}},
        {"a.x JOIN", "a.y JOIN"},
    ),
    ("select * exclude (id, x) replace (y + 1 as y) from work.a", {"y": {"a.y TRANSFORMATION"}}, set()),
    ("select any_value(x) filter (where y = 1) as f from work.a", {"f": {"a.x AGGREGATION", "a.y FILTER"}}, set()),
    ('select "X", ID from WORK.A', {"x": {"a.x IDENTITY"}, "id": {"a.id IDENTITY"}}, set()),
    (
        "with recursive r as (select id from work.a union all select id + 1 from r where id < 3) select id from r",
        {"id": {"a.id IDENTITY"}},
        set(),
    ),
    ("select strange from src.unknown where odd", {"strange": {"unknown.strange IDENTITY"}}, {"unknown.odd FILTER"}),
]


@pytest.mark.parametrize(("sql", "columns", "rows"), CASES, ids=[c[0][:40] for c in CASES])
def test_origins_of_a_query(sql: str, columns: Told, rows: set[str]) -> None:
    traced = trace(sql, TABLES)

    def told(found: object) -> set[str]:
        return {f"{o.table.split('.')[1]}.{o.column} {o.subtype}" for o in found}  # type: ignore[attr-defined]

    assert {c: told(found) for c, found in traced.columns.items()} == columns
    assert told(traced.whole) == rows


STRANGE = [
    "select * from src.unknown",
    "select columns('x') from work.a",
    "pivot src.b on k using sum(d)",
    "create table t as select 1",
    "drop table work.a",
    "selec",
    "",
    "(" * 5000,
]


@pytest.mark.parametrize("sql", STRANGE, ids=[s[:20] for s in STRANGE])
def test_what_cannot_be_followed_is_said_to_be_so(sql: str) -> None:
    with pytest.raises(Untraceable):
        trace(sql, TABLES)
