"""Writes run events: to a file first and always, then, where a URL is given, over HTTP."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from lineage import facets
from lineage.datasets import Dataset
from lineage.events import EventType, Job, Json, event, now, run_id
from lineage.outbox import Outbox


@dataclass
class Run:
    """One run that has begun. What is put into it before its end is told by its last event."""

    id: str
    job: Job
    root: tuple[str, Job]
    inputs: tuple[Dataset, ...] = ()
    outputs: tuple[Dataset, ...] = ()
    facets: dict[str, Json] = field(default_factory=dict)
    job_facets: dict[str, Json] = field(default_factory=dict)


class Emitter:
    """Appends events to `path` (newline-delimited JSON), each on disk before the work goes on.

    With a `url`, events are also sent there by a thread of its own; `close` waits at most `patience` seconds for it. What
    was not delivered stays in the folder `outbox` (beside `path`) and is sent the next time.
    Runs that an earlier process left open (it was killed) are closed as aborted. Raises OSError when `path` cannot be written.
    """

    def __init__(self, path: Path, url: str | None = None, outbox: Path | None = None, patience: float = 1.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._lock = threading.Lock()
        self._last = ""
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        self._outbox = Outbox(outbox or path.with_name(f"{path.name}.outbox"), url, patience) if url else None
        self._mend()

    def __enter__(self) -> Emitter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets go of the file; gives undelivered events a last, short chance."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        if self._outbox:
            self._outbox.close()

    @contextmanager
    def run(
        self,
        job: str,
        namespace: str,
        *,
        parent: Run | None = None,
        inputs: Sequence[Dataset] = (),
        outputs: Sequence[Dataset] = (),
        facets: Mapping[str, Json] | None = None,
        job_facets: Mapping[str, Json] | None = None,
    ) -> Iterator[Run]:
        """A run: START now; at the end COMPLETE, FAIL (an exception) or ABORT (an interrupt). Exceptions go on unchanged."""
        run = _begun(Job(namespace, job), parent, tuple(inputs), tuple(outputs), dict(facets or {}), dict(job_facets or {}))
        self._tell("START", run)
        try:
            yield run
        except BaseException as problem:
            with suppress(OSError):  # a full disk must not hide the problem itself
                self._tell("FAIL" if isinstance(problem, Exception) else "ABORT", run, problem)
            raise
        self._tell("COMPLETE", run)

    def _tell(self, kind: EventType, run: Run, problem: BaseException | None = None) -> None:
        """Only a run that ended well says how its outputs came about: of others, nobody knows."""
        said = {**run.facets, **(facets.error(problem) if problem else {})}
        inputs, outputs = [d.json(False) for d in run.inputs], [d.json(kind == "COMPLETE") for d in run.outputs]
        self.write(kind, run.id, run.job, inputs, outputs, said, run.job_facets)

    def write(
        self,
        kind: EventType,
        run: str,
        job: Job,
        inputs: Sequence[Json],
        outputs: Sequence[Json],
        run_facets: Mapping[str, Json],
        job_facets: Mapping[str, Json],
    ) -> None:
        """Writes one event. Times never go back, even when the clock does. Raises OSError."""
        with self._lock:
            self._last = max(self._last, now())
            said = event(
                kind, run, job, at=self._last, inputs=inputs, outputs=outputs, run_facets=run_facets, job_facets=job_facets
            )
            line = json.dumps(said, separators=(",", ":"), allow_nan=False).encode() + b"\n"
            _append(self._file, line)
        if self._outbox:
            self._outbox.put(line)

    def _mend(self) -> None:
        """Cuts off a torn last line and aborts open runs, unless another process is at work on this file."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            fcntl.flock(self._file, fcntl.LOCK_SH)
            return
        _cut(self._file)
        open_, self._last = _open_runs(self.path)
        for said in reversed(open_):
            job = Job(said["job"]["namespace"], said["job"]["name"])
            kept = {**said["run"]["facets"], **facets.error(None)}
            self.write("ABORT", said["run"]["runId"], job, said["inputs"], said["outputs"], kept, said["job"]["facets"])
        fcntl.flock(self._file, fcntl.LOCK_SH)


def _begun(
    job: Job,
    parent: Run | None,
    inputs: tuple[Dataset, ...],
    outputs: tuple[Dataset, ...],
    said: dict[str, Json],
    job_facets: dict[str, Json],
) -> Run:
    name = run_id()
    root = parent.root if parent else (name, job)
    above = facets.parent(parent.id, parent.job, root) if parent else {}
    return Run(name, job, root, inputs, outputs, {**above, **said}, job_facets)


def _append(file: int, line: bytes) -> None:
    """The whole line, on disk; or, when the disk is full, nothing of it."""
    size = os.fstat(file).st_size
    try:
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    except OSError:
        with suppress(OSError):
            os.ftruncate(file, size)
        raise


def _cut(file: int) -> None:
    data = os.pread(file, os.fstat(file).st_size, 0)
    os.ftruncate(file, data.rfind(b"\n") + 1)


def _open_runs(path: Path) -> tuple[list[Json], str]:
    """START events without an end, oldest first; and the time of the last event of all."""
    begun: dict[str, Json] = {}
    last = ""
    for line in path.read_bytes().splitlines():
        try:
            said = json.loads(line)
            run, kind, at = said["run"]["runId"], said["eventType"], said["eventTime"]
        except (ValueError, KeyError, TypeError):
            continue  # not one of our lines: leave it alone
        last = max(last, at)
        if kind == "START":
            begun[run] = said
        elif kind in ("COMPLETE", "FAIL", "ABORT"):
            begun.pop(run, None)
    return list(begun.values()), last
