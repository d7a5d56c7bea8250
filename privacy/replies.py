"""Replies a site has sent, or is about to send: kept, so that asking again never draws noise again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from privacy.files import put, read, sync


@dataclass(frozen=True)
class Replies:
    """A private folder (mode 0700) with one file for each answered spend, named by the hash of its ledger line."""

    folder: Path

    def put(self, name: str, reply: bytes) -> str:
        """Keeps a reply on disk and returns its SHA-256."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700)
            sync(self.folder.parent)
        put(self.folder / name, reply)
        return hashlib.sha256(reply).hexdigest()

    def get(self, name: str, sha256: str) -> bytes | None:
        """The reply, or None if it is not there as it was kept."""
        reply = read(self.folder / name)
        return reply if reply is not None and hashlib.sha256(reply).hexdigest() == sha256 else None

    def names(self) -> set[str]:
        """All kept replies; names that start with a dot are unfinished files of a crash."""
        return {f.name for f in self.folder.iterdir() if not f.name.startswith(".")} if self.folder.is_dir() else set()
