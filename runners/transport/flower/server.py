"""Flower's ServerApp at the coordinator: carries messages from `wardloom run` to hospitals' SuperNodes, and replies back.

It connects to the socket of `wardloom run`. An exchange begins with a line of JSON: `sites`, `deadline` and `join` (seconds to
wait for a site that is not there yet); then a frame for each site. For each comes back, as soon as it is there, its name, the
answer's state and its bytes, a frame each. When `wardloom run` hangs up, the app ends.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from socket import AF_UNIX, SOCK_STREAM, socket
from typing import Any

from flwr.app import ConfigRecord, Context, Message, MessageType, RecordDict
from flwr.serverapp import Grid, ServerApp

from runners.transport.frames import Pipe, read_frame, write_frame

RECORD = "wardloom"
HELLO, LOOK = 60.0, 0.2
"""Seconds that a node has to say which site it is, and between two looks."""
app = ServerApp()


@app.main()  # type: ignore[untyped-decorator]
def main(grid: Grid, context: Context) -> None:
    """Serves exchanges until there are no more."""
    with socket(AF_UNIX, SOCK_STREAM) as line:
        line.connect(str(context.run_config["socket"]))
        with line.makefile("rwb") as stream:
            relay = Relay(grid, stream)
            while head := stream.readline():
                said = json.loads(head)
                relay.exchange({site: read_frame(stream) for site in said["sites"]}, said["deadline"], said["join"])


class Relay:
    """Which node is which site, as the nodes themselves said; the first that claims a site keeps it."""

    def __init__(self, grid: Grid, stream: Pipe) -> None:
        self.grid, self.stream = grid, stream
        self.nodes: dict[str, int] = {}

    def exchange(self, bodies: Mapping[str, bytes], deadline: float, join: float) -> None:
        """One answer for each site, at most `deadline` seconds after the last one joined or failed to."""
        until = time.monotonic() + join
        while set(bodies) - set(self.nodes) and time.monotonic() < until:
            self._greet()
            time.sleep(LOOK)
        sent = {site: self._message(self.nodes[site], body, deadline) for site, body in bodies.items() if site in self.nodes}
        names = dict(zip(self.grid.push_messages(sent.values()), sent, strict=True))
        until = time.monotonic() + deadline
        while names and time.monotonic() < until:
            for reply in self.grid.pull_messages(list(names)):
                self._say(names.pop(reply.metadata.reply_to_message_id), reply)
            time.sleep(LOOK)
        for site in [*names.values(), *(set(bodies) - set(sent))]:
            self._say(site, None)

    def _greet(self) -> None:
        """Asks nodes that are new which site they are."""
        new = [node for node in self.grid.get_node_ids() if node not in self.nodes.values()]
        replies = self.grid.send_and_receive([self._message(node, b"", HELLO) for node in new], timeout=HELLO) if new else ()
        for reply in replies:
            if not reply.has_error():
                self.nodes.setdefault(str(reply.content[RECORD]["site"]), reply.metadata.src_node_id)

    def _message(self, node: int, body: bytes, seconds: float) -> Message:
        content = RecordDict({RECORD: ConfigRecord({"body": body})})
        return Message(content, dst_node_id=node, message_type=MessageType.QUERY, ttl=seconds)

    def _say(self, site: str, reply: Any) -> None:
        found = None if reply is None or reply.has_error() else reply.content[RECORD]
        write_frame(self.stream, site.encode())
        write_frame(self.stream, str(found["state"]).encode() if found else b"missing")
        write_frame(self.stream, bytes(found["body"]) if found else b"")
