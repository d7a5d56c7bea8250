"""Any tree of tables over any rows: the hospital's sums are those of the definition, and one patient moves them little."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pytest

from generators.marginal.structure import queries
from specs.lang.domain import equal_bins
from specs.lang.types import Bins, Column, Constraint, Key, Outputs, Parent, Privacy, Study, Table
from tests.dbt.rendered import build, expected, sums
from tests.generators.studies import HERE, choice, columns, number

DAY = (date(2020, 1, 1).toordinal() - 719163, date(2020, 12, 31).toordinal() - 719163)
SECOND = (1_577_836_800.0, 1_577_923_199.0)
COSTS = ((0.0, 0.0, 0.3, 100.0), (0.0, 100.0), (0.0, 1.0, 1.0, 100.0))
PUBLIC = Privacy("person", None, "made up")


def with_one_alone(bins):
    """The same bins, with one of the third edge alone."""
    edges = bins.edges[0]
    return Bins(((*edges[:3], *edges[2:]),))


def every_kind() -> Study:
    """All types, dates below dates, a key of two columns, a table without order, bins by kind before another column."""
    person = Table(
        "person",
        (Key("site_no"), Key("person_no")),
        columns(
            number("height", 100, 220, 6, whole=False, nullable=True),
            number("weight", 30, 200, 6, whole=False, nullable=True),
            Column("bmi", "number", True, derived="weight / POWER(height / 100, 2)", decimals=1),
            Column("alive", "boolean", nullable=True, values=("false", "true")),
            Column("last_day", "date", range=DAY, bins=equal_bins(*DAY, 5, True)),
        ),
    )
    stay = Table(
        "Aufenthalt_é",
        (Key("code", "string"),),
        columns(
            Column("day", "date", range=DAY, bins=with_one_alone(equal_bins(*DAY, 12, True))),
            choice("kind", "it's", "{{ x }}", "none"),
            Column("cost", "number", range=(0, 100), bins=Bins(COSTS, "kind")),
            choice("ward", "a", "b", nullable=True),
            Column("after", "string", True, references="Aufenthalt_é"),
        ),
        parent=Parent("person", ("site", "person"), 4),
        order_by="day",
    )  # fmt: skip
    hour = Table(
        "hour",
        (),
        columns(
            Column("at", "timestamp", range=SECOND, bins=equal_bins(*SECOND, 24, True)),
            number("pulse", 30, 200, 5, nullable=True),
        ),
        parent=Parent("Aufenthalt_é", ("stay",), 6),
        order_by="at",
    )
    note = Table("note", (Key("note"),), columns(choice("tone", "good", "bad"), number("length", 0, 9, 3)),
                 parent=Parent("Aufenthalt_é", ("stay",), 2), unique=(("tone",),))  # fmt: skip
    rules = (  # the last one is too big a number from 3 on: NULL, so it holds; DuckDB's error would quote the length
        Constraint("Aufenthalt_é.day <= person.last_day", "Aufenthalt_é", ("person", "Aufenthalt_é"), HERE),
        Constraint("person.bmi < 80", "person", ("person",), HERE),
        Constraint("hour.pulse <> 33 OR person.alive", "hour", ("person", "hour"), HERE),
        Constraint("note.length * 4000000000000000000 > note.length - 1", "note", ("note",), HERE),
    )
    tables = {t.name: t for t in (person, stay, hour, note)}
    return Study("every", "every.yml", "0" * 64, tables, {}, PUBLIC, Outputs("out"), constraints=rules)


def steps() -> Study:
    """Rows in order of a number that is not whole, bounded by a derived column of the parent."""
    until = Column("until", "number", True, derived="span * 2", decimals=1)
    person = Table("person", (Key("id"),), columns(number("span", 0, 10, 5, whole=False, nullable=True), until))
    step = Table(
        "step",
        (Key("id"), Key("line")),
        columns(number("place", 0, 20, 8, whole=False), choice("leg", "left", "right"), number("force", 0, 5, 5)),
        parent=Parent("person", ("id",), 9),
        order_by="place",
    )
    rule = Constraint("step.place <= person.until", "step", ("person", "step"), HERE)
    tables = {t.name: t for t in (person, step)}
    return Study("steps", "steps.yml", "0" * 64, tables, {}, PUBLIC, Outputs("out"), constraints=(rule,))


TYPES = {
    "every": {
        "person": "site_no BIGINT, person_no BIGINT, height DOUBLE, weight DOUBLE, alive BOOLEAN, last_day DATE",
        "Aufenthalt_é": "site BIGINT, person BIGINT, code VARCHAR, day DATE, kind VARCHAR, cost DOUBLE, "
        "ward VARCHAR, after VARCHAR",
        "hour": "stay VARCHAR, at TIMESTAMP, pulse BIGINT",
        "note": "note BIGINT, stay VARCHAR, tone VARCHAR, length BIGINT",
    },
    "steps": {
        "person": "id BIGINT, span DOUBLE",
        "step": "id BIGINT, line BIGINT, place DOUBLE, leg VARCHAR, force DOUBLE",
    },
}
OWNER = {"person": {"every": 1, "steps": 0}, "Aufenthalt_é": {"every": 1}, "step": {"steps": 0}}
"""Which column names the patient; stays are called after theirs."""


class Hospital:
    """Rows in which one value in eight is missing, absurd or of no known kind, and many are the same."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.people = int(self.rng.integers(1, 9))

    def rows(self, study: Study) -> dict[str, list[tuple]]:
        sizes = {"person": self.people + 4, "Aufenthalt_é": 80, "hour": 200, "note": 120, "step": 120}
        return {t: [getattr(self, f"{study.name}_{t.lower()[:4]}")() for _ in range(sizes[t])] for t in TYPES[study.name]}

    def odd(self, usual: object, *odd: object) -> object:
        if self.rng.random() > 1 / 8:
            return usual
        return [None, *odd][self.rng.integers(0, len(odd) + 1)]

    def number(self, low: float, high: float) -> object:
        usual = [low, high, round(low + (high - low) * self.rng.random(), 1)][min(2, self.rng.integers(0, 12))]
        return self.odd(float(usual), float("nan"), float("inf"), -1e9, 1e300)

    def whole(self, low: int, high: int) -> object:
        return self.odd(int(self.rng.integers(low, high + 1)), -(2**62), 2**62)

    def one(self, *values: str) -> object:
        return self.odd(values[self.rng.integers(0, len(values))], "zebra")

    def date(self) -> object:
        return self.odd(date(2020, 1, 1) + timedelta(30 * int(self.rng.integers(0, 12))), date(1900, 1, 1), date(2100, 1, 1))

    def time(self) -> object:
        return self.odd(datetime(2020, 1, 1) + timedelta(hours=int(self.rng.integers(0, 24))), datetime(1900, 1, 1))

    def person(self) -> int:
        return int(self.rng.integers(1, self.people + 2))

    def stay(self) -> object:
        return self.odd(f"{self.person()}-{self.rng.integers(0, 9)}")

    def every_pers(self) -> tuple:
        return 1, self.person(), self.number(140, 200), self.number(40, 120), self.odd(bool(self.rng.integers(0, 2))), self.date()

    def every_aufe(self) -> tuple:
        person, kind = self.person(), self.one("it's", "{{ x }}", "none")
        code = f"{person}-{self.rng.integers(0, 9)}"
        after = code if self.rng.random() < 0.3 else self.stay()
        return 1, person, code, self.date(), kind, self.number(0, 2), self.one("a", "b"), after

    def every_hour(self) -> tuple:
        return self.stay(), self.time(), self.whole(32, 40)

    def every_note(self) -> tuple:
        return self.whole(0, 10**6), self.stay(), self.one("good", "bad"), self.whole(0, 9)

    def steps_pers(self) -> tuple:
        return self.person(), self.number(2, 10)

    def steps_step(self) -> tuple:
        return self.person(), int(self.rng.integers(0, 30)), self.number(0, 12), self.one("left", "right"), self.number(0, 5)


