"""The site agent: it answers its own spec's queries, within its own ledger, and nothing else."""

import fcntl
import stat
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from generators.marginal.structure import queries
from privacy.accountant import rho
from privacy.ledger import Ledger, Spend
from privacy.signed import signed
from runners.places import ledger_of
from runners.site import agent as agent_module
from runners.site import terms as terms_module
from runners.site.agent import SiteAgent
from runners.site.message import Reply
from tests.federation.chair import Chair, fresh_key, seats
from tests.runners.small import PATIENTS, built, public


@pytest.fixture
def calls(monkeypatch):
    """dbt is replaced; how often it was run is counted."""
    found = []

    def build(site, study, folder):
        found.append(site.name)
        return built(site, study, folder)

    monkeypatch.setattr(agent_module, "build", build)
    return found


def chair(study, folder, **changed):
    """A coordinator; north is the agent that is tested, the others have nothing to add."""
    agents = {name: replace(seat, vector=0 * seat.vector) for name, seat in seats(study).items()}
    return Chair(study, agents | {"north": SiteAgent(study.sites["north"], study, folder)}, **changed)


def asked(study, folder, stage="sums", meanwhile=lambda: None, share=1.0, **changed):
    """North's reply to a stage; `meanwhile` happens just before it."""
    coordinator = chair(study, folder, share=share)
    if stage != "ready":
        coordinator.play("deal")
    meanwhile()
    return coordinator.ask(stage, "north", **changed)


def total(coordinator):
    """The sum of all sites, which is north's own answer."""
    assert not any(reply.trouble for reply in coordinator.play("reveal"))
    return coordinator.total()


def test_a_reply_hides_the_sums_in_noise_and_is_paid_for(study, hospital, tmp_path, calls):
    reply = asked(study, tmp_path / "w")
    assert reply.trouble is None
    assert len(reply.words) == sum(q.cells for q in queries(study))
    assert Ledger(ledger_of(study.sites["north"])).spent("1") > 0


def test_without_privacy_the_sums_are_exact_and_no_ledger_is_opened(study, hospital, tmp_path, calls):
    study = public(study)
    sums = total(chair(study, tmp_path / "w"))
    first = queries(study)[0]
    assert sums[0] == first.scale * PATIENTS // first.cells
    assert sums.sum() == sum(q.scale * PATIENTS // q.cells * q.cells for q in queries(study))
    assert not ledger_of(study.sites["north"]).exists()


def test_the_same_request_gets_the_same_bytes(study, hospital, tmp_path, calls):
    coordinator = chair(study, tmp_path / "w")
    coordinator.play("deal")
    request = coordinator.request("sums", "north")
    agent = coordinator.agents["north"]
    assert agent.handle(request) == agent.handle(request)
    assert calls == ["north"]


def test_the_same_question_gets_the_same_answer_and_is_paid_once(study, hospital, tmp_path, calls):
    first = chair(study, tmp_path / "w")
    sums = total(first)
    spent = Ledger(ledger_of(study.sites["north"])).spent("1")
    assert (total(chair(study, tmp_path / "w", run="another")) == sums).all()
    assert calls == ["north"]
    assert Ledger(ledger_of(study.sites["north"])).spent("1") == spent


def test_a_question_that_failed_is_paid_once_and_answered_later(study, hospital, tmp_path, calls, monkeypatch):
    def fails(site, study, folder):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(agent_module, "build", fails)
        assert asked(study, tmp_path / "w").trouble.code == "disk"
    spent = Ledger(ledger_of(study.sites["north"])).spent("1")
    assert spent > 0
    assert asked(study, tmp_path / "w").trouble is None
    assert Ledger(ledger_of(study.sites["north"])).spent("1") == spent


def test_ready_reads_nothing_and_spends_nothing(study, hospital, tmp_path, calls):
    reply = asked(study, tmp_path / "w", stage="ready")
    assert reply.trouble is None and len(reply.words) == 0
    assert calls == []
    assert not ledger_of(study.sites["north"]).exists()


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"spec": "6" * 64}, "spec"), ({"queries": "7" * 64}, "queries")],
)
@pytest.mark.parametrize("stage", ["ready", "deal", "sums"])
def test_another_spec_or_other_queries_are_refused(study, hospital, tmp_path, calls, changed, code, stage):
    assert asked(study, tmp_path / "w", stage=stage, **changed).trouble.code == code
    assert calls == []


def test_bytes_that_are_no_request_are_refused(study, hospital, tmp_path, calls):
    agent = SiteAgent(study.sites["north"], study, tmp_path / "w")
    for data in (b"", b"\xff\x00{", signed(fresh_key(), b"{}"), signed(fresh_key(), b"[" * 10_000)):
        assert Reply.unpack(agent.handle(data)).trouble.code == "round"


def test_what_exceeds_the_hospitals_budget_is_refused(study, hospital, tmp_path, calls):
    small = replace(study.sites["north"], budget=replace(study.privacy.budget, epsilon=0.5))
    meagre = replace(study, sites={**study.sites, "north": small})
    assert asked(meagre, tmp_path / "w", stage="ready").trouble.code == "budget"
    assert not ledger_of(small).exists()
    assert asked(study, tmp_path / "w").trouble is None
    assert Ledger(ledger_of(small)).budget == study.sites["north"].budget


def test_a_budget_that_another_study_uses_up_meanwhile_is_refused(study, hospital, tmp_path, calls):
    def other():
        ledger = Ledger.create(ledger_of(study.sites["north"]), study.sites["north"].budget)
        ledger.spend(Spend("1", "r2", "another", "question", rho(2.9, 1e-6), Fraction(100)))

    assert asked(study, tmp_path / "w", meanwhile=other).trouble.code == "budget"
    assert calls == []


