"""Files and folders a spec names: relative to its own folder, with environment variables filled in."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from specs.lang.problems import quoted
from specs.lang.text import forbidden

PLACEHOLDER = re.compile(r"\{env:([A-Za-z_][A-Za-z0-9_]{0,100})\}")
ELSEWHERE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:|:")


class PathError(Exception):
    """Why a path cannot be used, in words for the user."""


@dataclass(frozen=True)
class Folder:
    """The folder of a spec file."""

    path: Path

    def database(self, said: str, environ: Mapping[str, str]) -> str:
        """The path of a site's DuckDB file. Raises PathError."""
        if re.search(r"[{}]", PLACEHOLDER.sub("", said)):
            raise PathError("an environment variable is written as `{env:NAME}`")
        for name in PLACEHOLDER.findall(said):
            if not environ.get(name):
                raise PathError(f"the environment variable {quoted(name)} is not set")
        found = PLACEHOLDER.sub(lambda match: environ[match.group(1)], said)
        if ELSEWHERE.match(found):
            raise PathError("a site's database is a DuckDB file, not an address")
        return self._inside(found)

    def release(self, said: str) -> str:
        """The path of a release's directory: never the spec's folder or one above it. Raises PathError."""
        found = self._inside(said)
        if real(str(self.path)).is_relative_to(real(found)):
            raise PathError("a release needs a directory of its own")
        return found

    def _inside(self, said: str) -> str:
        if said.startswith("~"):
            raise PathError("`~` is not filled in: write the path, or `{env:HOME}`")
        if any(forbidden(c) or c in "\r\n" for c in said) or not said.strip():
            raise PathError("this is not a path")
        return os.path.normpath(self.path / PurePath(said))


def real(path: str) -> Path:
    """The path without links, also when nothing is there."""
    return Path(os.path.realpath(path))
