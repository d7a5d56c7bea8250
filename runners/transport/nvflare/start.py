"""Starting NVFLARE's own programs from a startup kit, as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from runners.places import HOUSE

SERVER = "nvflare.private.fed.app.server.server_train"
CLIENT = "nvflare.private.fed.app.client.client_train"


def server(kit: Path) -> list[str]:
    """The command that runs the coordinator's server."""
    settings = ["secure_train=true", "org=wardloom", "config_folder=config"]
    return [sys.executable, "-u", "-m", SERVER, "-m", str(kit), "-s", "fed_server.json", "--set", *settings]


def client(kit: Path, site: str) -> list[str]:
    """The command that runs a hospital's client."""
    settings = ["secure_train=true", f"uid={site}", "org=hospital", "config_folder=config"]
    return [sys.executable, "-u", "-m", CLIENT, "-m", str(kit), "-s", "fed_client.json", "--set", *settings]


def started(command: list[str], log: Path) -> subprocess.Popen[bytes]:
    """The command in a session of its own, what it says in a private file; it ends when this process does (`leash.py`)."""
    with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as out:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out, env=environment(), start_new_session=True)


def environment() -> dict[str, str]:
    """This environment, with the packages of this house first, failed TLS handshakes in the log, and fewer memory arenas."""
    paths = [str(HOUSE), os.environ.get("PYTHONPATH", "")]
    defaults = {"MALLOC_ARENA_MAX": "2", "GRPC_VERBOSITY": "INFO"}
    return defaults | os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)}
