"""What a steward does on the command line: make a key, read and approve, revoke, look at what was spent and what left, verify."""

from __future__ import annotations

import json
import stat
import sys

import pytest

from privacy.identity import Identity, is_key
from privacy.ledger import Ledger
from runners import release
from runners.cli import main
from runners.places import audit_of, key_of, ledger_of
from runners.site import approval, audit
from runners.site.own import study_at
from runners.site.trouble import Trouble
from specs.lang.types import Site
from tests.runners import logs
from tests.runners.small import make_hospital, write_spec


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """A spec and its compiled SQL at north, where nobody says where the others' databases are."""
    monkeypatch.chdir(tmp_path)
    file = write_spec(tmp_path, monkeypatch)
    for other in ("lake", "coast"):
        file.write_text(file.read_text().replace(f"{{env:SMALL_DATA}}/{other}", f"{{env:DATA_OF_{other.upper()}}}/{other}"))
    make_hospital(Site("north", str(tmp_path / "north" / "north.duckdb")))
    from runners.compile.write import write

    write(study_at(file, "north")[0])
    return file


@pytest.fixture
def north(spec, tmp_path):
    return Site("north", str(tmp_path / "north" / "north.duckdb"))


@pytest.fixture
def run(capsys):
    def go(*words):
        code = main([str(w) for w in words])
        shown = capsys.readouterr()
        assert "Traceback" not in shown.out + shown.err
        return code, shown.out, shown.err

    return go


def refusal(site, file):
    with pytest.raises(Trouble) as trouble:
        approval.check(site, study_at(file, site.name)[0])
    return trouble.value.code


@pytest.mark.parametrize("action", ["init", "approve", "revoke", "ledger", "egress"])
def test_every_action_has_an_example_and_json(run, action):
    code, out, _ = run("site", action, "--help")
    assert code == 0 and f"example: wardloom site {action}" in out and "--json" in out


def test_init_makes_a_private_key_and_a_log_and_opens_the_ledger(run, north):
    code, out, _ = run("site", "init", north.database, "--budget", "3,1e-6", "--json")
    made = json.loads(out)
    assert code == 0 and is_key(made["key"])
    assert made["key"] == Identity.load(key_of(north)).public
    assert stat.S_IMODE(key_of(north).stat().st_mode) == 0o600
    assert Ledger(ledger_of(north)).budget.epsilon == 3.0
    assert logs.verifies(north, made["key"])


def test_init_never_replaces_a_key_a_log_or_a_ledger(run, north):
    assert run("site", "init", north.database, "--budget", "3,1e-6")[0] == 0
    before = logs.content(north) | {"key": key_of(north).read_bytes()}
    for words in ((), ("--budget", "9,1e-6")):
        code, _, err = run("site", "init", north.database, *words)
        assert code == 1 and "there already" in err
    assert logs.content(north) | {"key": key_of(north).read_bytes()} == before
    key_of(north).unlink()
    code, _, err = run("site", "init", north.database)
    assert code == 3 and "another key" in err


def test_init_wants_a_database_and_a_name_that_a_spec_can_hold(run, north, tmp_path):
    (tmp_path / "Make.py").write_text("print('no database')\n")
    code, _, err = run("site", "init", tmp_path / "Make.py")
    assert code == 1 and "Make.py is not a DuckDB database" in err and "`Make` is no site's name" in err and "--name" in err
    for name in ("West Klinik", "", "a--b", "n" * 41, "north\n"):
        code, _, err = run("site", "init", north.database, "--name", name)
        assert code == 1 and "--name: " in err and "no site's name" in err
    assert not key_of(north).exists() and [f.name for f in tmp_path.glob("Make*")] == ["Make.py"]
    assert "sites.west-klinik.key: ed25519:" in run("site", "init", north.database, "--name", "west-klinik")[1]


def test_init_goes_on_where_it_was_interrupted(run, north):
    identity = Identity.create(key_of(north))
    assert run("site", "init", north.database)[0] == 0
    assert logs.verifies(north, identity.public)


@pytest.mark.parametrize("budget", ["3", "3,1", "0,1e-6", "a,b", "nan,1e-6"])
def test_a_budget_that_is_none_is_refused(run, north, budget):
    code, _, err = run("site", "init", north.database, "--budget", budget)
    assert code == 1 and "budget" in err
    assert not key_of(north).exists()


