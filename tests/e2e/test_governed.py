"""Stewards' commands around a real run: approve, consent, what left, revoke, verify; real dbt, real processes."""

import json

import duckdb
import pytest

from tests.e2e.hospitals import SITES
from tests.e2e.place import made

pytestmark = pytest.mark.slow
GOVERNED = """\
governance:
  purpose: Teaching, no other use.
  approvals: [north, lake, coast]
  expires: 2199-12-31
  consent: {table: register, key: pid, where: "status = 'given'"}
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three hospitals with keys and registers, in which every third patient has not given consent."""
    place = made(tmp_path_factory.mktemp("governed"))
    place.write(("outputs: {directory: out/whole}\n", "outputs: {directory: out/whole}\n" + GOVERNED))
    for site in SITES:
        with duckdb.connect(str(place.database(site))) as con:
            status = "case when row_number() over (order by patient_id) % 3 = 0 then 'refused' else 'given' end"
            con.execute(f"create table register as select patient_id as pid, {status} as status from patient")
        done = place.wardloom("site", "init", str(place.database(site)), "--budget", "12,1e-6")
        assert done.code == 0, done.err
    assert place.wardloom("compile", place.spec.name).code == 0
    return place


def approve(place, site):
    done = place.wardloom("site", "approve", place.spec.name, "--site", site, "--yes", "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def nothing_was_spent(place):
    return not any(place.paid().values())


def test_a_steward_and_a_run(place):
    done = place.run()
    assert done.code == 2 and "site north has not approved this spec" in done.err and nothing_was_spent(place)

    shown = [approve(place, site) for site in SITES]
    assert shown[0]["reads"]["register"] == ["status", "pid"]
    macro = place.folder / "dbt" / "macros" / "generate_schema_name.sql"
    text = macro.read_text()
    macro.write_text(text + "{# changed after the approval #}")
    done = place.run()
    assert done.code == 2 and "has other SQL than its steward approved" in done.err and nothing_was_spent(place)
    macro.write_text(text)

    done = place.run()
    assert done.code == 0, done.err
    total = float(place.query("select sum(value) from noised_sums where query = 'patient: sex'")[0])
    error = float(place.query("select max(std_error) from noised_sums where query = 'patient: sex'")[0])
    assert abs(total - 600) < 6 * error * 3**0.5 < 300, "two thirds of 900 patients gave consent"
    events = (place.release / "lineage.ndjson").read_text()
    assert "main.register" in events

    databases = [str(place.database(site)) for site in SITES]
    found = {}
    for site, database in zip(SITES, databases, strict=True):
        found[site] = json.loads(place.wardloom("site", "egress", database, "--json").out)["sent"]
        assert [s["stage"] for s in found[site]] == ["sums", "reveal"]
        assert found[site][0]["recipients"] == found[site][1]["survivors"] == sorted(SITES)
    assert len({s["transcript"] for sent in found.values() for s in sent}) == 1
    assert len({s["sha256"] for sent in found.values() for s in sent}) == 6
    done = place.wardloom("verify", *databases, str(place.release))
    assert done.code == 0 and done.out.count("fine") == 4

    assert place.wardloom("site", "revoke", place.spec.name, "--site", "lake").code == 0
    place.write(("outputs: {directory: out/whole}\n", "outputs: {directory: out/whole}\n" + GOVERNED), ("seed: 1", "seed: 2"))
    for site in ("north", "coast"):
        approve(place, site)
    done = place.run()
    assert done.code == 2 and "site lake has revoked its approval" in done.err
    assert [len(entries) for entries in place.paid().values()] == [1, 1, 1]
    assert place.wardloom("verify", *databases).code == 0

    log = place.database("coast").with_name("coast.duckdb.audit")
    log.write_bytes(log.read_bytes().replace(b"coast", b"COAST", 1))
    done = place.wardloom("verify", *databases)
    assert done.code == 4 and f"{log}: does not verify: line 1" in done.err and done.out.count("fine") == 2
