"""A program that is not to outlive the one that started it: when its standard input ends, it ends."""

from __future__ import annotations

import os
import signal
import threading
import time

PATIENCE = 10.0
"""Seconds between asking and forcing."""


def leash() -> None:
    """Watches from now on."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE)
    os.kill(os.getpid(), signal.SIGKILL)
