"""Filling a partial table: what is there stays, what is missing fits, and nothing of it is told to anyone."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import duckdb
import numpy as np
import pytest

from runners.cli import main
from specs.lang.read import read
from tests.runners.test_cohort import hospital, place

__all__ = ["place"]
SECRET = "Xq7Secret"


def rows(place: Path, count: int = 2000):
    """Age, weight and smoking of made-up patients, in other words than the model has seen them."""
    tables, _ = hospital(read(place / "clinic.yml", {}))
    patient = tables["patient"]
    weight = np.where(patient["weight"].null, np.nan, np.round(patient["weight"].values, 1))
    return patient["age"].values[:count], weight[:count], patient["sex"].values[:count]


def partial(place: Path, file: Path) -> Path:
    age, weight, _ = rows(place)
    lines = [f"{SECRET}-{i},{a},{'' if np.isnan(w) else w}" for i, (a, w) in enumerate(zip(age, weight, strict=True))]
    file.write_text("\n".join(["who,age,Weight", *lines]) + "\n")
    return file


def run(place: Path, file: Path, out: Path, *more: str) -> int:
    return main(["impute", str(place / "clinic.yml"), str(file), "--out", str(out), *more])


@pytest.mark.parametrize("kind", ["csv", "parquet", "duckdb"])
def test_what_was_there_stays_and_the_rest_fits(place, tmp_path, kind, capsys):
    file, out = partial(place, tmp_path / "part.csv"), tmp_path / f"full.{kind}"
    assert run(place, file, out) == 0
    age, weight, sex = rows(place)
    with duckdb.connect() as connection:
        if kind == "duckdb":
            connection.execute(f"ATTACH '{out}' AS f (READ_ONLY)")
        found = (
            connection.sql(f"SELECT * FROM {'f.patient' if kind == 'duckdb' else repr(str(out))}").to_arrow_table().to_pydict()
        )
    assert list(found) == ["who", "age", "Weight", "sex", "until", "old", "home", "smokes"]
    assert found["who"] == [f"{SECRET}-{i}" for i in range(len(age))]
    assert [int(a) for a in found["age"]] == age.tolist()
    assert [np.isnan(w) for w in weight] == [w is None for w in found["Weight"]]
    assert [float(w) for w in found["Weight"] if w is not None] == weight[~np.isnan(weight)].tolist()
    assert [str(old).lower() == "true" for old in found["old"]] == (age >= 60).tolist()
    assert None not in found["sex"] and set(found["home"]) == {"r1", "r2", "u1"}
    assert 0 < sum(s is None for s in found["smokes"]) < len(age) / 4
    drawn = np.array([s == "m" for s in found["sex"]])
    agree, alone = (drawn == sex).mean(), max(sex.mean(), 1 - sex.mean()) ** 2 + min(sex.mean(), 1 - sex.mean()) ** 2
    assert agree > alone + 0.05
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    said = capsys.readouterr()
    assert SECRET not in said.out + said.err


def test_gaps_are_filled_where_asked(place, tmp_path):
    file, out = partial(place, tmp_path / "part.csv"), tmp_path / "full.csv"
    assert run(place, file, out, "--fill", "weight", "smokes") == 0
    found = duckdb.sql(f"SELECT count(*), count(Weight), count(smokes), min(Weight), max(Weight) FROM '{out}'").fetchall()[0]
    assert found[:3] == (2000, 2000, 2000) and 30 <= found[3] <= found[4] <= 130


def test_a_derived_column_follows_what_was_filled(place, tmp_path, capsys):
    (tmp_path / "part.csv").write_text("age,old,sex\n70,true,f\n,,m\n30,,f\n" + ",,\n" * 50)
    assert run(place, tmp_path / "part.csv", tmp_path / "full.csv") == 0
    assert "filled in: age, sex, old" in capsys.readouterr().out
    found = duckdb.sql(f"SELECT age, old FROM '{tmp_path / 'full.csv'}'").fetchall()
    assert found[0] == (70, True)
    assert found[2] == (30, None)  # a gap of the file's own: its age was there
    assert all(old == (age >= 60) for age, old in found[3:]) and found[1][1] is not None
    assert run(place, tmp_path / "part.csv", tmp_path / "other.csv", "--fill", "old") == 1
    assert "`old` is computed from `age`: name those" in capsys.readouterr().err


def test_the_same_seed_fills_alike(place, tmp_path):
    file = partial(place, tmp_path / "part.csv")
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        assert run(place, file, tmp_path / f"{name}.csv", "--seed", seed) == 0
    texts = [(tmp_path / f"{name}.csv").read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"age\n40\n{SECRET}\n", "column age has a value that is no integer"),
        (f"sex\nf\n{SECRET}\n", "column sex has a value that is not among the spec's values"),
        (f'age,sex\n40,f\n41,"{SECRET}\n', "has a value that is not among the spec's values"),
        (f"who\n{SECRET}\n", "none of its columns is one of patient"),
    ],
)
def test_no_message_and_no_log_quotes_a_row(place, tmp_path, monkeypatch, capsys, text, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "part.csv").write_text(text)
    for more in ([], ["--json"]):
        assert run(place, tmp_path / "part.csv", tmp_path / "full.csv", *more) in (1, 3)
        shown = capsys.readouterr()
        assert said in shown.out + shown.err
        assert SECRET not in shown.out + shown.err
    assert [f.name for f in tmp_path.iterdir()] == ["part.csv"]


def test_an_error_in_our_own_code_quotes_no_row_either(place, tmp_path, monkeypatch, capsys):
    """Whatever is raised while rows are at hand: only its kind is told, and no crash log is written."""
    monkeypatch.chdir(tmp_path)

    def broken(*_):
        raise ValueError(SECRET)

    monkeypatch.setattr("runners.impute.make.filled", broken)
    assert run(place, partial(place, tmp_path / "part.csv"), tmp_path / "full.csv") == 3
    shown = capsys.readouterr()
    assert "cannot be filled (ValueError)" in shown.err and SECRET not in shown.err
    assert [f.name for f in tmp_path.iterdir()] == ["part.csv"]


def test_nothing_is_replaced(place, tmp_path, capsys):
    file, out = partial(place, tmp_path / "part.csv"), tmp_path / "full.csv"
    out.write_text("mine")
    assert run(place, file, out) == 1
    assert out.read_text() == "mine" and "is there already" in capsys.readouterr().err


def test_what_cannot_be_written_is_the_new_file(place, tmp_path, monkeypatch, capsys):
    file = partial(place, tmp_path / "part.csv")

    def refused(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("runners.impute.make.TemporaryDirectory", refused)
    assert run(place, file, tmp_path / "full.csv") == 3
    assert f"{tmp_path / 'full.csv'} cannot be written: Permission denied" in capsys.readouterr().err


def test_a_table_that_is_not_there(place, tmp_path, capsys):
    with duckdb.connect(str(tmp_path / "part.duckdb")) as connection:
        connection.execute("CREATE TABLE people AS SELECT 60 AS age")
    for more in ((), ("--table", "nope")):
        assert run(place, tmp_path / "part.duckdb", tmp_path / "full.csv", *more) == 1
        said = capsys.readouterr().err
        assert f"no table `{more[1] if more else 'patient'}`; there is `people`" in said and "--table" in said


def test_a_table_of_a_database(place, tmp_path, capsys):
    with duckdb.connect(str(tmp_path / "part.duckdb")) as connection:
        connection.execute("CREATE TABLE people AS SELECT 60 + i % 30 AS age FROM range(100) t(i)")
    assert run(place, tmp_path / "part.duckdb", tmp_path / "full.parquet", "--table", "people", "--json") == 0
    assert json.loads(capsys.readouterr().out)["added"] == ["sex", "weight", "until", "old", "home", "smokes"]
    assert duckdb.sql(f"SELECT bool_and(old), count(*) FROM '{tmp_path / 'full.parquet'}'").fetchall()[0] == (True, 100)