def test_approve_shows_what_is_read_asked_and_spent_and_signs_it(run, north, spec):
    run("site", "init", north.database, "--budget", "3,1e-6")
    assert refusal(north, spec) == "approval"
    code, out, _ = run("site", "approve", spec, "--site", "north", "--purpose", "teaching", "--queries", "--yes")
    assert code == 0
    study = study_at(spec, "north")[0]
    for shown in (study.digest, "teaching", "patient: patient_id, age, sex", "lab: patient_id, days, test", "expires  never"):
        assert shown in out
    for shown in ("models/site/small_one/small_one__bounded_patient.sql", "dbt_project.yml", "epsilon 3 left", "lab: days"):
        assert shown in out
    approval.check(north, study)
    line = audit.read(north)[-1]
    assert approval.Approval.of(line).purpose == "teaching" and f"line {line.number}" in out


def test_approve_as_json_has_the_same_and_signs_only_when_told_to(run, north, spec):
    run("site", "init", north.database)
    code, out, _ = run("site", "approve", spec, "--site", "north", "--purpose", "x", "--json")
    shown = json.loads(out)
    assert code == 0 and shown["signed"] is None and len(audit.read(north)) == 1
    assert shown["reads"] == {"patient": ["patient_id", "age", "sex"], "lab": ["patient_id", "days", "test"]}
    assert shown["l2_bound_patients"] ** 2 == pytest.approx(len(shown["queries"]))
    assert shown["noise_std_patients"]["total"] > shown["noise_std_patients"]["own"] > 0
    assert shown["epsilon_left"]["before"] == pytest.approx(3.0) and 1.9 < shown["epsilon_left"]["after"] < 3.0
    assert {"macros/generate_schema_name.sql", "profiles.yml"} <= set(shown["files"])
    _, out, _ = run("site", "approve", spec, "--site", "north", "--purpose", "x", "--json", "--yes")
    assert json.loads(out)["signed"] == 2
    approval.check(north, study_at(spec, "north")[0])


@pytest.mark.parametrize(("said", "signed"), [("y", 1), ("YES ", 1), ("", 0), ("n", 0), ("sure", 0)])
def test_approve_asks_before_it_signs(run, north, spec, monkeypatch, said, signed):
    run("site", "init", north.database)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda prompt: said)
    code, out, _ = run("site", "approve", spec, "--site", "north", "--purpose", "x")
    assert code == 0 and len(audit.read(north)) == 1 + signed
    assert ("nothing was signed" in out) is not bool(signed)


def test_approve_does_not_sign_when_nobody_can_be_asked(run, north, spec):
    run("site", "init", north.database)
    code, _, err = run("site", "approve", spec, "--site", "north", "--purpose", "x")
    assert code == 1 and "--yes" in err and len(audit.read(north)) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--site", "south", "--purpose", "x"], 1, "there is no site `south`"),
        (["--purpose", "x"], 1, "--site"),
        (["--site", "lake", "--purpose", "x"], 1, "DATA_OF_LAKE"),
        (["--site", "north"], 1, "--purpose"),
        (["--site", "north", "--purpose", "x", "--expires", "2020-01-01"], 2, "over"),
        (["--site", "north", "--purpose", "x", "--expires", "soon"], 1, "not a day"),
        (["--site", "north", "--purpose", "x", "--budget", "0.5,1e-6"], 2, "epsilon 1"),
    ],
)
def test_what_cannot_be_approved_is_said(run, north, spec, words, code, said):
    run("site", "init", north.database)
    found, _, err = run("site", "approve", spec, *words, "--yes")
    assert found == code and said in err
    assert len(audit.read(north)) == 1


def test_without_a_key_nothing_is_signed(run, north, spec):
    code, _, err = run("site", "approve", spec, "--site", "north", "--purpose", "x", "--yes")
    assert code == 2 and "wardloom site init" in err and not audit_of(north).exists()


def test_a_study_that_the_ledger_would_refuse_is_not_approved(run, north, spec):
    run("site", "init", north.database, "--budget", "0.5,1e-6")
    code, out, err = run("site", "approve", spec, "--site", "north", "--purpose", "x", "--yes")
    assert code == 2 and "too little privacy budget" in err and "would be refused" in out


def test_a_key_that_the_spec_does_not_name_signs_nothing(run, north, spec):
    run("site", "init", north.database)
    text = spec.read_text().replace('north.duckdb",', f'north.duckdb", key: "ed25519:{"A" * 43}",')
    spec.write_text(text)
    code, _, err = run("site", "approve", spec, "--site", "north", "--purpose", "x", "--yes")
    assert code == 2 and "another key" in err and len(audit.read(north)) == 1


