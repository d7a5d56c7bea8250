"""A run is all or nothing, and a second run goes on where the first one ended."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest

from privacy.ledger import Ledger, Spend
from privacy.sums import Sums
from runners import before, stages
from runners import run as run_module
from runners.earlier import Earlier
from runners.errors import DATA, REFUSED, Stop
from runners.facts import data_versions
from runners.places import Places, ledger_of, private_of
from runners.plan import outlook
from runners.release import keep_once
from runners.reporting import rebuild_report
from runners.run import run
from runners.site import agent as agent_module
from runners.site import audit
from runners.site.agent import SiteAgent
from runners.state import latest
from runners.transport.base import Answer
from specs.lang.types import Governance
from tests.runners.small import built, make_hospital


@dataclass
class InProcess:
    """The same agents, without processes of their own."""

    study: object
    asked: list[tuple[str, str]] = field(default_factory=list)

    def exchange(self, run, round, stage, payloads, deadline, heard):
        for site, body in payloads.items():
            self.asked.append((stage, site))
            place = self.study.sites[site]
            heard(site, Answer("reply", SiteAgent(place, self.study, private_of(place, self.study)).handle(body)))
        return {}

    def close(self):
        """Nothing was started."""


@pytest.fixture
def transport(study, monkeypatch):
    """Everything but dbt and the report is real."""
    for site in study.sites.values():
        make_hospital(site)
    found = InProcess(study)
    monkeypatch.setattr(run_module, "transport_of", lambda study, spec, kit: found)
    monkeypatch.setattr(agent_module, "build", built)
    monkeypatch.setattr(before, "stale", lambda study: [])
    monkeypatch.setattr(stages, "build_release", typed)
    return found


def typed(study, database, folder):
    """In place of dbt: the tables as they were drawn."""
    with duckdb.connect(str(database)) as con:
        for table in ("patient", "lab"):
            con.execute(f"create table synthetic.{table} as from sampled.{table}")
    keep_once(database, study)


def go(study, **options):
    return run(study, Path(study.file), quiet=True, **options)


def spent(study):
    """How often each hospital has paid."""
    return {name: len(Ledger(ledger_of(site)).entries()) for name, site in study.sites.items() if ledger_of(site).exists()}


def test_a_run_makes_a_release(study, transport):
    done = go(study)
    place = Places(study)
    assert done.facts["rows"]["patient"] == 50
    names = {str(f.relative_to(place.release)) for f in place.release.rglob("*") if f.is_file()}
    made = {"small-one.duckdb", "model/arrays.npz", "model/model.json", "lineage.ndjson", "manifest.json"}
    assert made | {"report.html", "card.md"} <= names
    assert set(json.loads((place.release / "manifest.json").read_text())["files"]) == names - {"manifest.json"}
    with duckdb.connect(str(place.database), read_only=True) as con:
        assert con.sql("select count(*) from sampled.patient").fetchall() == [(50,)]
        rows = "select distinct schema_name from duckdb_tables() where table_name = 'patient'"
        assert con.sql(rows).fetchall() == [("synthetic",)]  # once
    assert latest(place.runs).finished


def test_the_model_card_says_who_what_and_how_good(study, transport):
    go(study)
    card = (Places(study).release / "card.md").read_text()
    for said in ("# small-one", study.digest, "`marginal`", "epsilon 1, delta 1e-06", "north, data version 1", "noise alone"):
        assert said in card
    assert "## Training" not in card


def test_a_second_run_asks_nobody_and_gives_the_same_tables(study, transport):
    def rows():
        with duckdb.connect(str(Places(study).database), read_only=True) as con:
            return con.sql("select * from sampled.patient order by all").fetchall(), con.sql(
                "from sampled.lab order by all"
            ).fetchall()

    go(study)
    before, asked, paid = rows(), list(transport.asked), spent(study)
    go(study)
    assert rows() == before
    assert transport.asked == asked
    assert spent(study) == paid


def test_rows_on_their_way_are_gone_when_the_release_is_there_and_processes_change_nothing(study, transport):
    def rows():
        with duckdb.connect(str(Places(study).database), read_only=True) as con:
            return [con.sql(f"from sampled.{table}").fetchall() for table in ("patient", "lab")]

    left = Places(study).runs / "given-up" / "sampled"
    left.mkdir(parents=True)
    one = go(study, workers=1)
    before = rows()
    assert not left.exists()
    two = go(study, workers=2)
    assert rows() == before
    assert not (one.folder / "sampled").exists() and not (two.folder / "sampled").exists()


def test_a_hospital_that_did_not_answer_has_no_new_batch_in_the_release(study):
    """Its old batch is in the sums, through the earlier release that they are added to."""
    sites = {name: replace(site, data_version="2") for name, site in study.sites.items()}
    before = {name: ["1"] for name in sites}
    sums = Sums({}, {}, {}, tuple(sites))
    earlier = Earlier({"data_versions": before}, sums)
    asked = SimpleNamespace(study=replace(study, sites=sites), earlier=earlier, present=("north", "lake"), sums=sums)
    assert data_versions(asked) == {"north": ["1", "2"], "lake": ["1", "2"], "coast": ["1"]}


def test_the_report_can_be_built_again_from_the_release_alone(study, transport):
    go(study)
    file = Places(study).release / "report.html"
    first = file.read_text()
    file.unlink()
    for site in study.sites.values():
        Path(site.database).unlink()
    assert rebuild_report(study) == file
    assert file.read_text() == first
    with pytest.raises(Stop):
        rebuild_report(replace(study, digest="7" * 64))


def test_a_new_run_does_not_pay_again(study, transport):
    one = go(study)
    paid = spent(study)
    two = go(study, fresh=True)
    assert two.door.run != one.door.run
    assert spent(study) == paid


FULL = OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("stage", "error"),
    [
        ("sums", KeyboardInterrupt),
        ("learn", FULL),
        ("sample", KeyboardInterrupt),
        ("tables", FULL),
        ("dbt", KeyboardInterrupt),
        ("report", FULL),
    ],
)
def test_what_ends_a_run_leaves_the_previous_release_and_the_next_run_goes_on(study, transport, monkeypatch, stage, error):
    place = Places(study)
    place.release.mkdir(parents=True)
    (place.release / "old").write_text("here")
    real = run_module.stages(study)

    def breaks(work):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "stages", lambda study: {**real, stage: breaks})
        with pytest.raises(type(error) if isinstance(error, Exception) else error):
            go(study)
    assert [f.name for f in place.release.parent.iterdir()] != []
    assert {f.name for f in place.release.parent.iterdir()} == {".wardloom", place.release.name}
    assert (place.release / "old").read_text() == "here"
    go(study)
    assert place.database.is_file() and not (place.release / "old").exists()
    assert set(spent(study).values()) == {1}


def test_a_killed_run_is_cleared_away(study, transport):
    partial = Places(study).release.with_name(".small-one.1.partial")
    partial.mkdir(parents=True)
    (partial / "half").write_text("")
    go(study)
    assert not partial.exists() and not (Places(study).release / "half").exists()


def test_one_run_at_a_time(study, transport, monkeypatch):
    monkeypatch.setattr(stages, "build_release", lambda study, database, folder: go(study))
    with pytest.raises(Stop) as stop:
        go(study)
    assert stop.value.code == DATA and "another run" in stop.value.message


def test_trouble_at_one_hospital_stops_before_any_hospital_spends(study, transport):
    site = study.sites["coast"]
    with duckdb.connect(site.database) as con:
        con.execute("alter table lab rename days to day")
    with pytest.raises(Stop) as stop:
        go(study)
    assert stop.value.code == DATA
    assert "coast" in stop.value.message and "lab" in stop.value.message and "days" in stop.value.message
    assert set(spent(study).values()) <= {0}
    assert not Places(study).release.exists()


def test_a_failed_run_tells_its_lineage_no_more_than_that(study, transport):
    with duckdb.connect(study.sites["coast"].database) as con:
        con.execute("drop table lab")
    with pytest.raises(Stop):
        go(study)
    events = [json.loads(line) for file in Places(study).runs.glob("*/lineage.ndjson") for line in file.read_text().splitlines()]
    assert events[-1]["eventType"] == "FAIL"


def test_a_study_whose_last_day_is_over_is_not_run(study, transport):
    over = replace(study, governance=Governance(expires=datetime.now(UTC).date() - timedelta(1)))
    with pytest.raises(Stop, match="expired") as stop:
        go(over)
    assert stop.value.code == REFUSED
    assert transport.asked == []


def stops(study):
    return outlook(study).stops


def test_plan_says_what_run_says_of_a_release_to_add_to(study, transport):
    adding = replace(study, outputs=replace(study.outputs, adds_to=study.outputs.directory))
    assert "names no release" in "".join(stops(adding))
    go(study)
    with pytest.raises(Stop) as stopped:
        go(adding)
    assert stops(adding) == (stopped.value.message,) and "same data_version" in stopped.value.message


def test_plan_says_that_a_ledger_is_gone_as_run_does(study, transport):
    site = study.sites["north"]
    audit.record(site, "refused", {"code": "round", "run": "r", "round": "1", "stage": "ready"})
    assert stops(study) == ()
    Ledger.create(ledger_of(site), site.budget).spend(Spend("1", "r", "5" * 64, "9" * 64, 0.01, Fraction(1024)))
    audit.record(site, "refused", {"code": "round", "run": "r", "round": "1", "stage": "ready"})
    for file in (ledger_of(site), Path(f"{ledger_of(site)}.head")):
        file.unlink(missing_ok=True)
    assert "site north has a ledger that is gone" in "".join(stops(study))
    with pytest.raises(Stop, match="site north has a ledger that is gone"):
        go(study)


def test_plan_knows_that_nobody_is_asked_once_the_sums_are_kept(study, transport):
    go(study)
    Path(study.sites["north"].database).unlink()
    assert stops(study) == ()
    go(study)
