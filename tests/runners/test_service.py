"""Health and metrics over HTTP: the numbers of the site's own files, a broken ledger at once, nothing but what is allowed."""

from __future__ import annotations

import http.client
import re
import socket
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from privacy.identity import Identity
from privacy.ledger import Ledger
from runners.errors import DATA, WRONG, Stop
from runners.places import Places, audit_of, key_of, ledger_of
from runners.service import address, at_site, serve
from runners.site import approval, audit, project
from runners.site.approval import Approval
from runners.site.own import study_at
from runners.site.trouble import CODES
from runners.state import begin
from tests.runners import logs
from tests.runners.small import make_hospital, write_spec

LABELS = {
    "wardloom_build_info": {"version"},
    "wardloom_spec_ok": set(),
    "wardloom_database_ok": set(),
    "wardloom_ledger_ok": set(),
    "wardloom_audit_ok": set(),
    "wardloom_approved": set(),
    "wardloom_answers_total": {"stage"},
    "wardloom_refusals_total": {"code"},
    "wardloom_rho_spent": {"data_version"},
    "wardloom_rho_left": {"data_version"},
    "wardloom_stage": {"stage", "state"},
}
"""All there may be. What is added here must be public before any row is read."""


@pytest.fixture
def spec(tmp_path, monkeypatch):
    return write_spec(tmp_path, monkeypatch)


@pytest.fixture
def here(spec, tmp_path):
    """North's study, and north with a database, a ledger and a log after a busy week."""
    make_hospital(study_at(spec, "north")[1])
    logs.busy(tmp_path / "north")
    study, site = study_at(spec, "north")
    return site, study


@contextmanager
def served(site, study):
    server = serve(site, study, "127.0.0.1:0")
    try:
        yield server
    finally:
        server.close()


def get(server, path):
    try:
        with urlopen(server.url + path, timeout=30) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()


def samples(server):
    """Every sample by name and labels."""
    status, text = get(server, "/metrics")
    assert status == 200
    families = text_string_to_metric_families(text)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def value(found, name, **labels):
    return found.get((f"wardloom_{name}", tuple(sorted(labels.items()))))


def test_the_numbers_are_those_of_ledger_and_log(here):
    with served(*here) as server:
        found = samples(server)
    ledger = Ledger(ledger_of(here[0]))
    assert value(found, "rho_spent", data_version="1") == ledger.spent("1") == pytest.approx(0.002)
    assert value(found, "rho_left", data_version="1") == ledger.left("1") > 0
    assert value(found, "answers_total", stage="sums") == value(found, "answers_total", stage="reveal") == 2
    assert value(found, "refusals_total", code="budget") == 1
    assert all(value(found, f"{name}_ok") == 1 for name in ("spec", "database", "ledger", "audit"))


def test_it_looks_again_at_every_request(here):
    site, study = here
    with served(site, study) as server:
        before = value(samples(server), "refusals_total", code="expired")
        audit.record(site, "refused", {"code": "expired", "run": "r3", "round": "b" * 32, "stage": "ready"})
        logs.answer(site, logs.QUERIES[3:])
        found = samples(server)
    assert before is None and value(found, "refusals_total", code="expired") == 1
    assert value(found, "rho_spent", data_version="1") == pytest.approx(0.003)


def test_a_ready_site(here):
    with served(*here) as server:
        assert get(server, "/healthz") == (200, "ok\n")
        assert get(server, "/readyz") == (200, "spec ok\ndatabase ok\nledger ok\naudit ok\n")


def damaged(path):
    path.write_bytes(path.read_bytes().replace(b"0.001", b"0.000", 1))


def gone(path):
    path.unlink()


@pytest.mark.parametrize("damage", [damaged, gone])
def test_a_broken_ledger_is_not_ready_and_shows_no_budget(here, damage):
    with served(*here) as server:
        assert get(server, "/readyz")[0] == 200
        damage(ledger_of(here[0]))
        status, text = get(server, "/readyz")
        found = samples(server)
        assert get(server, "/healthz")[0] == 200
    assert status == 503 and "ledger not ok" in text
    assert value(found, "ledger_ok") == 0
    assert not [name for name, _ in found if name.startswith("wardloom_rho")]


