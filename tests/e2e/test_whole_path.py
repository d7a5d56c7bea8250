"""From a spec and three hospitals to a release, as users run it: real commands, real dbt, real ledgers."""

import json
from hashlib import sha256

import duckdb
import pytest

from tests.e2e.hospitals import SITES
from tests.e2e.place import made

pytestmark = pytest.mark.slow
KINDS = {
    "patient": ["VARCHAR", "VARCHAR", "INTEGER", "DATE", "DOUBLE", "DOUBLE", "INTEGER"],
    "visit": ["INTEGER", "VARCHAR", "INTEGER", "VARCHAR"],
    "charge": ["INTEGER", "INTEGER", "DOUBLE"],
}
NONE = ("privacy: {unit: patient, epsilon: 2.0, delta: 1e-6}", 'privacy: {unit: patient, none: "made-up people"}')
ALL_OF_IT = ("epsilon: 2.0, delta", "epsilon: 11.9, delta")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three hospitals after a first run."""
    place = made(tmp_path_factory.mktemp("whole"))
    done = place.run()
    assert done.code == 0, done.err
    assert "epsilon 2" in done.out and "Traceback" not in done.said
    return place


def rows(place, sql):
    with duckdb.connect(str(place.release / "whole-path.duckdb"), read_only=True) as con:
        return con.sql(sql).fetchall()


def test_tables_have_the_types_and_keys_of_the_spec(place):
    for table, kinds in KINDS.items():
        found = rows(place, f"select data_type from duckdb_columns() where schema_name = 'synthetic' and table_name = '{table}'")
        assert sorted(k.replace("BIGINT", "INTEGER") for (k,) in found) == sorted(kinds), table
    assert rows(place, "select count(*), count(distinct patient_id) from synthetic.patient") == [(200, 200)]
    above = "synthetic.patient p using (patient_id)"
    assert rows(place, f"select count(*) from synthetic.visit v anti join {above}") == [(0,)]
    assert rows(place, f"select count(*) from synthetic.visit v join {above} where v.day > p.until") == [(0,)]
    assert rows(place, "select max(n) <= 6 from (select count(*) n from synthetic.visit group by patient_id)") == [(True,)]
    assert rows(place, "select count(*) from synthetic.charge c anti join synthetic.visit using (visit_id)") == [(0,)]


def test_the_noised_sums_are_released_with_their_errors(place):
    one = "select sum(value), max(std_error) from wardloom.noised_sums where query in (select query from wardloom.noised_sums"
    total, error = rows(place, f"{one} where columns = ['sex'] limit 1)")[0]
    assert error > 0
    assert abs(total - 900) < 6 * error * 3  # three cells (F, M, NULL), six standard errors each
    facts = dict(rows(place, "from wardloom.facts"))
    assert facts["epsilon"] == "2.0" and json.loads(facts["sites"]) == list(SITES)


def test_the_manifest_lists_every_file_with_its_hash(place):
    manifest = json.loads((place.release / "manifest.json").read_text())
    present = {str(f.relative_to(place.release)) for f in place.release.rglob("*") if f.is_file()} - {"manifest.json"}
    assert set(manifest["files"]) == present
    assert {"whole-path.duckdb", "model/arrays.npz", "model/model.json", "lineage.ndjson"} <= present
    for name, listed in manifest["files"].items():
        data = (place.release / name).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (listed["bytes"], listed["sha256"]), name


def test_the_report_needs_no_network(place):
    file = place.release / "report.html"
    if not file.exists():
        pytest.skip("this version writes no report")
    text = file.read_text(encoding="utf-8")
    assert len(text) < 2_000_000
    assert "src=\"http" not in text and "<link" not in text
    assert "visit" in text and "ward" in text


def test_lineage_tells_of_all_tables_and_sites(place):
    events = [json.loads(line) for line in (place.release / "lineage.ndjson").read_text().splitlines()]
    opened = {e["run"]["runId"] for e in events if e["eventType"] == "START"}
    closed = {e["run"]["runId"] for e in events if e["eventType"] == "COMPLETE"}
    assert opened and opened == closed
    text = json.dumps(events)
    assert all(word in text for word in (*SITES, *KINDS))


def test_query_reads_the_release_and_writes_nothing(place):
    before = place.content()
    assert place.query("select count(*) from patient") == ["200"]
    assert place.wardloom("query", place.spec.name, "drop table patient").code == 1
    assert place.content() == before


def test_a_second_run_spends_nothing_and_repeats(place):
    tables, paid = [rows(place, f"from synthetic.{t} order by all") for t in KINDS], place.paid()
    assert place.run().code == 0
    assert [rows(place, f"from synthetic.{t} order by all") for t in KINDS] == tables
    assert place.paid() == paid and all(len(entries) == 1 for entries in paid.values())


def test_a_budget_that_is_used_up_stops_the_run_and_keeps_the_release(place):
    before, paid = place.content(), place.paid()
    place.write(ALL_OF_IT)
    done = place.run()
    plan = place.wardloom("plan", place.spec.name)
    place.write()
    assert done.code == 2 and "budget" in done.err and all(site in done.err for site in SITES)
    assert "would stop" in plan.out and "budget" in plan.out
    assert (place.content(), place.paid()) == (before, paid)


def test_a_cohort_is_drawn_from_the_release_and_nobody_pays(place):
    release, paid = place.content(), place.paid()
    asked = "given: [age >= 40, patient_id in (select patient_id from visit where ward = 'icu')]\nbalance: {sex: equal}"
    (place.spec.parent / "old.yml").write_text(f"cohort: old\nfrom: {place.spec.name}\nrows: {{patient: 60}}\n{asked}\n")
    done = place.wardloom("cohort", "old.yml")
    assert done.code == 0, done.err
    with duckdb.connect(str(place.release.with_name("whole.cohorts") / "old.duckdb"), read_only=True) as con:
        con.execute("set search_path = 'synthetic'")
        assert con.sql("select sex, count(*) from patient group by sex order by sex").fetchall() == [("F", 30), ("M", 30)]
        assert con.sql("select count(*) from patient where age < 40").fetchall() == [(0,)]
        assert con.sql("select count(distinct patient_id) from visit where ward = 'icu'").fetchall() == [(60,)]
    assert place.paid() == paid and place.content() == release


def test_a_table_is_filled_from_the_release_and_stays_private(place):
    (place.spec.parent / "part.csv").write_text("who,age,height\nZq9canary,70,170\nZq9canary,30,\n")
    done = place.wardloom("impute", place.spec.name, "part.csv", "--out", "filled.csv", "--fill", "sex")
    assert done.code == 0, done.err
    lines = (place.spec.parent / "filled.csv").read_text().splitlines()
    assert lines[0].startswith("who,age,height,sex,") and len(lines) == 3 and all(x.startswith("Zq9canary") for x in lines[1:])
    (place.spec.parent / "part.csv").unlink()
    (place.spec.parent / "filled.csv").unlink()
    assert not [f for f in place.folder.rglob("*") if f.is_file() and b"Zq9canary" in f.read_bytes()]


def test_another_generator_learns_from_the_same_sums_and_nobody_pays_again(place):
    tables, paid = rows(place, "from synthetic.patient order by all"), place.paid()
    sums = rows(place, "from wardloom.noised_sums order by all")
    place.write(("rows: {patient: 200}", "rows: {patient: 200}\ngenerator: {name: copula}"))
    done = place.run()
    place.write()
    assert done.code == 0, done.err
    assert place.paid() == paid
    assert dict(rows(place, "from wardloom.facts"))["generator"] == "copula"
    assert rows(place, "from wardloom.noised_sums order by all") == sums
    assert rows(place, "from synthetic.patient order by all") != tables
    assert len(tables) == len(rows(place, "from synthetic.patient"))


def test_without_privacy_everything_says_so_and_no_ledger_is_touched(place):
    paid = place.paid()
    place.write(NONE)
    assert place.wardloom("compile", place.spec.name).code == 0
    done = place.run()
    plan = place.wardloom("plan", place.spec.name)
    assert done.code == 0, done.err
    assert "privacy: NONE" in done.out and "none" in plan.out.lower()
    facts = dict(rows(place, "from wardloom.facts"))
    assert facts["privacy"] == "none: made-up people" and facts["epsilon"] == "null"
    assert json.loads((place.release / "manifest.json").read_text())["privacy"].startswith("none")
    exact = rows(place, "select max(std_error), sum(value) filter (columns = ['sex']) from wardloom.noised_sums")
    assert exact[0][0] == 0
    assert place.paid() == paid
    report = place.release / "report.html"
    assert not report.exists() or "made-up people" in report.read_text(encoding="utf-8")
