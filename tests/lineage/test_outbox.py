"""Sending over HTTP: a server that is away, hangs, or says no never holds up a run, and gets its events later."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lineage import outbox
from lineage.emitter import Emitter
from lineage.study import Recorder
from specs.lang.types import Study
from tests.lineage.conftest import PRIVATE, stages
from tests.lineage.official import read, valid


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@contextmanager
def server(status: int = 201) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on this machine that keeps what it is sent."""
    heard: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if status < 300:
                heard.append(json.loads(body))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/api/v1/lineage", heard
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def _refusing() -> str:
    """The address of a port where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/"


@contextmanager
def hanging() -> Iterator[str]:
    """A server that takes the call and never answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


def test_all_events_arrive_in_order(tmp_path: Path, study: Study) -> None:
    with server() as (url, heard):
        with Emitter(tmp_path / "e.ndjson", url, patience=30) as emitter:
            stages(Recorder(study, emitter), study)
    assert heard == valid(tmp_path / "e.ndjson", PRIVATE)
    assert not (tmp_path / "e.ndjson.outbox").exists()


@pytest.mark.parametrize("away", ["refuses", "hangs", "fails", "nonsense"])
def test_a_server_that_is_away_gets_the_events_the_next_time(tmp_path: Path, study: Study, away: str) -> None:
    path = tmp_path / "e.ndjson"
    with hanging() as slow, server(503) as (failing, _):
        url = {"refuses": _refusing(), "hangs": slow, "fails": failing, "nonsense": "gopher://127.0.0.1/"}[away]
        with Emitter(path, url, patience=0.2) as emitter:
            stages(Recorder(study, emitter), study)
    events = valid(path, PRIVATE)
    assert len(list((tmp_path / "e.ndjson.outbox").glob("*.json"))) == len(events)
    with server() as (url, heard):
        Emitter(path, url, patience=30).close()
    assert heard == events
    assert not (tmp_path / "e.ndjson.outbox").exists()


def test_waiting_is_bounded_by_one_timeout_however_many_events(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a server hangs, events pile up; only `close` waits, and only once."""
    waits: list[float | None] = []
    join = threading.Thread.join

    def joined(self: threading.Thread, timeout: float | None = None) -> None:
        waits.append(timeout)
        join(self, timeout)

    with hanging() as url:
        with Emitter(tmp_path / "e.ndjson", url, patience=0.1) as emitter:
            for _ in range(50):
                with emitter.run("job", "wardloom://x"):
                    pass
            monkeypatch.setattr(threading.Thread, "join", joined)
    assert waits == [0.1]
    assert len(read(tmp_path / "e.ndjson")) == 100


def test_an_event_the_server_never_takes_does_not_block_the_others(tmp_path: Path) -> None:
    with server(422) as (url, _), Emitter(tmp_path / "e.ndjson", url, patience=30) as emitter:
        with emitter.run("job", "wardloom://x"):
            pass
    assert not (tmp_path / "e.ndjson.outbox").exists()


def test_an_outbox_that_cannot_be_written_does_not_stop_a_run(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with Emitter(tmp_path / "e.ndjson", _refusing(), outbox=tmp_path / "file", patience=0.1) as emitter:
        with emitter.run("job", "wardloom://x"):
            pass
    valid(tmp_path / "e.ndjson")


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1/", "", "http://", "no url"])
def test_only_http_is_spoken(url: str) -> None:
    assert outbox.post(url, b"{}", 0.1) is False