def test_steps_cannot_add_up_to_more_than_the_spec_says(study, hospital, tmp_path, calls, monkeypatch):
    """Another share than the study's own is refused; were it not, the ledger would still know what was spent."""
    assert asked(study, tmp_path / "w", share=0.6).trouble.code == "queries"
    for share, trouble in ((0.6, None), (0.5, "budget"), (0.4, None)):
        monkeypatch.setattr(terms_module, "measured", lambda study, share=share: share)
        reply = asked(study, tmp_path / "w", share=share)
        assert (reply.trouble and reply.trouble.code) == trouble


def test_a_changed_ledger_stops_everything(study, hospital, tmp_path, calls):
    asked(study, tmp_path / "w")
    path = ledger_of(study.sites["north"])
    path.write_bytes(path.read_bytes().replace(b'"rho":', b'"rho": '))
    assert asked(study, tmp_path / "w", "ready").trouble.code == "ledger"


def test_nothing_private_stays_behind(study, hospital, tmp_path, calls):
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "work.duckdb.tmp").mkdir()
    (folder / "work.duckdb.tmp" / "spilled").write_text("left by a kill")
    asked(study, folder)
    assert [f.name for f in folder.iterdir()] == ["lock"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_one_agent_at_a_time(study, hospital, tmp_path, calls):
    folder = tmp_path / "w"
    folder.mkdir()
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert asked(study, folder, "ready").trouble.code == "busy"


def corrupt(work, study, sql):
    with duckdb.connect(str(work)) as con:
        con.execute(sql)
    return work


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("update small_one__marginals_patient set total = 1000000000", "marginals"),
        ("update small_one__marginals_patient set total = -1", "marginals"),
        ("update small_one__marginals_patient set cell = 100000", "marginals"),
        ("update small_one__marginals_patient set query = 'what else'", "marginals"),
        ("insert into small_one__coded_lab select 1, 5, 'hdl' from range(9)", "bound"),
        ("insert into small_one__coded_patient select 1, 5, 'F'", "bound"),
        ("drop table small_one__marginals_lab", "model"),
    ],
)
def test_sums_that_cannot_be_true_never_leave(study, hospital, tmp_path, monkeypatch, sql, code):
    monkeypatch.setattr(agent_module, "build", lambda site, s, folder: corrupt(built(site, s, folder), s, sql))
    reply = asked(study, tmp_path / "w")
    assert reply.trouble.code == code
    assert len(reply.words) == 0


def test_an_unexpected_error_leaves_no_text(study, hospital, tmp_path, monkeypatch):
    def fails(site, study, folder):
        raise KeyError("CANARY-1")

    monkeypatch.setattr(agent_module, "build", fails)
    coordinator = chair(study, tmp_path / "w")
    coordinator.play("deal")
    assert coordinator.ask("sums", "north").trouble.code == "crash"
    assert b"CANARY" not in coordinator.last
    log = (tmp_path / "w" / "agent.log").read_text()
    assert "KeyError" in log and "CANARY" not in log.replace('raise KeyError("CANARY-1")', "")


CANARY = "CANARY-77"


@pytest.mark.parametrize(
    ("sql", "facts"),
    [
        ("drop table lab", {"code": "table", "table": "lab"}),
        ("alter table lab drop column test", {"code": "column", "table": "lab", "column": "test"}),
        ("alter table lab rename days to day_number", {"code": "column", "table": "lab", "column": "days"}),
        (
            f"alter table lab alter days type varchar; update lab set days = '{CANARY}'",
            {"code": "type", "table": "lab", "column": "days", "expected": "integer", "found": "text"},
        ),
    ],
)
@pytest.mark.parametrize("stage", ["ready", "sums"])
def test_a_hospitals_other_tables_are_named_before_anything_is_spent(study, hospital, tmp_path, calls, sql, facts, stage):
    def changed():
        with duckdb.connect(str(hospital)) as con:
            con.execute(sql)

    reply = asked(study, tmp_path / "w", stage, changed)
    assert reply.trouble.facts() == facts
    assert CANARY.encode() not in reply.pack()
    ledger = ledger_of(study.sites["north"])
    assert not ledger.exists() or Ledger(ledger).spent("1") == 0


def test_a_missing_broken_or_locked_database_is_said(study, hospital, tmp_path, calls):
    data = hospital.read_bytes()
    hospital.unlink()
    assert asked(study, tmp_path / "w", "ready").trouble.code == "database"
    hospital.write_bytes(b"no database" * 1000)
    assert asked(study, tmp_path / "w", "ready").trouble.code == "corrupt"
    hospital.write_bytes(data[: len(data) // 3])
    assert asked(study, tmp_path / "w", "ready").trouble.code == "corrupt"
    assert Path(study.sites["north"].database).is_file()


@pytest.mark.parametrize("patients", [0, 1])
def test_hospitals_with_hardly_anyone_answer_like_all_others(study, hospital, tmp_path, monkeypatch, patients):
    with duckdb.connect(str(hospital)) as con:
        con.execute(f"delete from lab; delete from patient where patient_id >= {patients}")

    def few(site, study, folder):
        return corrupt(
            built(site, study, folder),
            study,
            f"update small_one__marginals_patient set total = {patients};update small_one__marginals_lab set total = 0",
        )

    monkeypatch.setattr(agent_module, "build", few)
    reply = asked(study, tmp_path / "w")
    assert reply.trouble is None
    assert len(reply.words) == sum(q.cells for q in queries(study))
