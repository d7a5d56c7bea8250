"""The hospital's agent behind a local socket that only its owner can open: what the relay's ClientApp speaks to."""

from __future__ import annotations

import os
import signal
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


def serve(place: Path, spec: Path, site: str) -> None:
    """Answers one message after the other until it is told to stop. Raises Stop when the socket is in use."""
    before = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    process: SiteProcess | None = None
    try:
        with _door(place) as door:
            while True:
                caller, _ = door.accept()
                with caller:
                    process = process if process and process.alive else SiteProcess(spec.absolute(), site)
                    _answer(caller, process)
    except _Stopped:
        place.unlink(missing_ok=True)
    finally:
        if process:
            process.end()
        for number, handler in before.items():
            signal.signal(number, handler)


def _answer(caller: socket, process: SiteProcess) -> None:
    caller.settimeout(STALLED)
    with caller.makefile("rwb") as stream:
        try:
            answer = process.ask(read_frame(stream), DEADLINE)
            write_frame(stream, answer.state.encode())
            write_frame(stream, answer.body)
        except (EOFError, OSError, ValueError):
            return
        finally:
            if not process.alive:
                process.end()


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


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped
