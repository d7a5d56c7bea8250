"""All sites on this machine, each in a process of its own: a site that crashes or needs too much memory harms no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from pathlib import Path
from threading import Lock, Timer

from runners.places import HOUSE
from runners.transport.base import Answer, Heard
from runners.transport.frames import read_frame, write_frame

AT_ONCE = 2
PATIENCE = 10.0
"""Seconds a site gets to tidy up after it was told to stop."""


class Embedded:
    """Runs `python -m runners.site` for each site; standard input and output carry the messages, nothing else crosses."""

    def __init__(self, spec: Path) -> None:
        self.spec = spec.absolute()
        self.running: list[subprocess.Popen[bytes]] = []
        self.lock = Lock()
        self.stopped = False

    def exchange(
        self, run: str, round: str, stage: str, payloads: Mapping[str, bytes], deadline: float, heard: Heard
    ) -> Mapping[str, Answer]:
        """At most two sites at a time. Interrupted, it stops the sites before it passes the interrupt on."""
        answers: dict[str, Answer] = {}
        with ThreadPoolExecutor(AT_ONCE) as pool:
            waiting = {pool.submit(self._one, site, body, deadline): site for site, body in payloads.items()}
            try:
                for done in as_completed(waiting):
                    answers[waiting[done]] = done.result()
                    heard(waiting[done], answers[waiting[done]])
            except BaseException:
                self._stop()
                raise
        return {site: answers[site] for site in payloads}

    def _one(self, site: str, body: bytes, deadline: float) -> Answer:
        with self.lock:
            if self.stopped:
                return Answer("missing")
            process = subprocess.Popen(
                [sys.executable, "-m", "runners.site", str(self.spec), site],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,
            )
            self.running.append(process)
        late = Timer(deadline, _end, [process])
        late.start()
        try:
            assert process.stdin and process.stdout
            write_frame(process.stdin, body)
            return Answer("reply", read_frame(process.stdout))
        except (EOFError, OSError, ValueError):
            return Answer("missing")
        finally:
            late.cancel()
            _end(process)

    def _stop(self) -> None:
        with self.lock:
            self.stopped = True
            for process in self.running:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Closes its input (which tells it to stop), waits, and ends what is left of its process group."""
    with suppress(subprocess.TimeoutExpired, OSError):
        if process.stdin:
            process.stdin.close()
        process.wait(PATIENCE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment() -> dict[str, str]:
    """This environment, with the packages of this house first."""
    paths = [str(HOUSE), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
