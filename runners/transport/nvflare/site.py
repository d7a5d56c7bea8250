"""NVFLARE's component at a hospital: hands messages of the coordinator's server to the agent, and nobody else's."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

from nvflare.apis.event_type import EventType
from nvflare.apis.fl_component import FLComponent
from nvflare.apis.fl_context import FLContext
from nvflare.fuel.f3.cellnet.defs import MessageHeaderKey, ReturnCode
from nvflare.fuel.f3.cellnet.fqcn import FQCN
from nvflare.fuel.f3.cellnet.utils import make_reply
from nvflare.fuel.f3.message import Message

from runners.transport.base import Answer
from runners.transport.frames import MOST
from runners.transport.nvflare.kit import CHANNEL, HELLO, TOPIC
from runners.transport.nvflare.leash import leash
from runners.transport.process import SiteProcess

DEADLINE = 3600.0
"""Seconds the agent has, should the server not say."""


class SiteRelay(FLComponent):  # type: ignore[misc]
    """One message at a time; the agent is a process of its own, as with the embedded transport."""

    def __init__(self, spec: str, site: str) -> None:
        super().__init__()
        self.spec, self.site = Path(spec), site
        self.process: SiteProcess | None = None
        self.lock = Lock()
        leash()

    def handle_event(self, event_type: str, fl_ctx: FLContext) -> None:
        """Listens from when the client has registered until it ends."""
        if event_type == EventType.SYSTEM_START:
            cell = fl_ctx.get_engine().get_cell()
            cell.register_request_cb(channel=CHANNEL, topic=TOPIC, cb=self.answer)
            cell.register_request_cb(channel=CHANNEL, topic=HELLO, cb=lambda message: make_reply(ReturnCode.OK, body=b"here"))
            self.logger.info("ready for messages of the coordinator")
        if event_type == EventType.SYSTEM_END and self.process:
            self.process.end()

    def answer(self, message: Message) -> Message:
        """The agent's reply."""
        body, origin = message.payload, message.get_header(MessageHeaderKey.ORIGIN)
        if origin != FQCN.ROOT_SERVER or not isinstance(body, bytes) or len(body) > MOST:
            self.logger.warning("refused a message that is not the coordinator's")
            return make_reply(ReturnCode.UNAUTHENTICATED, body=b"")
        with self.lock:
            answer = self._asked(body, float(message.get_header("deadline", DEADLINE)))
        return make_reply(ReturnCode.OK if answer.state == "reply" else ReturnCode.PROCESS_EXCEPTION, body=answer.body)

    def _asked(self, body: bytes, deadline: float) -> Answer:
        """Of a process that stays for the next message."""
        if self.process is None or not self.process.alive:
            self.process = SiteProcess(self.spec, self.site)
        answer = self.process.ask(body, deadline)
        if not self.process.alive:
            self.process.end()
        return answer
