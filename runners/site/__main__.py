"""`python -m runners.site SPEC SITE`: one request on standard input, one reply on standard output, nothing else.

Both are preceded by their length (8 bytes, big-endian). Standard input stays open while the site works: when it ends, whoever
asked is gone, and the site stops and tidies up.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

from runners.transport.frames import read_frame, write_frame


def main(spec: str, site: str) -> int:
    """Answers one request."""
    os.umask(0o077)
    signal.signal(signal.SIGTERM, _leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = read_frame(sys.stdin.buffer)
    threading.Thread(target=_watch, daemon=True).start()
    write_frame(sys.stdout.buffer, answer(Path(spec), site, request))
    return 0


def answer(spec: Path, site: str, request: bytes) -> bytes:
    """The reply of this site; its own copy of the spec decides."""
    from runners.places import private_of
    from runners.site.agent import SiteAgent
    from runners.site.message import silence
    from runners.site.trouble import Trouble
    from specs.lang.problems import SpecError
    from specs.lang.read import read

    try:
        study = read(spec)
    except (SpecError, OSError):
        return silence(site, Trouble("spec")).pack()
    if site not in study.sites:
        return silence(site, Trouble("spec")).pack()
    place = study.sites[site]
    return SiteAgent(place, study, private_of(place, study)).handle(request)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(1)


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
