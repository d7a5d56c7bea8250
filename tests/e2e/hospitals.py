"""Three made-up hospitals, one DuckDB file each, and canaries to plant in them."""

from __future__ import annotations

import datetime
from itertools import count

import duckdb
import numpy as np
import pyarrow as pa

SITES = ("north", "lake", "coast")
PATIENTS = 300
FIRST_DAY = datetime.date(1930, 1, 1)
WARDS = np.asarray(["lab", "ward", "icu"])

WHOLE = 831_726_459_010_000
"""Canary numbers are this and a little more: 15 digits, so that no honest number looks like one."""
YEARS = (7316, 5_412_345)
"""Canary dates are in one of these years or the three after; DuckDB knows years beyond five million."""
WORDS = ("kanari7f", "vogelq9x")
"""Every canary text begins and ends with these."""


def text(n):
    return f"{WORDS[0]}{n:05d}Ü{WORDS[1]}"


def whole(n):
    return WHOLE + n if n % 2 else -WHOLE - n


def real(n):
    return whole(n) + 0.5


def date(n):
    return f"date '{YEARS[n % 2]}-01-01' + {n % 1000}"


def quoted(value):
    return f"'{value}'" if isinstance(value, str) else repr(value)


def make(file, seed, patients=PATIENTS):
    """A hospital's database: patient, visit, charge. The same seed gives the same rows."""
    file.parent.mkdir(parents=True, exist_ok=True)
    for left in (file, file.with_name(file.name + ".wal")):
        left.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as con:
        for name, rows in tables(np.random.default_rng(seed), seed, patients).items():
            con.register("arriving", rows)
            con.execute(f"create table {name} as select * from arriving")
            con.unregister("arriving")
    return file


def tables(rng, seed, patients):
    born = rng.integers(0, 30_000, patients)
    sex = np.where(rng.random(patients) < 0.5, "F", "M")
    age = np.clip(90 - born // 365, 0, 99)
    until = rng.integers(100, 1001, patients)
    names = np.asarray([f"P{seed}-{i:05d}" for i in range(patients)])
    patient = {
        "patient_id": names,
        "sex": pa.array(sex, pa.string(), mask=rng.random(patients) < 0.05),
        "age": age.astype(np.int64),
        "born": pa.array([FIRST_DAY + datetime.timedelta(int(d)) for d in born], pa.date32()),
        "weight": pa.array(np.clip(rng.normal(60 + 15 * (sex == "M"), 10, patients), 30, 150), mask=rng.random(patients) < 0.2),
        "height": np.clip(rng.normal(170, 10, patients), 40, 220),
        "until": until,
        "notes": pa.array([None] * patients, pa.string()),
        "phone": pa.array([None] * patients, pa.int64()),
        "seen": pa.array([None] * patients, pa.date32()),
    }
    up = np.repeat(np.arange(patients), rng.poisson(3, patients) + 1)
    day = np.floor(rng.random(len(up)) * (until[up] + 1)).astype(np.int64)
    visit = {"visit_id": np.arange(len(up)), "patient_id": names[up], "day": day, "ward": WARDS[rng.integers(0, 3, len(up))]}
    above = np.repeat(np.arange(len(up)), rng.poisson(1, len(up)))
    amount = np.round(rng.random(len(above)) * 1000, 2)
    charge = {"visit_id": above, "units": rng.integers(1, 6, len(above)), "amount": amount}
    return {"patient": pa.table(patient), "visit": pa.table(visit), "charge": pa.table(charge)}


def plant(file, first):
    """Puts canaries (numbered from `first`) everywhere in a hospital's database; returns how many."""
    number = count(first)
    with duckdb.connect(str(file)) as con:
        con.execute("begin")
        for table, column, rows, make_one in (
            ("patient", "sex", 60, text),
            ("patient", "age", 40, whole),
            ("patient", "weight", 40, real),
            ("patient", "born", 40, date),
            ("patient", "notes", 60, text),
            ("patient", "phone", 40, whole),
            ("patient", "seen", 40, date),
            ("visit", "ward", 40, text),
            ("visit", "visit_id", 40, whole),
            ("charge", "amount", 40, real),
        ):
            for (row,) in con.sql(f"select rowid from {table} order by hash(rowid + {first}) limit {rows}").fetchall():
                value = make_one(next(number))
                con.execute(f"update {table} set {column} = {value if make_one is date else quoted(value)} where rowid = {row}")
        for (row,) in con.sql("select patient_id from patient order by all limit 60").fetchall():
            key = text(next(number))
            con.execute("update visit set patient_id = ? where patient_id = ?", [key, row])
            con.execute("update patient set patient_id = ? where patient_id = ?", [key, row])
        con.execute("commit")
        odd = "('nan'::double), ('inf'::double), ('-inf'::double)"
        con.execute(f"insert into patient (patient_id, sex, weight, until) select 'odd' || w, 'F', w, 5 from (values {odd}) t(w)")
        con.execute("insert into patient (patient_id, sex, born, height, until) values ('late', 'M', 'infinity', 180, 9)")
        unread(con, next(number))
        return next(number) - first


def unread(con, first, rows=100):
    """Canaries in names that no spec knows: a table, its column, the labels of a type, its rows."""
    con.execute(f"create type {text(first)} as enum ('{text(first + 1)}')")
    con.execute(f"create table {text(first + 2)} (t varchar, {text(first + 3)} {text(first)})")
    con.executemany(f"insert into {text(first + 2)} values (?, ?)", [(text(first + 4 + i), text(first + 1)) for i in range(rows)])


def crowd(file, visits=10_000):
    """One patient with very many visits."""
    with duckdb.connect(str(file)) as con:
        con.execute("insert into patient (patient_id, sex, age, height, until) values ('crowd', 'F', 50, 170, 1000)")
        rows = f"select 5000000 + i, 'crowd', i % 1000, 'lab' from range({visits}) t(i)"
        con.execute(f"insert into visit (visit_id, patient_id, day, ward) {rows}")
