"""Reads a spec file: text, YAML, shape, meaning; a `Study`, or everything that is wrong."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specs.lang.conditions import constraints, with_derived
from specs.lang.document import document
from specs.lang.mend import mended
from specs.lang.notes import Notes
from specs.lang.paths import Folder
from specs.lang.seeds import Seeds
from specs.lang.settings import federation, outputs, privacy, rows, sites
from specs.lang.shape import check, schema
from specs.lang.tables import tables
from specs.lang.text import load
from specs.lang.types import Generator, Study


def read(path: Path, environ: Mapping[str, str] = os.environ) -> Study:
    """The study in the file at `path`; `{env:NAME}` is taken from `environ`. No database is opened.

    Raises specs.lang.problems.SpecError with all problems; only text that is not YAML stops at the first one.
    """
    notes = Notes(document(str(path), load(path)))
    data = notes.document.data
    check(notes)
    if notes.problems:
        data = mended(data, schema())
        if data is None:
            notes.stop()
    study = _study(notes, data, Path(path), environ)
    notes.stop()
    return study


def _study(notes: Notes, said: dict[str, Any], path: Path, environ: Mapping[str, str]) -> Study:
    folder, seeds, unit = Folder(path.parent), Seeds(path.parent), said["privacy"]["unit"]
    hospitals = sites(notes, said["sites"], folder, environ)
    found = with_derived(notes, tables(notes, said["tables"], unit, seeds))
    return Study(
        name=said["spec"],
        file=str(path),
        digest=_digest(said, seeds),
        tables=found,
        sites=hospitals,
        privacy=privacy(notes, said["privacy"]),
        outputs=outputs(notes, said.get("outputs", {}), said["spec"], folder, hospitals),
        about=said.get("about", ""),
        seed=int(said.get("seed", 0)),
        rows=rows(notes, said.get("rows", {}), found, unit),
        constraints=constraints(notes, said.get("constraints", []), found),
        generator=Generator(**said.get("generator", {})),
        federation=federation(notes, said.get("federation", {}), len(said["sites"])),
    )


def _digest(said: dict[str, Any], seeds: Seeds) -> str:
    """SHA-256 of what the spec and its CSV files say; comments and layout do not matter, the order of keys does."""
    text = json.dumps([said, sorted(seeds.digests.items())], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