def test_stale_sql_is_not_approved(run, north, spec, tmp_path):
    run("site", "init", north.database)
    (tmp_path / "dbt/models/site/small_one/small_one__bounded_patient.sql").write_text("select * from secrets")
    code, _, err = run("site", "approve", spec, "--site", "north", "--purpose", "x", "--yes")
    assert code == 1 and "small_one__bounded_patient.sql" in err and "wardloom compile" in err


def test_the_specs_own_terms_bind(run, north, spec):
    run("site", "init", north.database)
    spec.write_text(spec.read_text() + "governance: {purpose: research, expires: 2199-01-01}\n")
    code, _, err = run("site", "approve", spec, "--site", "north", "--purpose", "trade", "--yes")
    assert code == 1 and "another one: research" in err
    assert run("site", "approve", spec, "--site", "north", "--expires", "2299-01-01", "--yes")[0] == 0
    agreed = approval.Approval.of(audit.read(north)[-1])
    assert (agreed.purpose, str(agreed.expires)) == ("research", "2199-01-01")


def test_revoke_stops_the_next_message(run, north, spec):
    run("site", "init", north.database)
    code, _, err = run("site", "revoke", spec, "--site", "north")
    assert code == 1 and "nothing to revoke" in err
    run("site", "approve", spec, "--site", "north", "--purpose", "x", "--yes")
    approval.check(north, study_at(spec, "north")[0])
    code, out, _ = run("site", "revoke", spec, "--site", "north", "--json")
    assert code == 0 and json.loads(out) == {"site": "north", "study": "small-one", "line": 3}
    assert refusal(north, spec) == "revoked"


def test_revoke_holds_for_every_version_of_the_spec(run, north, spec):
    run("site", "init", north.database)
    run("site", "approve", spec, "--site", "north", "--purpose", "x", "--yes")
    approved = spec.read_text()
    spec.write_text(approved.replace("patient: 50", "patient: 60"))
    assert run("site", "revoke", spec, "--site", "north")[0] == 0
    spec.write_text(approved)
    assert refusal(north, spec) == "revoked"


def test_ledger_and_egress_of_a_site_that_never_answered(run, north):
    assert "nothing was spent" in run("site", "ledger", north.database)[1]
    assert "nothing has ever left" in run("site", "egress", north.database)[1]
    for action in ("ledger", "egress"):
        code, _, err = run("site", action, "nowhere.duckdb")
        assert code == 1 and "nowhere.duckdb" in err


@pytest.fixture
def busy(tmp_path):
    """A site with a busy week behind it."""
    site = logs.busy(tmp_path / "busy")
    make_hospital(site)
    return site


def test_ledger_shows_spends_and_what_is_left(run, busy):
    code, out, _ = run("site", "ledger", busy.database, "--json")
    found = json.loads(out)
    assert code == 0 and len(found["spends"]) == 2
    (version,) = found["data_versions"]
    assert version["spent_rho"] == pytest.approx(0.002) and version["left_rho"] > 0
    assert found["spends"][0]["total_of"] == list(logs.ROSTER)
    assert "coast lake north" in run("site", "ledger", busy.database)[1]


def test_egress_lists_every_vector_that_left(run, busy):
    code, out, _ = run("site", "egress", busy.database, "--json")
    found = json.loads(out)
    assert code == 0 and [s["stage"] for s in found["sent"]] == ["sums", "reveal"] * 2
    first, shown = found["sent"][:2]
    assert first["recipients"] == shown["survivors"] == list(logs.ROSTER) and first["survivors"] == []
    assert first["own_noise_std"] == pytest.approx((1024 / 3) ** 0.5)
    assert {"transcript", "sha256", "cells", "run", "queries", "at"} <= set(first)
    (query,) = found["queries"][first["queries"]]
    assert query == {"name": "patient: q0", "table": "patient", "columns": ["c0"], "shape": [3], "bound": 1024}
    text = run("site", "egress", busy.database, "--queries")[1]
    assert "coast lake north" in text and "patient: q2" in text and first["transcript"][:12] in text


def test_logs_that_do_not_verify_are_not_shown(run, busy):
    for action, file in (("ledger", ledger_of(busy)), ("egress", audit_of(busy))):
        data = file.read_bytes()
        file.write_bytes(data.replace(b"run", b"RUN", 1))
        code, out, err = run("site", action, busy.database)
        assert code == 3 and out == "" and "does not verify" in err and str(file) in err
        file.write_bytes(data)


