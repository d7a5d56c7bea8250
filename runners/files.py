"""Files that are whole or not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any


def write_atomic(file: Path, put: Callable[[Path], None]) -> None:
    """`put` writes a neighbour of `file`; only when it is whole and on disk does it take the name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        put(part)
        _sync(part)
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def write_json(file: Path, document: Any) -> None:
    """A JSON file, whole or not at all."""
    write_text(file, json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


def write_text(file: Path, text: str) -> None:
    """A text file, whole or not at all."""

    def put(part: Path) -> None:
        part.write_text(text, encoding="utf-8")

    write_atomic(file, put)


def read_json(file: Path) -> Any:
    """The document, or None when there is none or it is not JSON."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def sha256(file: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    with open(file, "rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def swap(built: Path, place: Path) -> None:
    """`built` takes the name `place`; the directory that had it goes. `restore` mends a swap that was cut short."""
    old = _old(place)
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.rename(place, old)
    os.rename(built, place)
    _sync(place.parent)
    shutil.rmtree(old, ignore_errors=True)


def restore(place: Path) -> None:
    """Brings the previous directory back when a swap ended between its two renames."""
    if _old(place).exists() and not place.exists():
        os.rename(_old(place), place)


def _old(place: Path) -> Path:
    return place.with_name(f".{place.name}.previous")


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
