"""NVFLARE's component at the coordinator: carries messages from a local socket to a hospital's client, and the reply back.

On the socket: a line of JSON with `site`, `deadline` and `join` (seconds to wait for a site that is not connected yet), then
the message as a frame; back comes the answer's state as a frame, then its bytes.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

from nvflare.apis.event_type import EventType
from nvflare.apis.fl_component import FLComponent
from nvflare.apis.fl_context import FLContext
from nvflare.apis.fl_exception import NotAuthenticated
from nvflare.fuel.f3.cellnet.defs import MessageHeaderKey, ReturnCode
from nvflare.fuel.f3.message import Message

from runners.transport.base import Answer
from runners.transport.frames import read_frame, write_frame
from runners.transport.nvflare.kit import CHANNEL, HELLO, TOPIC
from runners.transport.nvflare.leash import leash

ALIVE = 25.0
"""Seconds after a site's last sign of life (one every ten seconds) in which nobody else may take its place."""
SOON = 3.0
"""Seconds a client has to say that it listens."""
LOOK = 0.2
"""Seconds between two looks at who is connected."""


class ServerRelay(FLComponent):  # type: ignore[misc]
    """Listens on `socket`, in a folder that only its owner can enter. Lets in each of `sites`, once at a time."""

    def __init__(self, socket: str, sites: list[str]) -> None:
        super().__init__()
        self.path, self.sites = Path(socket), frozenset(sites)
        self.engine: Any = None
        self.heard: set[str] = set()
        leash()

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        """Listens as soon as the server is up; looks at who wants to register, before NVFLARE checks the certificate."""
        if event_type == EventType.SYSTEM_START:
            self.engine = fl_ctx.get_engine()
            threading.Thread(target=self._listen, daemon=True).start()
        if event_type == EventType.CLIENT_REGISTER_RECEIVED:
            self._let_in(fl_ctx.get_peer_context().get_identity_name())

    def _let_in(self, name: str) -> None:
        """Raises NotAuthenticated for a name that is not in the study, and for a second client of a site that is connected."""
        if name not in self.sites:
            raise NotAuthenticated(f"{name} is no site of this study")
        there = self._clients().get(name)
        if there is not None and time.time() - there.last_connect_time < ALIVE:
            raise NotAuthenticated(f"{name} is connected already")

    def _listen(self) -> None:
        listener = socket(AF_UNIX, SOCK_STREAM)
        self.path.unlink(missing_ok=True)
        listener.bind(str(self.path))
        os.chmod(self.path, 0o600)
        listener.listen()
        while True:
            caller, _ = listener.accept()
            threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket) -> None:
        with caller, caller.makefile("rwb") as stream:
            try:
                said = json.loads(stream.readline())
                answer = self._carried(str(said["site"]), read_frame(stream), float(said["deadline"]), float(said["join"]))
                write_frame(stream, answer.state.encode())
                write_frame(stream, answer.body)
            except (EOFError, OSError, ValueError, KeyError):
                return

    def _carried(self, site: str, body: bytes, deadline: float, join: float) -> Answer:
        """Waits `join` seconds for a site that is still starting, or whose connection just broke: asking twice does no harm."""
        until = time.monotonic() + join
        code = ReturnCode.TARGET_UNREACHABLE
        while code == ReturnCode.TARGET_UNREACHABLE and time.monotonic() < until:
            if self._listens(site):
                message = Message({"deadline": deadline}, body)
                reply = self.engine.cell.send_request(CHANNEL, TOPIC, site, message, timeout=deadline)
                code = reply.get_header(MessageHeaderKey.RETURN_CODE)
                if code == ReturnCode.OK and isinstance(reply.payload, bytes):
                    return Answer("reply", reply.payload)
            time.sleep(LOOK)
        self.logger.warning(f"{site} gave no reply: {code}")
        return Answer("refused" if code == ReturnCode.UNAUTHENTICATED else "missing")

    def _listens(self, site: str) -> bool:
        """Whether the site's client, once it is there, answers at all: one that has just registered loses messages."""
        client = self._clients().get(site)
        if client is None or client.token in self.heard:
            return client is not None
        reply = self.engine.cell.send_request(CHANNEL, HELLO, site, Message({}, b"hello"), timeout=SOON)
        if reply.get_header(MessageHeaderKey.RETURN_CODE) == ReturnCode.OK:
            self.heard.add(client.token)
        return client.token in self.heard

    def _clients(self) -> dict[str, Any]:
        return {client.name: client for client in self.engine.client_manager.get_clients().values()}
