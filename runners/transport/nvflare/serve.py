"""A hospital's client in the foreground."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from types import FrameType

from runners.transport.nvflare import kit as kits
from runners.transport.nvflare import start

PATIENCE = 15.0
"""Seconds it has to stop."""


class _Stopped(BaseException):
    """Someone asked for the end."""


def serve(kit: Path, spec: Path, site: str) -> int:
    """Runs until it is told to stop (0), or until the client ends by itself (its exit code)."""
    kits.write_site(kit, spec.absolute(), site)
    before = {number: signal.signal(number, _stop) for number in (signal.SIGTERM, signal.SIGINT)}
    process = subprocess.Popen(
        start.client(kit, site), stdin=subprocess.PIPE, env=start.environment(), start_new_session=True
    )
    try:
        return process.wait()
    except _Stopped:
        return 0
    finally:
        end(process)
        for number, handler in before.items():
            signal.signal(number, handler)


def end(process: subprocess.Popen[bytes]) -> None:
    """Tells it to stop, waits, and ends what is left of it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(PATIENCE)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped
