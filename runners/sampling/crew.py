"""Processes that draw batches, whichever is free the next one."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait

from runners.errors import DATA, Stop
from runners.rules import DuckRules
from runners.sampling.batch import Job, draw


def draw_all(job: Job, batches: Sequence[int], workers: int, done: Callable[[], None]) -> None:
    """Draws batches in `workers` new processes; `done` hears of each. However this ends, no process is left.

    Raises what a process raised, and Stop when one ended by itself.
    """
    context = get_context("spawn")
    left, busy, crew = iter(batches), set[Connection](), []
    try:
        for _ in range(workers):
            ours, theirs = context.Pipe()
            crew.append(context.Process(target=serve, args=(theirs, job), daemon=True))
            crew[-1].start()
            theirs.close()
            _next(ours, left, busy)
        while busy:
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                _heard(pipe)
                done()
                _next(pipe, left, busy)
    finally:
        for process in crew:
            process.terminate()
        for process in crew:
            process.join()


def serve(pipe: Connection, job: Job) -> None:
    """A process of the crew: draws what it is told to, until nobody is there to tell it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; who started this process ends it
    rules = DuckRules(job.model.study)
    while True:
        try:
            batch = pipe.recv()
        except EOFError:
            return
        try:
            draw(job, batch, rules)
            pipe.send(None)
        except Exception as problem:
            pipe.send(problem)


def _next(pipe: Connection, left: Iterator[int], busy: set[Connection]) -> None:
    """The next batch; when there is none, the process has nothing to do any more."""
    busy.discard(pipe)
    for batch in left:
        busy.add(pipe)
        with _alive():
            pipe.send(batch)
        return


def _heard(pipe: Connection) -> None:
    with _alive():
        problem = pipe.recv()
    if problem is not None:
        raise problem


@contextmanager
def _alive() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError):
        raise Stop(DATA, "a process that draws rows ended by itself: is there enough memory?") from None
