"""What a run has done so far, in a file that is always whole."""

from __future__ import annotations

import datetime
import fcntl
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from runners.files import read_json, write_json

Progressed = Literal["waiting", "running", "done", "failed"]


@dataclass
class StageState:
    """One stage of a run."""

    name: str
    state: Progressed = "waiting"
    seconds: float = 0.0


@dataclass
class State:
    """The state of one run; every change is on disk at once."""

    file: Path
    run: str
    spec: str
    started: str
    stages: list[StageState] = field(default_factory=list)

    @property
    def finished(self) -> bool:
        """Whether every stage is done."""
        return bool(self.stages) and all(s.state == "done" for s in self.stages)

    @property
    def summary(self) -> str:
        """In a word or two."""
        if self.finished:
            return "finished"
        open_ = [s for s in self.stages if s.state in ("running", "failed")]
        if not open_:
            return "not finished"
        if open_[0].state == "failed":
            return f"failed in {open_[0].name}"
        return f"{'running' if at_work(self.file.parent.parent) else 'stopped in'} {open_[0].name}"

    def set(self, name: str, state: Progressed, seconds: float = 0.0) -> None:
        """Notes what became of a stage."""
        for stage in self.stages:
            if stage.name == name:
                stage.state, stage.seconds = state, round(seconds, 2)
        self.save()

    def save(self) -> None:
        """Writes the file."""
        write_json(self.file, self.facts())

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        stages = [asdict(s) for s in self.stages]
        return {"run": self.run, "spec": self.spec, "started": self.started, "summary": self.summary, "stages": stages}


def begin(folder: Path, run: str, spec: str, stages: Sequence[str]) -> State:
    """The state of a run that begins or goes on."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return State(folder / "state.json", run, spec, now, [StageState(name) for name in stages])


def load(file: Path) -> State | None:
    """The state in a file, if there is one."""
    found = read_json(file)
    try:
        stages = [StageState(s["name"], s["state"], float(s["seconds"])) for s in found["stages"]]
        return State(file, found["run"], found["spec"], found["started"], stages)
    except (TypeError, KeyError, ValueError):
        return None


def latest(runs: Path) -> State | None:
    """The run that began last."""
    states = [s for file in runs.glob("*/state.json") if (s := load(file))]
    return max(states, key=lambda s: s.started, default=None)


def lock_of(runs: Path) -> Path:
    """The file that a run of the study holds locked as long as it is at work."""
    return runs / "lock"


def at_work(runs: Path) -> bool:
    """Whether a run of the study is at work now, in this process or another.

    To look takes the lock for a moment, so ask only where a run seems to be at work already: one that begins would not wait.
    """
    try:
        with lock_of(runs).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
