"""Runs begin on disk before the work begins, and end once, however they end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lineage import emitter as emitters
from lineage import facets
from lineage.emitter import Emitter
from lineage.study import Recorder
from specs.lang.types import Study
from tests.lineage.conftest import PRIVATE, stages
from tests.lineage.official import ROOT, read, valid


class Stop(Exception):
    """An error with an exit code, as the runner raises."""

    code = 3


def aborted(path: Path) -> int:
    """How many runs a process that comes next finds open, and ends."""
    before = path.read_bytes().count(b'"ABORT"')
    Emitter(path).close()
    return path.read_bytes().count(b'"ABORT"') - before


def test_a_run_is_on_disk_before_the_work_begins(tmp_path: Path) -> None:
    with Emitter(tmp_path / "e.ndjson") as emitter, emitter.run("job", "wardloom://x"):
        assert [e["eventType"] for e in read(tmp_path / "e.ndjson")] == ["START"]
    assert [e["eventType"] for e in valid(tmp_path / "e.ndjson")] == ["START", "COMPLETE"]


class Trouble(Exception):
    """A site's reason, as the runner raises it."""

    exit = 2

    def __init__(self, code: str) -> None:
        super().__init__("a message")
        self.code = code


@pytest.mark.parametrize(
    ("problem", "end", "said"),
    [
        (ValueError("no"), "FAIL", {"kind": "ValueError"}),
        (Stop("no"), "FAIL", {"kind": "Stop", "exit": 3}),
        (Trouble("budget"), "FAIL", {"kind": "Trouble", "exit": 2, "reason": "budget"}),
        (Trouble("kowalski"), "FAIL", {"kind": "Trouble"}),
        (KeyboardInterrupt(), "ABORT", {"kind": "KeyboardInterrupt"}),
        (SystemExit(2), "ABORT", {"kind": "SystemExit", "exit": 2}),
        (type("Ünusual name", (Exception,), {})(), "FAIL", {"kind": "Error"}),
    ],
)
def test_an_exception_ends_a_run_and_goes_on(
    tmp_path: Path, study: Study, problem: BaseException, end: str, said: dict[str, object]
) -> None:
    path = tmp_path / "e.ndjson"
    with Emitter(path) as emitter, pytest.raises(type(problem)):
        recorder = Recorder(study, emitter)
        with recorder.run(), recorder.fit():
            raise problem
    events = valid(path, PRIVATE)
    assert [e["eventType"] for e in events] == ["START", "START", end, end]
    for event in events[2:]:
        told = event["run"]["facets"]["wardloom_error"]
        assert {k: v for k, v in told.items() if not k.startswith("_")} == said


@pytest.mark.parametrize("stage", ["site_build", "round", "fit", "sample", "release_build", "report"])
def test_a_run_that_failed_in_any_stage_can_go_on(tmp_path: Path, study: Study, stage: str) -> None:
    path = tmp_path / "e.ndjson"
    arguments = {"site_build": ("north",), "round": (("north", "lake"),)}
    with Emitter(path) as emitter:
        recorder = Recorder(study, emitter)
        with pytest.raises(Stop), recorder.run(), getattr(recorder, stage)(*arguments.get(stage, ())):
            raise Stop
        stages(recorder, study)
    valid(path, PRIVATE)


def test_a_killed_process_leaves_runs_that_the_next_one_aborts(tmp_path: Path, study: Study) -> None:
    path = tmp_path / "e.ndjson"
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from lineage.emitter import Emitter
emitter = Emitter(Path({str(path)!r}))
with emitter.run("outer", "wardloom://x") as outer, emitter.run("inner", "wardloom://x", parent=outer):
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert [e["eventType"] for e in read(path)] == ["START", "START"]
    assert aborted(path) == 2
    assert aborted(path) == 0
    events = valid(path)
    assert [(e["eventType"], e["job"]["name"]) for e in events[2:]] == [("ABORT", "inner"), ("ABORT", "outer")]
    assert events[2]["run"]["facets"]["wardloom_error"]["kind"] == "Crashed"
    with Emitter(path) as emitter:
        stages(Recorder(study, emitter), study)
    valid(path, PRIVATE)


def test_a_torn_last_line_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    with Emitter(path) as emitter, emitter.run("job", "wardloom://x"):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert aborted(path) == 1
    assert [e["eventType"] for e in valid(path)] == ["START", "ABORT"]


def test_runs_of_a_living_process_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    with Emitter(path) as emitter, emitter.run("job", "wardloom://x"):
        assert aborted(path) == 0
    assert [e["eventType"] for e in valid(path)] == ["START", "COMPLETE"]


def test_time_does_not_go_back_when_the_clock_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(["2026-01-02T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"])
    monkeypatch.setattr(emitters, "now", lambda: next(clock))
    path = tmp_path / "e.ndjson"
    with Emitter(path) as emitter, emitter.run("job", "wardloom://x"):
        pass
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[0])
    assert aborted(path) == 1
    valid(path)


def test_a_full_disk_leaves_whole_lines_and_does_not_hide_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "e.ndjson"
    with pytest.raises(ZeroDivisionError), Emitter(path) as emitter, emitter.run("job", "wardloom://x"):
        monkeypatch.setattr(os, "fsync", _full)
        raise ZeroDivisionError
    monkeypatch.undo()
    assert aborted(path) == 1
    valid(path)


def _full(file: int) -> None:
    raise OSError(28, "No space left on device")


def test_children_name_their_parent_and_the_top(tmp_path: Path, study: Study) -> None:
    path = tmp_path / "e.ndjson"
    with Emitter(path) as emitter:
        recorder = Recorder(study, emitter)
        with recorder.run():
            with recorder.fit(), recorder.round(("north", "lake")) as stage:
                stage.answered(("north", "lake"))
            with recorder.sample() as stage, stage.table("patient"):
                pass
    starts = {e["job"]["name"]: e for e in read(path) if e["eventType"] == "START"}
    above = {name: e["run"]["facets"].get("parent", {"job": {"name": ""}})["job"]["name"] for name, e in starts.items()}
    assert above == {"run": "", "fit": "run", "round": "fit", "sample": "run", "table/patient": "sample"}
    tops = {e["run"]["facets"]["parent"]["root"]["run"]["runId"] for n, e in starts.items() if n != "run"}
    assert tops == {starts["run"]["run"]["runId"]}


def test_run_ids_are_version_7_and_never_the_same(tmp_path: Path) -> None:
    from uuid import UUID

    from lineage.events import run_id

    made = [UUID(run_id()) for _ in range(1000)]
    assert {u.version for u in made} == {7} and {u.variant for u in made} == {made[0].variant} and len(set(made)) == 1000


def test_lines_of_others_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "e.ndjson"
    path.write_text(json.dumps({"something": "else"}) + "\nnot json\n")
    with Emitter(path) as emitter, emitter.run("job", "wardloom://x"):
        pass
    assert len(path.read_bytes().splitlines()) == 4


def test_every_reason_a_site_may_give_is_known() -> None:
    from runners.site.trouble import CODES

    assert set(CODES) == facets.REASONS
