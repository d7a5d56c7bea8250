"""Consent in a hospital's SQL: who has not given it moves no cell of any query."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.site import built
from runners.compile.write import write
from runners.site.sources import Wanted, wanted
from specs.lang.types import Consent, Governance, Key, Site, Study
from tests.dbt.rendered import build, sums
from tests.dbt.test_site_sql import hospital
from tests.generators.studies import clinic, made_up

GIVEN = Consent("register", ("pid",), "status = 'given' AND since <= CAST('2026-01-01' AS DATE)", ("status", "since"))
REGISTER = "CREATE TABLE register (pid VARCHAR, status VARCHAR, since DATE)"


def governed(study: Study, consent: Consent = GIVEN) -> Study:
    return replace(study, governance=Governance(consent=consent))


def patients(con: duckdb.DuckDBPyConnection) -> list[int]:
    return [row[0] for row in con.execute("SELECT patient_id FROM patient ORDER BY 1").fetchall()]


def without(con: duckdb.DuckDBPyConnection, gone: list[int]) -> None:
    """Takes patients out of the hospital, with all their rows."""
    con.execute("CREATE TABLE gone AS SELECT unnest(?::bigint[]) AS patient_id", [gone]).fetchall()
    visits = "SELECT visit_id FROM visit WHERE patient_id IN (FROM gone)"
    con.execute(f"DELETE FROM charge WHERE visit_id IN ({visits})").fetchall()
    for table in ("visit", "patient"):
        con.execute(f"DELETE FROM {table} WHERE patient_id IN (FROM gone)").fetchall()


def counted(study: Study, con: duckdb.DuckDBPyConnection) -> dict[str, np.ndarray]:
    build(con, study)
    return sums(con, study)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**16),
    rows=st.lists(
        st.tuples(
            st.integers(0, 39),
            st.sampled_from(["given", "refused", "Given", "withdrawn", None]),
            st.sampled_from(["2020-01-01", "2026-01-01", "2026-01-02", None]),
        ),
        max_size=60,
    ),
)
def test_patients_without_consent_move_no_cell(seed: int, rows: list[tuple[int, str | None, str | None]]) -> None:
    """With a register, the sums are those of a hospital at which only consenting patients ever were."""
    moves_no_cell(seed, rows)


def moves_no_cell(seed: int, rows: list[tuple[int, str | None, str | None]]) -> None:
    study = clinic()
    asked, plain = (hospital(study, *made_up(study, 40, seed)) for _ in range(2))
    everyone = patients(asked)
    asked.execute(REGISTER).fetchall()
    for place, status, since in rows:
        asked.execute("INSERT INTO register VALUES (?, ?, ?)", [str(everyone[place]), status, since]).fetchall()
    agreed = {everyone[p] for p, status, since in rows if status == "given" and since is not None and since <= "2026-01-01"}
    without(plain, [p for p in everyone if p not in agreed])
    found, wanted_ = counted(governed(study), asked), counted(study, plain)
    assert all(np.array_equal(found[name], wanted_[name]) for name in wanted_)


def test_the_check_can_fail() -> None:
    """One patient more or less moves cells, and a register that nobody reads moves none."""
    study = clinic()
    first, second = (hospital(study, *made_up(study, 40, 3)) for _ in range(2))
    for con in (first, second):
        con.execute(REGISTER).fetchall()
        con.execute("INSERT INTO register SELECT patient_id, 'given', '2020-01-01' FROM patient").fetchall()
    second.execute(f"UPDATE register SET status = 'withdrawn' WHERE pid = '{patients(second)[0]}'").fetchall()
    a, b = counted(governed(study), first), counted(governed(study), second)
    assert any(not np.array_equal(a[name], b[name]) for name in a)
    a, b = (counted(study, hospital(study, *made_up(study, 40, 3))) for _ in range(2))
    assert all(np.array_equal(a[name], b[name]) for name in a)


def test_sql_that_forgets_consent_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug: everyone counts."""
    moves_no_cell(1, [(3, "given", "2020-01-01"), (4, "refused", "2020-01-01")])
    forgets = [("consented", "select * from complete")]
    monkeypatch.setattr("runners.compile.consent.steps", lambda study, consent, source: forgets)
    with pytest.raises(AssertionError):
        moves_no_cell(1, [(3, "given", "2020-01-01"), (4, "refused", "2020-01-01")])


