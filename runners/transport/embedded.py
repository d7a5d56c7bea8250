"""All sites on this machine, each in a process of its own: a site that crashes or needs too much memory harms no other."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from threading import Lock

from runners.transport.base import Answer, Heard
from runners.transport.pool import at_once
from runners.transport.process import SiteProcess

AT_ONCE = 2
KEPT = 8
"""Processes that stay between messages: starting one takes longer than most messages."""


class Embedded:
    """A process of `python -m runners.site` for each site; standard input and output carry messages, nothing else crosses."""

    def __init__(self, spec: Path) -> None:
        self.spec = spec.absolute()
        self.processes: dict[str, SiteProcess] = {}
        self.lock = Lock()
        self.stopped = False

    def exchange(
        self, run: str, round: str, stage: str, payloads: Mapping[str, bytes], deadline: float, heard: Heard
    ) -> Mapping[str, Answer]:
        """At most two sites at a time. Interrupted, it stops the sites before it passes the interrupt on."""
        return at_once(AT_ONCE, partial(self._one, deadline=deadline), payloads, heard, self._interrupt)

    def close(self) -> None:
        """Ends all processes."""
        self.stopped = True
        for process in self.processes.values():
            process.end()
        self.processes.clear()

    def _one(self, site: str, body: bytes, deadline: float) -> Answer:
        with self.lock:
            if self.stopped:
                return Answer("missing")
            process = self.processes.pop(site, None) or SiteProcess(self.spec, site)
            self.processes[site] = process
        answer = process.ask(body, deadline)
        with self.lock:
            if not process.alive or len(self.processes) > KEPT:
                self.processes.pop(site, None)
                process.end()
        return answer

    def _interrupt(self) -> None:
        with self.lock:
            self.stopped = True
            for process in self.processes.values():
                process.interrupt()
