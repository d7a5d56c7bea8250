"""Public lists in CSV files beside the spec: values of a column, keys of a reference table."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path

from specs.lang.problems import did_you_mean, quoted
from specs.lang.text import forbidden

MOST_BYTES, MOST_VALUES, MOST_LENGTH = 1024 * 1024, 2_000, 200


class SeedError(Exception):
    """Why a CSV file cannot be used, in words for the user."""


@dataclass
class Seeds:
    """Reads CSV files below `folder`; remembers what they held, for the digest of the spec."""

    folder: Path
    digests: dict[str, str] = field(default_factory=dict)

    def values(self, name: str, column: str | None = None) -> tuple[str, ...]:
        """The distinct entries of a column (the first one if `column` is None). Raises SeedError."""
        found, seen = self.cells(name, column), set[str]()
        for row, value in enumerate(found, 2):
            if not value:
                raise SeedError(f"{quoted(name)}, row {row}: an empty value")
            if value in seen:
                raise SeedError(f"{quoted(name)}, row {row}: {quoted(value)} is there twice")
            seen.add(value)
        return found

    def cells(self, name: str, column: str | None = None) -> tuple[str, ...]:
        """All entries of a column below the header; they may be empty. Raises SeedError."""
        rows = self._rows(name)
        header = rows[0] if rows else []
        if column is not None and header.count(column) != 1:
            hint = did_you_mean(column, header)
            raise SeedError(f"{quoted(name)} has no column {quoted(column)} in its first line. {hint}".strip())
        place = header.index(column) if column is not None else 0
        found = tuple(row[place] for row in rows[1:])
        if not found:
            raise SeedError(f"{quoted(name)} has no rows below its header")
        if len(found) > MOST_VALUES:
            raise SeedError(f"{quoted(name)} has more than {MOST_VALUES} rows")
        for row, value in enumerate(found, 2):
            if len(value) > MOST_LENGTH or any(forbidden(c) or c in "\r\n" for c in value):
                raise SeedError(f"{quoted(name)}, row {row}: a value that is too long, or with control characters")
        return found

    def _rows(self, name: str) -> list[list[str]]:
        raw = self._bytes(name)
        self.digests[name] = hashlib.sha256(raw).hexdigest()
        try:
            rows = [row for row in csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline=""), strict=True) if row]
        except (UnicodeDecodeError, csv.Error):
            raise SeedError(f"{quoted(name)} is not a CSV file in UTF-8") from None
        if any(len(row) != len(rows[0]) for row in rows):
            raise SeedError(f"{quoted(name)} has rows of different length")
        return rows

    def _bytes(self, name: str) -> bytes:
        """The file's content; it must lie below the spec's folder, also when links are followed."""
        path = Path(name)
        if (
            path.is_absolute()
            or ".." in path.parts
            or "\\" in name
            or ":" in name
            or any(forbidden(c) or c == "\n" for c in name)
        ):
            raise SeedError(f"{quoted(name)} is not a path below the spec's folder")
        try:
            real = (self.folder / path).resolve(strict=True)
            if not real.is_relative_to(self.folder.resolve()):
                raise SeedError(f"{quoted(name)} leads out of the spec's folder")
            if not real.is_file():
                raise SeedError(f"{quoted(name)} is not a file")
            with real.open("rb") as file:
                raw = file.read(MOST_BYTES + 1)
        except (OSError, ValueError, RuntimeError):
            raise SeedError(f"there is no readable file {quoted(name)} below the spec's folder") from None
        if len(raw) > MOST_BYTES:
            raise SeedError(f"{quoted(name)} is longer than {MOST_BYTES // 1024} KiB")
        return raw
