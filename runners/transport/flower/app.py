"""The relay as a Flower app: a folder that `flwr run` submits. Nothing of Wardloom but these few files travels with it."""

from __future__ import annotations

import shutil
from pathlib import Path

from runners.places import HOUSE

FILES = (
    "runners/__init__.py",
    "runners/transport/__init__.py",
    "runners/transport/frames.py",
    "runners/transport/flower/__init__.py",
    "runners/transport/flower/client.py",
    "runners/transport/flower/server.py",
)
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "wardloom-relay"
version = "1.0.0"
description = "Carries Wardloom's messages between a coordinator and hospitals' agents. It reads none of them."
license = "Apache-2.0"
dependencies = ["flwr>=1.32,<1.33"]

[tool.hatch.build.targets.wheel]
packages = ["runners"]

[tool.flwr.app]
publisher = "wardloom"

[tool.flwr.app.components]
serverapp = "runners.transport.flower.server:app"
clientapp = "runners.transport.flower.client:app"

[tool.flwr.app.config]
socket = ""
"""


def make_app(folder: Path) -> Path:
    """Writes the app into a folder that is not there yet; always the same bytes for one version."""
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(HOUSE / name, folder / name)
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    return folder
