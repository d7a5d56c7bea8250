"""Draws the tables of a release into Parquet files; what an earlier attempt drew already is taken."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from functools import reduce
from operator import add
from typing import Any

from generators.progress import Progress, silent
from runners.errors import DATA, Stop
from runners.files import read_json, write_json
from runners.rules import DuckRules
from runners.sampling.batch import Job, draw
from runners.sampling.crew import draw_all
from runners.sampling.tally import Tally

TRIED = 1.0
"""Seconds of a CPU after which one process has drawn enough to know how much is left."""
WORTH = 6.0
"""Seconds of a CPU from which on processes are started: to start, each takes almost one."""


def sample(job: Job, workers: int | None = None, progress: Progress = silent) -> Tally:
    """Draws all batches with so many processes; without a number with as many as there are CPUs, where that is worth it.

    The files are the same for any number. Raises `Infeasible`, Stop or OSError; what is whole then stays for the next attempt.
    """
    _same_job(job)
    every = job.batches
    waiting = [b for b in every if Tally.load(job.tally(b)) is None]

    def done() -> None:
        progress("sampling patients", sum(job.tally(b).exists() for b in every) / len(every))

    rules, began, todo, crew = DuckRules(job.model.study), time.process_time(), len(waiting), workers or 1
    while waiting and crew == 1:
        draw(job, waiting.pop(0), rules)
        done()
        spent = time.process_time() - began
        left = spent * len(waiting) / (todo - len(waiting))
        crew = cpus() if workers is None and spent > TRIED and left > WORTH else crew
    if waiting:
        draw_all(job, waiting, min(crew, len(waiting)), done)
    return reduce(add, (_whole(job, b) for b in every))


def _whole(job: Job, batch: int) -> Tally:
    found = Tally.load(job.tally(batch))
    if found is None:
        raise Stop(DATA, f"{job.tally(batch)} cannot be read any more: run it again")
    return found


def cpus() -> int:
    """CPUs that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _same_job(job: Job) -> None:
    """Empties the folder unless it holds batches of this very job."""
    file = job.folder / "job.json"
    if read_json(file) != _facts(job):
        shutil.rmtree(job.folder, ignore_errors=True)
        write_json(file, _facts(job))


def _facts(job: Job) -> dict[str, Any]:
    model = hashlib.sha256()
    for name, array in sorted(job.model.arrays().items()):
        model.update(f"{name} {array.dtype.str} {array.shape}".encode())
        model.update(array.tobytes())
    asked = {"patients": job.patients, "seed": job.seed, "shard": job.shard}
    return {"spec": job.model.study.digest, "model": model.hexdigest(), **asked}
