"""What is at each path."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from runners.service.metrics import CONTENT_TYPE, text
from runners.service.seen import Seen

PLAIN = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Page:
    """An answer over HTTP."""

    status: HTTPStatus
    type: str
    body: bytes


@dataclass(frozen=True)
class Pages:
    """All answers. One look at a time: it reads whole files."""

    look: Callable[[], Seen]
    one: threading.Lock = field(default_factory=threading.Lock)

    def at(self, path: str) -> Page:
        """The page of a path; 404 for any other."""
        match path.partition("?")[0]:
            case "/healthz":
                return Page(HTTPStatus.OK, PLAIN, b"ok\n")
            case "/readyz":
                return _ready(self._seen())
            case "/metrics":
                return Page(HTTPStatus.OK, CONTENT_TYPE, text(self._seen()))
        return Page(HTTPStatus.NOT_FOUND, PLAIN, b"here are /healthz, /readyz and /metrics\n")

    def _seen(self) -> Seen:
        with self.one:
            return self.look()


def _ready(seen: Seen) -> Page:
    """A line for each check; 503 when one does not hold."""
    said = "".join(f"{name} {'ok' if good else 'not ok'}\n" for name, good in seen.checks.items())
    return Page(HTTPStatus.OK if seen.ready else HTTPStatus.SERVICE_UNAVAILABLE, PLAIN, said.encode())
