"""`python -m runners.site SPEC SITE`: requests on standard input, replies on standard output, nothing else.

Each is preceded by its length (8 bytes, big-endian). When standard input ends, whoever asked is gone, and the site stops and
tidies up, also in the middle of its work.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from types import FrameType
from typing import TYPE_CHECKING

from runners.transport.frames import read_frame, write_frame

if TYPE_CHECKING:
    from runners.site.training import Held


def main(spec: str, site: str) -> int:
    """Answers requests until there are no more."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    from runners.site.training import Held

    held = Held()
    while True:
        write_frame(sys.stdout.buffer, answer(Path(spec), site, requests.get(), held))


def answer(spec: Path, site: str, request: bytes, held: Held) -> bytes:
    """The reply of this site; its own copy of the spec decides."""
    from runners.errors import Stop
    from runners.places import private_of
    from runners.site.agent import SiteAgent
    from runners.site.message import silence
    from runners.site.own import study_at
    from runners.site.trouble import Trouble
    from specs.lang.problems import SpecError

    try:
        study, place = study_at(spec, site)
    except (SpecError, Stop, OSError):
        return silence(site, Trouble("spec")).pack()
    return SiteAgent(place, study, private_of(place, study), held=held).handle(request)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(1)


def _listen(requests: SimpleQueue[bytes]) -> None:
    """Takes requests while the site works, to notice the end of them at once."""
    try:
        while True:
            requests.put(read_frame(sys.stdin.buffer))
    except (EOFError, OSError, ValueError):
        # not to the process: the system might hand that to this thread, and the one that waits would wait on
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
