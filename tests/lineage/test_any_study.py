"""Whatever a study looks like: its events are valid, and every column comes from somewhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.emitter import Emitter
from lineage.study import Recorder
from specs.lang.types import (
    Bins,
    Budget,
    Column,
    Constraint,
    Federation,
    Key,
    Outputs,
    Parent,
    Place,
    Privacy,
    Site,
    Study,
    Table,
)
from tests.lineage.conftest import stages
from tests.lineage.official import valid

NAMES = st.from_regex(r"[a-z][a-z0-9_äß]{0,8}", fullmatch=True)
EDGES = Bins((tuple(float(e) for e in range(0, 11)),))


@st.composite
def columns(draw: st.DrawFn, taken: frozenset[str]) -> dict[str, Column]:
    names = draw(st.lists(NAMES.filter(lambda n: n not in taken), min_size=1, max_size=4, unique=True))
    made: dict[str, Column] = {}
    for name in names:
        kind = draw(st.sampled_from(["integer", "number", "date", "timestamp", "string", "derived"]))
        ordered = [c.name for c in made.values() if c.type in ("integer", "number")]
        if kind == "string":
            made[name] = Column(name, "string", values=("a", "b"), nullable=draw(st.booleans()))
        elif kind == "derived" and ordered:
            made[name] = Column(name, "number", derived=f'"{draw(st.sampled_from(ordered))}" * 2')
        elif kind != "derived":
            made[name] = Column(name, kind, range=(0, 10), bins=EDGES, nullable=draw(st.booleans()))  # type: ignore[arg-type]
    return made or {names[0]: Column(names[0], "string", values=("a", "b"))}


@st.composite
def studies(draw: st.DrawFn) -> Study:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    tables: dict[str, Table] = {}
    for name in names:
        above = draw(st.sampled_from(list(tables.values()))) if tables else None
        keys = (Key(f"{name}_key"),) if above is None or draw(st.booleans()) else ()
        if above and not above.key:
            above = next(iter(tables.values()))
        edge = Parent(above.name, tuple(f"{above.name}_{k.name}" for k in above.key), draw(st.integers(1, 9))) if above else None
        taken = frozenset([k.name for k in keys] + list(edge.key if edge else ()))
        own = draw(columns(taken))
        times = [c.name for c in own.values() if c.type in ("integer", "date", "timestamp") and not c.nullable and c.measured]
        order = draw(st.sampled_from(times)) if above and times else None
        tables[name] = Table(name, keys, own, parent=edge, order_by=order)
    sites = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    budget = Budget(draw(st.floats(0.01, 10)), 1e-6) if draw(st.booleans()) else None
    return Study(
        name=draw(st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True)),
        file="x.yml",
        digest="a" * 64,
        tables=tables,
        sites={s: Site(s, "x.duckdb") for s in sites},
        privacy=Privacy(names[0], budget, None if budget else "public"),
        outputs=Outputs("out"),
        rows={names[0]: 5} if draw(st.booleans()) else {},
        constraints=draw(constraints(tables)),
        federation=Federation(),
    )


@st.composite
def constraints(draw: st.DrawFn, tables: dict[str, Table]) -> tuple[Constraint, ...]:
    table = draw(st.sampled_from(list(tables.values())))
    column = draw(st.sampled_from(list(table.columns)))
    rule = Constraint(f'"{table.name}"."{column}" IS NULL', table.name, (table.name,), Place("x.yml", 1, 1))
    return (rule,) if draw(st.booleans()) else ()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(study=studies())
def test_any_study_has_whole_lineage(study: Study) -> None:
    from urllib.parse import quote

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "e.ndjson"
        with Emitter(path) as emitter:
            stages(Recorder(study, emitter), study)
        valid(path, tuple(f"duckdb://{quote(s, safe='')}" for s in study.sites))