def test_verify_names_file_and_line_of_the_first_break(run, busy):
    for path in (busy.database, audit_of(busy), ledger_of(busy)):
        code, out, _ = run("verify", path)
        assert code == 0 and "fine" in out and "signed by ed25519:" in out
    lines = audit_of(busy).read_bytes().splitlines(keepends=True)
    audit_of(busy).write_bytes(b"".join([*lines[:4], lines[5], lines[4], *lines[6:]]))
    code, out, err = run("verify", busy.database)
    assert code == 4 and f"{audit_of(busy)}: does not verify: line 5 was changed, moved or lost" in err
    code, out, _ = run("verify", busy.database, "--json")
    assert code == 4 and json.loads(out)["found"][0]["verifies"] is False


def test_verify_holds_logs_against_a_key_from_elsewhere(run, busy, tmp_path):
    own = Identity.load(key_of(busy)).public
    key_of(busy).unlink()
    assert run("verify", busy.database, "--key", own)[0] == 0
    code, _, err = run("verify", busy.database, "--key", Identity.create(tmp_path / "other.key").public)
    assert code == 4 and "another key" in err
    assert run("verify", busy.database, "--key", "ed25519:short")[0] == 1


def released(folder):
    """A small release, as the last stage of a run leaves it."""
    import duckdb

    (folder / "model").mkdir(parents=True)
    (folder / "model" / "model.json").write_text("{}")
    (folder / "report.html").write_text("<html></html>")
    facts = {"spec": "small-one", "epsilon": 1.0, "rows": {"patient": 3, "lab": 4}, "adds_to": None}
    with duckdb.connect(str(folder / "small-one.duckdb")) as con:
        con.execute("create schema wardloom")
        release._put(con, "wardloom", "facts", release._facts(facts))
    release.write_manifest(folder, facts)
    return folder


def test_a_release_verifies(run, tmp_path, busy):
    folder = released(tmp_path / "out")
    code, out, _ = run("verify", folder, busy.database)
    assert code == 0 and out.count("fine") == 2
    assert json.loads(run("verify", folder, "--json")[1])["found"][0]["verifies"]


@pytest.mark.parametrize("name", ["report.html", "model/model.json", "small-one.duckdb"])
@pytest.mark.parametrize("how", ["changed", "longer", "gone", "linked"])
def test_a_changed_file_of_a_release_is_named(run, tmp_path, name, how):
    folder = released(tmp_path / "out")
    file = folder / name
    data = file.read_bytes()
    file.unlink()
    if how == "linked":
        (tmp_path / "elsewhere").write_bytes(data)
        file.symlink_to(tmp_path / "elsewhere")
    elif how != "gone":
        file.write_bytes(data + b" " if how == "longer" else bytes([data[0] ^ 1]) + data[1:])
    code, _, err = run("verify", folder)
    assert code == 4 and f"{folder}/{name}: does not verify" in err


def test_a_file_that_the_manifest_does_not_know_is_named(run, tmp_path):
    folder = released(tmp_path / "out")
    (folder / "model" / "extra.npz").write_text("")
    code, _, err = run("verify", folder)
    assert code == 4 and f"{folder}/model/extra.npz" in err


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"epsilon": 1.0', '"epsilon": 0.1'),
        ('"lab": 4', '"lab": 5'),
        ('"adds_to": null,', ""),
        ('"spec": "small-one"', '"spec": "other"'),
        ('"bytes": 2', '"bytes": 3'),
        ('"model/model.json"', '"../model.json"'),
        ("{", "["),
    ],
)
def test_a_manifest_that_says_something_else_is_seen(run, tmp_path, old, new):
    folder = released(tmp_path / "out")
    manifest = folder / "manifest.json"
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new, 1))
    code, _, err = run("verify", folder)
    assert code == 4 and "does not verify" in err


def test_verify_says_what_it_found_for_each_path_before_it_fails(run, busy, tmp_path):
    nothing = tmp_path / "none.duckdb"
    nothing.touch()
    code, out, err = run("verify", busy.database, nothing)
    assert code == 1 and f"{busy.database}: fine" in out and f"{nothing}: no ledger" in err
    code, out, _ = run("verify", nothing, busy.database, "--json")
    assert code == 1 and [f["verifies"] for f in json.loads(out)["found"]] == [False, True]
    lines = audit_of(busy).read_bytes()
    audit_of(busy).write_bytes(lines[:-10])
    code, _, err = run("verify", nothing, busy.database)
    assert code == 4 and str(nothing) in err and "does not verify" in err


def test_verify_says_when_there_is_nothing_to_verify(run, tmp_path):
    (tmp_path / "empty").mkdir()
    for path, said in (("empty", "not a release"), ("nowhere", "no such file")):
        code, _, err = run("verify", tmp_path / path)
        assert code == 1 and said in err
