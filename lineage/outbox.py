"""Sends events over HTTP without ever holding up the work: what cannot be delivered waits in a folder."""

from __future__ import annotations

import os
import threading
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

PAUSE = 5.0
"""Seconds between attempts while the server is away."""
HOPELESS = frozenset({400, 413, 422})
"""Statuses that say: this very event will never be taken."""


def _speaker() -> urllib.request.OpenerDirector:
    """Speaks HTTP and HTTPS only: no files, no FTP, no redirects. A proxy is taken from the environment."""
    opener = urllib.request.OpenerDirector()
    kinds = (urllib.request.ProxyHandler, urllib.request.HTTPHandler, urllib.request.HTTPSHandler)
    for kind in (*kinds, urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor):
        opener.add_handler(kind())
    return opener


class Outbox:
    """One file per event that was not delivered yet, oldest first. Delivery is at least once: a run id and a type tell doubles.

    A thread of its own sends; it dies with the process. Nothing in here raises: the event file is the record.
    """

    def __init__(self, folder: Path, url: str, patience: float = 1.0) -> None:
        self.folder, self.url, self.patience = folder, url, patience
        self._wake, self._stop = threading.Event(), threading.Event()
        self._count = 0
        self._wake.set()  # events of an earlier run may be waiting
        self._thread = threading.Thread(target=self._work, name="lineage-outbox", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Takes one event."""
        self._count += 1
        name = f"{time.time_ns():020d}-{os.getpid()}-{self._count:06d}"
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f".{name}").write_bytes(line)
            (self.folder / f".{name}").rename(self.folder / f"{name}.json")
        self._wake.set()

    def waiting(self) -> list[Path]:
        """The files of undelivered events, oldest first."""
        with suppress(OSError):
            return sorted(self.folder.glob("[0-9]*.json"))
        return []

    def close(self) -> None:
        """Waits at most `patience` seconds for what is left to be sent."""
        self._stop.set()
        self._wake.set()
        self._thread.join(self.patience)
        with suppress(OSError):
            self.folder.rmdir()  # only when it is empty

    def _work(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            stopping = self._stop.is_set()
            sent = self._send_all()
            if stopping:
                return
            if not sent and not self._stop.wait(PAUSE):
                self._wake.set()

    def _send_all(self) -> bool:
        """Whether nothing is left."""
        for file in self.waiting():
            try:
                line = file.read_bytes()
            except OSError:
                continue  # another process has just delivered it
            if not post(self.url, line, self.patience):
                return False
            with suppress(OSError):
                file.unlink()
        return True


def post(url: str, line: bytes, timeout: float) -> bool:
    """Whether the event is dealt with: taken by the server, or refused for good."""
    try:
        request = urllib.request.Request(url, line, {"Content-Type": "application/json"}, method="POST")  # noqa: S310
        answer = _speaker().open(request, timeout=timeout)
        if answer is None:  # another protocol than HTTP
            return False
        answer.close()
        return True
    except urllib.error.HTTPError as problem:
        problem.close()
        return problem.code in HOPELESS
    except (OSError, ValueError, HTTPException):
        return False
