"""Progress lines and what a run remembers."""

import fcntl
import io

import pytest

from runners.state import begin, latest, load, lock_of
from runners.ticker import Ticker


def test_a_line_per_stage_with_what_is_left(tmp_path):
    out = io.StringIO()
    ticker = Ticker(begin(tmp_path, "r", "d", ["one", "two"]), {"one": 1.0, "two": 90.0}, out=out)
    with ticker.stage("one"):
        pass
    with ticker.stage("two"):
        pass
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("[1/2] one") and "about 1 min 30 s left" in lines[0]
    assert lines[1].startswith("[2/2] two") and "left" not in lines[1]
    assert load(tmp_path / "state.json").finished


def test_how_a_stage_ended_is_on_disk(tmp_path):
    ticker = Ticker(begin(tmp_path / "a", "r", "d", ["one", "two"]), {}, quiet=True)
    with pytest.raises(RuntimeError), ticker.stage("one"):
        assert load(tmp_path / "a" / "state.json").summary == "stopped in one"
        raise RuntimeError
    assert latest(tmp_path).summary == "failed in one"


def test_a_broken_state_file_is_no_state(tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "state.json").write_text('{"run": 1')
    assert latest(tmp_path) is None


def test_a_run_that_holds_the_lock_is_running_and_one_that_was_killed_has_stopped(tmp_path):
    ticker = Ticker(begin(tmp_path / "a", "r", "d", ["one"]), {}, quiet=True)
    with ticker.stage("one"):
        with lock_of(tmp_path).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            assert latest(tmp_path).summary == latest(tmp_path).facts()["summary"] == "running one"
        assert latest(tmp_path).summary == "stopped in one"
    assert latest(tmp_path).summary == "finished"
