"""One site's process on this machine, and messages to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Timer

from runners.places import HOUSE
from runners.transport.base import Answer
from runners.transport.frames import read_frame, write_frame

PATIENCE = 10.0
"""Seconds a site gets to tidy up after it was told to stop."""


class SiteProcess:
    """Answers one message after the other. Once it was late, or broke off, it is not `alive` any more."""

    def __init__(self, spec: Path, site: str) -> None:
        self.alive = True
        self._process = subprocess.Popen(
            [sys.executable, "-m", "runners.site", str(spec), site],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,
        )

    def ask(self, body: bytes, deadline: float) -> Answer:
        """The site's answer, at most `deadline` seconds later."""
        late = Timer(deadline, self.end)
        late.start()
        try:
            assert self._process.stdin and self._process.stdout
            write_frame(self._process.stdin, body)
            return Answer("reply", read_frame(self._process.stdout))
        except (EOFError, OSError, ValueError):
            self.alive = False
            return Answer("missing")
        finally:
            late.cancel()

    def interrupt(self) -> None:
        """Tells it to stop and tidy up."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def end(self) -> None:
        """Closes its input (which tells it to stop), waits, and ends what is left of its process group."""
        self.alive = False
        with suppress(subprocess.TimeoutExpired, OSError, ValueError):
            if self._process.stdin:
                self._process.stdin.close()
            self._process.wait(PATIENCE)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def _environment() -> dict[str, str]:
    """This environment, with the packages of this house first."""
    paths = [str(HOUSE), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
