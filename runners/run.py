"""`wardloom run` as a list of stages. Whatever ends it, the previous release stays, and the next run goes on from here."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluation.compare import Comparison
from generators.marginal.model import Model
from generators.marginal.structure import queries
from lineage.study import Recorder
from privacy.query import Query, digest
from privacy.sums import Sums
from runners.coordinator import FederatedDoor
from runners.earlier import Earlier
from runners.errors import DATA, Stop
from runners.files import read_json, restore, swap, write_json
from runners.places import Places, run_name
from runners.prove import hand_over, recorded
from runners.release import write_manifest
from runners.sampling.batch import Job
from runners.sampling.tally import Tally
from runners.state import State, begin, latest, lock_of
from runners.ticker import Ticker
from runners.transport.choose import transport_of
from specs.lang.types import Study

PUBLISH = "publish"
"""The last stage, after the lineage is closed: the manifest, then the rename."""
SAMPLED = "sampled"
"""Folder of a run for rows on their way into the release."""


@dataclass
class Run:
    """One run: what it was asked, where it works, and what the stages have handed on so far."""

    study: Study
    places: Places
    folder: Path
    asked: tuple[Query, ...]
    door: FederatedDoor
    ticker: Ticker
    sums: Sums | None = None
    present: tuple[str, ...] = ()
    earlier: Earlier | None = None
    model: Model | None = None
    training: dict[str, Any] | None = None
    workers: int | None = None
    job: Job | None = None
    tally: Tally | None = None
    compared: Comparison | None = None
    recorder: Recorder | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def partial(self) -> Path:
        """Where the release is built: a neighbour of its place, so that the last step is a rename."""
        return self.places.release.with_name(f".{self.places.release.name}.{os.getpid()}.partial")


def stages(study: Study) -> dict[str, Callable[[Run], None]]:
    """The stages in order."""
    from runners import stages as s

    asking: dict[str, Callable[[Run], None]] = {"check": s.check, "ready": s.ready, "sums": s.ask}
    if study.generator.finds_bins:
        from runners.bins import bins

        return asking | {"bins": bins}
    from runners.training import train

    return {
        **asking,
        "learn": s.learn,
        **({"train": train} if study.generator.trains else {}),
        "sample": s.sample,
        "tables": s.tables,
        "dbt": s.build,
        "report": s.report,
    }


def run(
    study: Study, spec: Path, fresh: bool = False, quiet: bool = False, workers: int | None = None, kit: Path | None = None
) -> Run:
    """Runs (or goes on with) the study, sampling in so many processes (None: as many as are worth it).

    `kit` is the coordinator's startup kit, where the transport has one. Raises Stop; a failed or interrupted run leaves no
    half-written release.
    """
    places = Places(study)
    asked = queries(study)
    name = name_of(study, places, asked, fresh)
    folder = places.run(name)
    typical = _typical(places)
    with _alone(places):
        restore(places.release)
        for left in places.release.parent.glob(f".{places.release.name}.*.partial"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        state = begin(folder, name, study.digest, [*stages(study), PUBLISH])
        ticker = Ticker(state, typical, quiet)
        transport = transport_of(study, spec, kit)
        door = FederatedDoor(study, transport, folder, name, warn=ticker.note)
        work = Run(study, places, folder, asked, door, ticker, workers=workers)
        try:
            _all(work)
        finally:
            transport.close()
            shutil.rmtree(work.partial, ignore_errors=True)
        _remember(places, state)
        return work


def _all(work: Run) -> None:
    with recorded(work.study, work.folder, work.door.run) as work.recorder:
        for name, stage in stages(work.study).items():
            with work.ticker.stage(name):
                stage(work)
    with work.ticker.stage(PUBLISH):
        hand_over(work.folder, work.partial)
        write_manifest(work.partial, work.facts)
        swap(work.partial, work.places.release)
    shutil.rmtree(work.folder / SAMPLED, ignore_errors=True)


def name_of(study: Study, places: Places, asked: tuple[Query, ...], fresh: bool = False) -> str:
    """The same study goes on with its run; a new one is numbered."""
    number = 0
    base = run_name(study, digest(asked))
    while fresh and places.run(run_name(study, digest(asked), number)).exists():
        number += 1
    if not fresh:
        before = latest(places.runs)
        if before and before.run.split("-")[0] == base:
            return before.run
    return run_name(study, digest(asked), number)


USUAL = {"ready": 2.0, "sums": 38.0, "learn": 9.0, "train": 120.0, "sample": 2.0, "tables": 3.0, "dbt": 12.0, "report": 5.0}
"""Seconds per stage on two cores with the demo's data; of others, next to nothing."""


def _typical(places: Places) -> dict[str, float]:
    """Seconds per stage: as long as it took before, else as with the demo's data."""
    return USUAL | (read_json(places.runs / "timings.json") or {})


def _remember(places: Places, state: State) -> None:
    """How long stages take. One that found its work done already says nothing about that."""
    before = _typical(places)
    took = {s.name: s.seconds for s in state.stages if s.seconds > before.get(s.name, 0.0) / 4}
    write_json(places.runs / "timings.json", {s.name: took.get(s.name, before.get(s.name, 0.0)) for s in state.stages})


@contextmanager
def _alone(places: Places) -> Iterator[None]:
    """One run of a study at a time."""
    places.runs.mkdir(parents=True, exist_ok=True)
    with lock_of(places.runs).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Stop(DATA, f"another run of {places.study.name} is at work; wait for it to end") from None
        yield