def built(study: Study, rows: dict[str, list[tuple]]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for table, types in TYPES[study.name].items():
        quoted = re.sub(r"(\w+) ([A-Z]+)", r'"\1" \2', types)
        con.execute(f'CREATE TABLE "{table}" ({quoted})').fetchall()
        if rows[table]:
            marks = ", ".join("?" * len(rows[table][0]))
            con.executemany(f'INSERT INTO "{table}" VALUES ({marks})', rows[table]).fetchall()
    build(con, study)
    return con


STUDIES = pytest.mark.parametrize("study", [every_kind(), steps()], ids=lambda s: s.name)


@STUDIES
@pytest.mark.parametrize("seed", range(6))
def test_sums_are_those_of_the_definition(study, seed):
    con = built(study, Hospital(seed).rows(study))
    got, wanted = sums(con, study), expected(con, study)
    for query in queries(study):
        assert np.array_equal(got[query.name], wanted[query.name]), query.name


@STUDIES
@pytest.mark.parametrize("seed", range(4))
def test_a_patient_more_moves_the_sums_within_the_bound(study, seed):
    """Leaving out all rows of one patient, in L2 over all queries, whatever the rows are."""
    found = Hospital(seed + 100)
    rows, gone = found.rows(study), found.person()
    left = {table: [r for r in some if not _of(gone, study, table, r)] for table, some in rows.items()}
    with_all, without = (sums(built(study, r), study) for r in (rows, left))
    moved = sum(int(((with_all[n] - without[n]) ** 2).sum()) for n in with_all)
    assert moved <= sum(q.scale**2 for q in queries(study))


def _of(person: int, study: Study, table: str, row: tuple) -> bool:
    if table in OWNER:
        return bool(row[OWNER[table][study.name]] == person)
    return str(row[1 if table == "note" else 0]).startswith(f"{person}-")