def test_a_broken_log_is_not_ready_and_counts_nothing(here):
    with served(*here) as server:
        damaged_log = audit_of(here[0])
        damaged_log.write_bytes(damaged_log.read_bytes().replace(b"budget", b"expire", 1))
        status, text = get(server, "/readyz")
        found = samples(server)
    assert status == 503 and "audit not ok" in text and "ledger ok" in text
    assert value(found, "audit_ok") == 0 and value(found, "ledger_ok") == 1
    assert not [name for name, _ in found if name.endswith("_total")]


def test_logs_that_verify_alone_but_do_not_fit_are_not_trusted(here):
    site, study = here
    old = {path: path.read_bytes() for path in logs.files(site) if ".audit" in path.name}
    logs.answer(site, logs.QUERIES[3:])
    for path, data in old.items():
        path.write_bytes(data)
    with served(site, study) as server:
        found = samples(server)
    assert value(found, "ledger_ok") == value(found, "audit_ok") == 0


def test_a_database_or_a_spec_that_is_gone(here):
    site, study = here
    with served(site, study) as server:
        Path(site.database).unlink()
        assert "database not ok" in get(server, "/readyz")[1]
        Path(study.file).write_text("spec: [")
        status, text = get(server, "/readyz")
    assert status == 503 and "spec not ok" in text


def test_a_new_site_is_ready_and_has_its_whole_budget(spec):
    study, site = study_at(spec, "north")
    make_hospital(site)
    with served(site, study) as server:
        assert get(server, "/readyz")[0] == 200
        assert not [name for name, _ in samples(server) if name.startswith("wardloom_rho")]
        Ledger.create(ledger_of(site), site.budget)
        found = samples(server)
    assert value(found, "rho_spent", data_version="1") == 0
    assert value(found, "rho_left", data_version="1") == Ledger(ledger_of(site)).left("1")


def test_whether_what_would_run_is_approved(here):
    site, study = here
    with served(site, study) as server:
        assert value(samples(server), "approved") == 0
        sql = project.digest(project.files(study, approval.DBT))
        agreed = Approval(study.name, study.digest, sql, "9" * 64, "x", None, study.privacy.budget)
        audit.record(site, "approve", agreed.facts())
        assert value(samples(server), "approved") == 1
        audit.record(site, "revoke", {"name": study.name})
        assert value(samples(server), "approved") == 0


def test_the_stages_of_the_latest_run(spec):
    study, _ = study_at(spec, "north")
    with served(None, study) as server:
        assert get(server, "/readyz") == (200, "spec ok\n")
        assert not [name for name, _ in samples(server) if name == "wardloom_stage"]
        state = begin(Places(study).run("r1"), "r1", study.digest, ["check", "sums"])
        state.file.parent.mkdir(parents=True)
        state.set("check", "done", 1.0)
        state.set("sums", "failed", 1.0)
        found = samples(server)
    assert value(found, "stage", stage="check", state="done") == value(found, "stage", stage="sums", state="failed") == 1
    assert len([name for name, _ in found if name == "wardloom_stage"]) == 2


def test_nothing_but_allowed_names_and_labels(here, spec):
    for site in (here[0], None):
        with served(site, here[1]) as server:
            found = samples(server)
        assert {name: set() for name, _ in found}.keys() <= LABELS.keys()
        assert all({label for label, _ in labels} == LABELS[name] for name, labels in found)
        labels = {label: text for _, pairs in found for label, text in pairs}
        assert labels.get("code", "budget") in CODES and labels.get("data_version", "1") == "1"


def test_no_value_of_a_row_can_be_there(here):
    """All rows gone, or others in their place, changes no byte of any page."""
    site, study = here
    with served(site, study) as server:
        before = [get(server, path) for path in ("/healthz", "/readyz", "/metrics")]
        Path(site.database).write_bytes(b"no database at all, canary 4711")
        assert [get(server, path) for path in ("/healthz", "/readyz", "/metrics")] == before


def test_a_site_at_work_can_be_watched(here):
    """The database is locked by whoever works on it; nobody waits for that."""
    import duckdb

    with duckdb.connect(here[0].database), served(*here) as server:
        assert get(server, "/readyz")[0] == 200


