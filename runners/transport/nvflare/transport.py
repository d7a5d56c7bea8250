"""`runners.transport.base.Transport` over NVFLARE: runs the coordinator's server as long as the study runs."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket

from runners.errors import DATA, Stop
from runners.transport.base import Answer, Heard
from runners.transport.frames import read_frame, write_frame
from runners.transport.nvflare import kit as kits
from runners.transport.nvflare import start
from runners.transport.nvflare.serve import end
from runners.transport.pool import at_once

JOIN = 120.0
"""Seconds a site has to connect."""
UP = 60.0
"""Seconds the server has to start."""


class Nvflare:
    """Starts the server for `sites` with the first message; `kit` is the coordinator's startup kit.

    Raises Stop when it cannot start.
    """

    def __init__(self, kit: Path, sites: Sequence[str], join: float = JOIN) -> None:
        self.kit, self.sites, self.join = kit, sites, join
        self.folder = Path(tempfile.mkdtemp(prefix="wardloom-"))
        self.process: subprocess.Popen[bytes] | None = None

    def exchange(
        self, run: str, round: str, stage: str, payloads: Mapping[str, bytes], deadline: float, heard: Heard
    ) -> Mapping[str, Answer]:
        """All sites at once. A site that is not connected in time is missing. Interrupted, it stops the server first."""
        self._up()
        return at_once(max(1, len(payloads)), partial(self._one, deadline=deadline), payloads, heard, self.close)

    def close(self) -> None:
        """Stops the server. Sites notice, and wait for the next one."""
        if self.process:
            end(self.process)
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.kit / "server.log"

    def _up(self) -> None:
        if self.process:
            return
        if not (self.kit / "startup" / "fed_server.json").is_file():
            raise Stop(DATA, f"no startup kit of the coordinator in {self.kit}\n  make it: wardloom federation provision SPEC")
        door = self.folder / "socket"
        kits.write_server(self.kit, door, self.folder, self.sites)
        self.process = start.started(start.server(self.kit), self.log)
        until = time.monotonic() + UP
        while not door.exists():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Stop(DATA, f"NVFLARE's server did not start; see {self.log}")
            time.sleep(0.1)

    def _one(self, site: str, body: bytes, deadline: float) -> Answer:
        with socket(AF_UNIX, SOCK_STREAM) as line:
            try:
                line.connect(str(self.folder / "socket"))
                with line.makefile("rwb") as stream:
                    stream.write(json.dumps({"site": site, "deadline": deadline, "join": self.join}).encode() + b"\n")
                    write_frame(stream, body)
                    state, reply = read_frame(stream).decode(), read_frame(stream)
            except (OSError, EOFError, ValueError):
                return Answer("missing")
        return Answer("reply", reply) if state == "reply" else Answer("refused" if state == "refused" else "missing")
