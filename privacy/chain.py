"""An append-only file of JSON lines in which every line vouches for all lines before it.

A line holds facts, its number from 1, and SHA-256 over the previous line's hash and its own canonical JSON. Edited, reordered
and missing lines break the chain. A chain cannot tell that its last lines were cut off, so a head file beside it names the
last acknowledged line; whoever can put back an old ledger together with its old head can still roll it back, and only a copy
of a later hash kept elsewhere (`Chain.verify` returns it) proves that.

Order of writing: the line, fsync, the head, fsync; only then is an append acknowledged. So a line beyond the head, whole or
torn, was never acted upon.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from privacy.files import put, read, sync
from privacy.links import START, Broken, Fact, Link, line, link, linked, named

TORN = "does not verify: its last line is incomplete, a crash cut it off before it counted. Ledger.mend() removes that line"


@dataclass
class Chain:
    """A chain file. All methods raise `Broken` when the file or its head does not verify, and OSError from the disk."""

    path: Path

    @property
    def head(self) -> Path:
        """The file that names the last acknowledged line."""
        return self.path.with_name(self.path.name + ".head")

    def create(self, facts: Mapping[str, Fact]) -> None:
        """Starts the chain with one line. Raises FileExistsError when there is one; no second writer can start it too."""
        self.vacant()
        put(self.path, line(START, 1, facts), replace=False)

    def vacant(self) -> None:
        """Raises Broken where a chain was, and its file is gone."""
        if self.head.exists() and not self.path.exists():
            raise Broken("does not verify: the file is gone, but its head is still there")

    def links(self) -> tuple[Link, ...]:
        """All lines, verified."""
        with self._locked(os.O_RDONLY, fcntl.LOCK_SH) as handle:
            return self._read(handle)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Verified lines and the right to append; other processes wait."""
        with self._locked(os.O_RDWR, fcntl.LOCK_EX) as handle:
            writer = Writer(self, handle, self._read(handle))
            writer.seal()
            yield writer

    def mend(self) -> bool:
        """Removes an incomplete last line if it was never acknowledged; returns whether there was one."""
        with self._locked(os.O_RDWR, fcntl.LOCK_EX) as handle:
            data = _all(handle)
            whole = data.rfind(b"\n") + 1
            if whole == len(data):
                return False
            self._parsed(data[:whole])
            os.ftruncate(handle, whole)
            os.fsync(handle)
            return True

    @contextmanager
    def _locked(self, flags: int, lock: int) -> Iterator[int]:
        try:
            handle = os.open(self.path, flags | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            raise Broken("does not verify: the file is gone") from None
        try:
            fcntl.flock(handle, lock)
            yield handle
        finally:
            os.close(handle)

    def _read(self, handle: int) -> tuple[Link, ...]:
        data = _all(handle)
        if not data.endswith(b"\n"):
            raise Broken(TORN if data else "does not verify: the file is empty")
        return self._parsed(data)

    def _parsed(self, data: bytes) -> tuple[Link, ...]:
        links = linked(data)
        known = read(self.head)
        if known is None and len(links) > 1:
            raise Broken("does not verify: its head file is gone")
        if known is not None and known.decode(errors="replace") not in {named(one) for one in links}:
            raise Broken("does not verify: acknowledged lines are missing, an older copy was put back")
        return links


@dataclass
class Writer:
    """The right to append, as long as the lock is held."""

    chain: Chain
    handle: int
    links: tuple[Link, ...]

    def append(self, facts: Mapping[str, Fact]) -> Link:
        """Adds a line; it is on disk, and acknowledged, when this returns. A line that cannot be written whole is taken back."""
        end = os.lseek(self.handle, 0, os.SEEK_END)
        added = line(self.links[-1].hash, len(self.links) + 1, facts)
        try:
            _write(self.handle, added)
            os.fsync(self.handle)
        except OSError:
            os.ftruncate(self.handle, end)
            raise
        self.links = (*self.links, link(added, self.links[-1].hash, len(self.links) + 1))
        self.seal()
        return self.links[-1]

    def seal(self) -> None:
        """The head names the last line."""
        last = named(self.links[-1]).encode()
        if read(self.chain.head) != last:
            put(self.chain.head, last)
            sync(self.chain.path.parent)


def _all(handle: int) -> bytes:
    size = os.fstat(handle).st_size
    return os.pread(handle, size, 0)


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]
