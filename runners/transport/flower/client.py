"""Flower's ClientApp at a hospital: hands a message to the agent's local socket, and brings the reply back. It reads neither.

The SuperNode's configuration names `site` and `agent`, the socket of `wardloom site serve`.
"""

from __future__ import annotations

from socket import AF_UNIX, SOCK_STREAM, socket

from flwr.app import ConfigRecord, Context, Message, RecordDict
from flwr.clientapp import ClientApp

from runners.transport.frames import read_frame, write_frame

RECORD = "wardloom"
app = ClientApp()


@app.query()  # type: ignore[untyped-decorator]
def answer(message: Message, context: Context) -> Message:
    """Who is here, or what the agent says."""
    said, site = message.content[RECORD], str(context.node_config["site"])
    found: dict[str, str | bytes] = {"site": site}
    if said["body"]:
        found |= asked(str(context.node_config["agent"]), bytes(said["body"]))
    return Message(RecordDict({RECORD: ConfigRecord(found)}), reply_to=message)


def asked(agent: str, body: bytes) -> dict[str, str | bytes]:
    """The agent's state and bytes; `missing` when nobody listens at its socket."""
    with socket(AF_UNIX, SOCK_STREAM) as line:
        try:
            line.connect(agent)
            with line.makefile("rwb") as stream:
                write_frame(stream, body)
                return {"state": read_frame(stream).decode(), "body": read_frame(stream)}
        except (OSError, EOFError, ValueError):
            return {"state": "missing", "body": b""}