@pytest.mark.parametrize(
    "register", ["('x', 'given', '2020-01-01')", "(NULL, 'given', '2020-01-01')", "('1e99', 'given', '2020-01-01')"]
)
def test_keys_that_are_nobodys_are_no_consent(register: str) -> None:
    study = clinic()
    con = hospital(study, *made_up(study, 20, 1))
    con.execute(REGISTER).fetchall()
    con.execute(f"INSERT INTO register VALUES {register}").fetchall()
    assert not any(total.any() for total in counted(governed(study), con).values())


def test_a_condition_that_cannot_be_evaluated_is_no_consent() -> None:
    """A square beyond 64 bits: left out, and no error that quotes it."""
    study = governed(clinic(), Consent("scores", ("pid",), "score * score > 4", ("score",)))
    con = hospital(study, *made_up(study, 20, 1))
    one, two, three = patients(con)[:3]
    con.execute("CREATE TABLE scores (pid BIGINT, score BIGINT)").fetchall()
    con.execute(f"INSERT INTO scores VALUES ({one}, 4), ({two}, {2**63 - 1}), ({three}, 1), (NULL, -1)").fetchall()
    build(con, study)
    assert con.execute('SELECT patient_id FROM "clinic__bounded_patient"').fetchall() == [(one,)]


def test_the_register_may_be_the_patients_table_itself() -> None:
    study = governed(clinic(), Consent("patient", ("patient_id",), "sex = 'f'", ("sex",)))
    con = hospital(study, *made_up(study, 60, 1))
    build(con, study)
    assert con.execute('SELECT DISTINCT sex FROM "clinic__bounded_patient"').fetchall() == [("f",)]


def test_a_key_of_two_columns() -> None:
    patient = replace(clinic().tables["patient"], key=(Key("ward", "string"), Key("patient_id")))
    study = replace(clinic(), tables={"patient": patient}, constraints=())
    study = governed(study, Consent("register", ("w", "pid"), "status = 'given'", ("status",)))
    con = duckdb.connect()
    rows = [(w, p) for w in ("a", "b") for p in (1, 2)]
    con.execute(
        "CREATE TABLE patient"
        " (ward VARCHAR, patient_id BIGINT, age BIGINT, sex VARCHAR, weight DOUBLE, until BIGINT, buddy BIGINT)"
    )
    for ward, number in rows:
        con.execute("INSERT INTO patient VALUES (?, ?, 5, 'f', NULL, 3, NULL)", [ward, number]).fetchall()
    con.execute("CREATE TABLE register AS SELECT 'a' AS w, '2' AS pid, 'given' AS status").fetchall()
    build(con, study)
    assert con.execute('SELECT ward, patient_id FROM "clinic__bounded_patient"').fetchall() == [("a", 2)]


def test_preflight_and_lineage_know_the_register(tmp_path) -> None:
    study = governed(replace(clinic(), sites={"north": Site("north", str(tmp_path / "north.duckdb"))}))
    assert Wanted("register", {"status": "", "since": "", "pid": "BIGINT"}) in wanted(study)
    write(study, tmp_path)
    found = built(study, study.sites["north"], "1", tmp_path)
    (register,) = [source for source in found.sources if source.name == "main.register"]
    assert set(register.columns) == {"pid", "status", "since"}
    (bounded,) = [model for model in found.models if model.name.endswith("bounded_patient")]
    assert "main.register" in str(bounded)
