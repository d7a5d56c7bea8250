"""A small HTTP server in a thread of its own. It knows no file and shares nothing with the agent."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from runners.errors import DATA, WRONG, Stop
from runners.service import at_coordinator, at_site
from runners.service.address import parsed
from specs.lang.types import Site, Study

if TYPE_CHECKING:
    from runners.service.pages import Page, Pages

PATIENCE = 10.0
"""Seconds a caller may be silent."""
NOTICE = 0.1
"""Seconds until it notices that it is to stop."""


def serve(site: Site | None, study: Study, address: str) -> Server:
    """Health and metrics of `site` (None: of the coordinator) at `address`, HOST:PORT, until it is closed. Raises Stop."""
    host, port = parsed(address)
    try:
        from runners.service.pages import Pages
    except ImportError:
        raise Stop(WRONG, "metrics need prometheus-client\n  install wardloom with its extra `service`") from None
    pages = Pages(partial(at_site.look, site, study) if site else partial(at_coordinator.look, study))
    try:
        return Server(Listener(host, port, pages))
    except OSError as error:
        raise Stop(DATA, f"cannot listen at {address}: {error.strerror or 'no such address'}") from None


@contextmanager
def served(site: Site | None, study: Study, address: str | None) -> Iterator[None]:
    """`serve` for as long as something lasts; nothing where there is no address. Raises Stop."""
    server = serve(site, study, address) if address else None
    try:
        yield
    finally:
        if server:
            server.close()


class Server:
    """Answers until it is closed."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._thread = threading.Thread(target=listener.serve_forever, args=(NOTICE,), name="metrics", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """`http://HOST:PORT`, with the port that was taken where 0 was asked for."""
        host, port = self._listener.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def close(self) -> None:
        """Stops listening."""
        self._listener.shutdown()
        self._listener.server_close()
        self._thread.join()


class Listener(ThreadingHTTPServer):
    """The socket, and a thread for each caller. Raises OSError where it cannot listen."""

    daemon_threads = True

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        self.pages = pages
        self.address_family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        super().__init__((host, port), Handler)

    def server_bind(self) -> None:
        """Without looking up the machine's own name, which may take long."""
        super(ThreadingHTTPServer, self).server_bind()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers who hang up are nobody's concern."""


class Handler(BaseHTTPRequestHandler):
    """GET and HEAD; nothing is logged, and nothing is said about the machine."""

    server: Listener
    timeout = PATIENCE
    server_version, sys_version = "wardloom", ""

    def do_GET(self) -> None:
        """The page, with its head."""
        page = self._page()
        self._head(page)
        self.wfile.write(page.body)

    def do_HEAD(self) -> None:
        """The head alone."""
        self._head(self._page())

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _page(self) -> Page:
        return self.server.pages.at(self.path)

    def _head(self, page: Page) -> None:
        self.send_response(page.status)
        self.send_header("Content-Type", page.type)
        self.send_header("Content-Length", str(len(page.body)))
        self.end_headers()
