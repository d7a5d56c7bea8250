"""The hospital's agent behind a local socket that only its owner can open: what the relay's ClientApp speaks to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from types import FrameType

from runners.errors import DATA, Stop
from runners.transport.frames import read_frame, write_frame
from runners.transport.process import SiteProcess

DEADLINE = 3600.0
"""Seconds the agent has for a message."""
STALLED = 60.0
"""Seconds a caller has to say what it wants."""


class _Stopped(BaseException):
    """Someone asked for the end."""


@dataclass
class _Stop:
    """Breaks off what is being done, and remembers it: a caller that is gone can hide the exception behind one of its own."""

    told: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.told = True
        raise _Stopped


def serve(place: Path, spec: Path, site: str) -> None:
    """Answers one message after the other until it is told to stop. Raises Stop when the socket is in use."""
    stop = _Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    process: SiteProcess | None = None
    try:
        with suppress(_Stopped), _door(place) as door, _removed(place):
            while not stop.told:
                caller, _ = door.accept()
                with caller:
                    process = process if process and process.alive else SiteProcess(spec.absolute(), site)
                    _answer(caller, process)
    finally:
        if process:
            process.end()
        for number, handler in before.items():
            signal.signal(number, handler)


def _answer(caller: socket, process: SiteProcess) -> None:
    caller.settimeout(STALLED)
    try:
        with caller.makefile("rwb") as stream:
            answer = process.ask(read_frame(stream), DEADLINE)
            write_frame(stream, answer.state.encode())
            write_frame(stream, answer.body)
    except (EOFError, OSError, ValueError):
        return
    finally:
        if not process.alive:
            process.end()


@contextmanager
def _removed(place: Path) -> Iterator[None]:
    """Our own socket goes with us; another agent's stays."""
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def _door(place: Path) -> socket:
    with socket(AF_UNIX, SOCK_STREAM) as other:
        if place.exists() and other.connect_ex(str(place)) == 0:
            raise Stop(DATA, f"{place}: an agent listens there already")
    place.unlink(missing_ok=True)
    door = socket(AF_UNIX, SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        door.bind(str(place))
    finally:
        os.umask(mask)
    door.listen()
    return door
