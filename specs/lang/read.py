"""From a YAML file to a `Study`, or to all its problems at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from specs.lang import sections
from specs.lang.document import Document, document
from specs.lang.governance import check_keys, governance
from specs.lang.notes import Notes
from specs.lang.problems import SpecError
from specs.lang.rules import constraints, with_derived
from specs.lang.seeds import Seeds
from specs.lang.shape import checked, schema
from specs.lang.tables import tables
from specs.lang.text import load
from specs.lang.types import Generator, Study

__all__ = ["SpecError", "parse", "read"]


def read(path: Path, environ: Mapping[str, str] = os.environ) -> Study:
    """The checked study in a file. Raises SpecError with all problems, OSError when the file cannot be read."""
    return parse(str(path), load(path), environ)


def parse(file: str, text: str, environ: Mapping[str, str] = os.environ) -> Study:
    """The checked study in a text that stands in `file`. Raises SpecError with all problems."""
    notes = Notes(document(file, text))
    return _study(notes, checked(notes, schema(), "a spec"), file, environ)


def _study(notes: Notes, said: dict[str, Any], file: str, environ: Mapping[str, str]) -> Study:
    folder = Path(file).parent
    seeds = Seeds(folder)
    hospitals = sections.sites(notes, said["sites"], folder, environ)
    privacy = sections.privacy(notes, said["privacy"])
    made = with_derived(notes, tables(notes, said["tables"], privacy, seeds))
    study = Study(
        name=said["spec"],
        file=file,
        digest=digest(notes.document, seeds.digests),
        tables=made,
        sites=hospitals,
        privacy=privacy,
        outputs=sections.outputs(notes, said.get("outputs", {}), said["spec"], folder, hospitals),
        about=said.get("about", ""),
        seed=int(said.get("seed", 0)),
        rows=sections.rows(notes, said.get("rows", {}), privacy.unit),
        constraints=constraints(notes, said.get("constraints", []), made),
        generator=sections.generator(notes, said.get("generator", {}), privacy, made),
        federation=sections.federation(notes, said.get("federation", {}), len(said["sites"])),
        governance=governance(notes, said.get("governance", {}), hospitals, made.get(privacy.unit)),
    )
    check_keys(notes, hospitals, study.federation.transport)
    if study.generator.finds_bins and study.outputs.adds_to:
        notes.say(("outputs", "adds_to"), "bins are found from one batch of patients", "leave it out")
    notes.stop()
    return study


def digest(found: Document, seeds: Mapping[str, str]) -> str:
    """SHA-256 of what the document says and of the CSV files it names; comments, spelling and places do not matter.

    Nor does the generator: hospitals are asked the same whichever learns from their sums, so changing it costs nothing. But
    one that trains asks more of them, and one that finds bins something else.
    """
    generator = Generator(found.data.get("generator", {}).get("name", "marginal"))
    own = generator.trains or generator.finds_bins
    said = {key: value for key, value in found.data.items() if key != "generator" or own}
    whole = {"spec": said, "files": dict(seeds)} if seeds else said
    text = json.dumps(whole, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
