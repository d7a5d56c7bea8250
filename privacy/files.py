"""Private files that are on disk, whole, or not there at all. Only their owner can read them (mode 0600)."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp


def put(file: Path, data: bytes, replace: bool = True) -> None:
    """Writes `file` and waits for the disk. Raises FileExistsError when it is there and `replace` is false."""
    handle, name = mkstemp(prefix=f".{file.name[:40]}.", dir=file.parent)  # mkstemp's mode is 0600
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
        if replace:
            part.replace(file)
        else:
            file.hardlink_to(part)
        sync(file.parent)
    finally:
        part.unlink(missing_ok=True)


def read(file: Path) -> bytes | None:
    """The bytes of a file, None if there is none."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None


def sync(folder: Path) -> None:
    """Waits until the names in a folder are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
