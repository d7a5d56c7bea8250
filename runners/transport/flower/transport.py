"""`runners.transport.base.Transport` over Flower: submits the relay app with the first message, and speaks to it on a socket."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import BinaryIO, Literal, cast

from runners.errors import DATA, WRONG, Stop
from runners.transport.base import Answer, Heard
from runners.transport.flower.app import make_app
from runners.transport.frames import read_frame, write_frame

JOIN = 120.0
"""Seconds a site has to be there."""
UP = 120.0
"""Seconds the relay has to start."""
GRACE = 90.0
"""Seconds beyond a deadline until the relay itself is taken for lost; it waits up to 60 for a silent node."""
PROGRAM = "WARDLOOM_FLWR"
"""Names Flower's command line where it is not on the path: it may live in an environment of its own."""


class Flower:
    """Uses the SuperLink that is the default of Flower's own configuration. Raises Stop when the relay cannot start."""

    def __init__(self, join: float = JOIN) -> None:
        self.join = join
        self.folder = Path(tempfile.mkdtemp(prefix="wardloom-"))
        self.line: BinaryIO | None = None

    def exchange(
        self, run: str, round: str, stage: str, payloads: Mapping[str, bytes], deadline: float, heard: Heard
    ) -> Mapping[str, Answer]:
        """All sites at once. A relay that is lost leaves all sites that have not answered missing."""
        answers: dict[str, Answer] = {}
        line = self._up(deadline)
        try:
            line.write(json.dumps({"sites": list(payloads), "deadline": deadline, "join": self.join}).encode() + b"\n")
            for body in payloads.values():
                write_frame(line, body)
            while len(answers) < len(payloads):
                name, state, reply = (read_frame(line) for _ in range(3))
                answers[name.decode()] = answer = _answer(state.decode(), reply)
                heard(name.decode(), answer)
        except (OSError, EOFError, ValueError):
            self.hang_up()
        except BaseException:
            self.close()
            raise
        for site in set(payloads) - set(answers):
            answers[site] = Answer("missing")
            heard(site, answers[site])
        return {site: answers[site] for site in payloads}

    def hang_up(self) -> None:
        """The relay notices, and its run ends."""
        if self.line:
            self.line.close()
        self.line = None

    def close(self) -> None:
        """Ends the relay's run."""
        self.hang_up()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _up(self, deadline: float) -> BinaryIO:
        if self.line is None:
            with socket(AF_UNIX, SOCK_STREAM) as door:
                door.bind(str(self.folder / "socket"))
                os.chmod(self.folder / "socket", 0o600)
                door.listen(1)
                door.settimeout(UP)
                self._submit()
                try:
                    caller, _ = door.accept()
                except TimeoutError:
                    raise Stop(DATA, "Flower's SuperLink took the relay but did not start it; see its log") from None
            (self.folder / "socket").unlink(missing_ok=True)
            with caller:
                caller.settimeout(self.join + deadline + GRACE)
                self.line = cast(BinaryIO, caller.makefile("rwb"))
        return self.line

    def _submit(self) -> None:
        program = os.environ.get(PROGRAM) or shutil.which("flwr")
        if program is None:
            raise Stop(WRONG, f'Flower is not installed\n  pip install "flwr==1.32.1", or name its `flwr` in ${PROGRAM}')
        app = make_app(Path(tempfile.mkdtemp(dir=self.folder)) / "app")
        command = [program, "run", str(app), "--run-config", f'socket="{self.folder / "socket"}"']
        done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            words = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
            raise Stop(DATA, "Flower's SuperLink did not take the relay\n  " + "\n  ".join(words[-3:]))


def environment() -> dict[str, str]:
    """This environment, with Flower's telemetry and its look for updates off."""
    return os.environ | {"FLWR_TELEMETRY_ENABLED": "0", "FLWR_DISABLE_UPDATE_CHECK": "1"}


def _answer(state: str, body: bytes) -> Answer:
    known: dict[str, Literal["reply", "refused", "missing"]] = {"reply": "reply", "refused": "refused"}
    return Answer("reply", body) if state == "reply" else Answer(known.get(state, "missing"))