def test_other_paths_and_verbs(here):
    with served(*here) as server:
        assert get(server, "/")[0] == get(server, "/metrics/../ledger")[0] == 404
        assert get(server, "/readyz?verbose")[0] == 200
        host, port = server.url.removeprefix("http://").split(":")
        for verb, status in (("HEAD", 200), ("POST", 501), ("DELETE", 501)):
            line = http.client.HTTPConnection(host, int(port), timeout=30)
            line.request(verb, "/metrics")
            reply = line.getresponse()
            assert reply.status == status
            if verb == "HEAD":
                assert reply.read() == b"" and reply.headers["Server"].strip() == "wardloom"
            line.close()


def test_a_closed_server_listens_no_more(here):
    with served(*here) as server:
        host, port = server.url.removeprefix("http://").split(":")
    with pytest.raises(OSError):
        socket.create_connection((host, int(port)), timeout=5)


def test_an_address_that_is_taken(here):
    with served(*here) as server, pytest.raises(Stop) as stop:
        serve(*here, server.url.removeprefix("http://"))
    assert stop.value.code == DATA and "cannot listen at 127.0.0.1" in stop.value.message


@pytest.mark.parametrize("text", ["", "9464", "127.0.0.1", "127.0.0.1:", "a:b", ":9464", "::1:9464", "h:70000", "h:-1", "h:١"])
def test_what_is_no_address(text):
    with pytest.raises(Stop) as stop:
        address.parsed(text)
    assert stop.value.code == WRONG and "127.0.0.1:9464" in stop.value.message


def test_addresses():
    texts = ("127.0.0.1:9464", "[::1]:0", "h:65535")
    assert [address.parsed(text) for text in texts] == [("127.0.0.1", 9464), ("::1", 0), ("h", 65535)]


def test_without_the_package_it_says_what_to_install(here, monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "runners.service.pages", raising=False)
    monkeypatch.delitem(sys.modules, "runners.service.metrics", raising=False)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(Stop) as stop:
        serve(*here, "127.0.0.1:0")
    assert stop.value.code == WRONG and "extra `service`" in stop.value.message


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_becomes_of_the_logs_it_is_told_and_nothing_fails(here, data):
    site, study = here
    before = logs.content(site)
    name = data.draw(st.sampled_from(sorted(before)))
    Path(name).write_bytes(data.draw(logs.mutations(before[name])))
    try:
        seen = at_site.look(site, study)
    finally:
        logs.put(before)
    assert not (seen.checks["ledger"] and seen.checks["audit"]) and not seen.ready
    assert re.search("ledger|audit", name)


def test_a_run_shows_its_stages_as_long_as_it_lasts(spec, monkeypatch, capsys):
    from runners.cli import main

    seen, port = [], free_port()

    def run_study(study, *_):
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as reply:
            seen.append(reply.read())
        raise Stop(WRONG, "far enough")

    monkeypatch.setattr("runners.run.run", run_study)
    assert main(["run", str(spec), "--metrics", f"127.0.0.1:{port}"]) == WRONG
    assert b"wardloom_spec_ok 1.0" in seen[0]
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_site_shows_its_health_as_long_as_it_serves(here, tmp_path, monkeypatch):
    from runners.cli import main

    site, study = here
    keys = {name: Identity.create(tmp_path / f"{name}.key").public for name in ("lake", "coast")}
    keys["north"] = Identity.load(key_of(site)).public
    text = Path(study.file).read_text().replace("{min_sites: 3}", "{min_sites: 3, transport: nvflare}")
    for name, key in keys.items():
        text = text.replace(f"  {name}: {{", f"  {name}: {{key: '{key}', ")
    Path(study.file).write_text(text)
    (tmp_path / "kit" / "startup").mkdir(parents=True)
    (tmp_path / "kit" / "startup" / "fed_client.json").touch()
    seen, port = [], free_port()

    def client(kit, spec, name):
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as reply:
            seen.append(reply.read())
        return 0

    monkeypatch.setattr("runners.transport.nvflare.serve.serve", client)
    kit, metrics = str(tmp_path / "kit"), f"127.0.0.1:{port}"
    assert main(["site", "serve", study.file, "--site", "north", "--kit", kit, "--metrics", metrics]) == 0
    assert seen == [b"spec ok\ndatabase ok\nledger ok\naudit ok\n"]
