"""Whether a release is as it was written: every file its manifest names, no other, and the facts its database holds.

A manifest is not signed: who can write the files can write a manifest that fits them. It finds what was changed, lost or added
by accident or after the release was handed on, as long as the manifest's own SHA-256 is known from elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import yaml

from generators.marginal.model import Model
from privacy.links import Broken
from runners.errors import DATA, NO_TABLES, WRONG, Stop
from runners.files import read_json, sha256
from runners.release import BINS, MANIFEST, load_model
from specs.lang.types import Study


def check(folder: Path) -> str:
    """The SHA-256 of the manifest. Raises Broken with the first file that is not as the manifest says."""
    said = read_json(folder / MANIFEST)
    files = said.get("files") if isinstance(said, dict) else None
    if not isinstance(files, dict) or not files:
        raise Broken(f"{MANIFEST}: does not verify: it is not the manifest of a release")
    for name, facts in sorted(files.items()):
        _one(folder, name, facts)
    for name in _present(folder):
        if name not in files:
            raise Broken(f"{name}: does not verify: the manifest does not know it")
    _facts(folder, files, {key: value for key, value in said.items() if key != "files"})
    return sha256(folder / MANIFEST)


def released_model(folder: Path, study: Study) -> Model | None:
    """The model of the release in `folder`; None when there is none of this spec.

    Raises Stop when a file of it is not the one that was released, or when the study has no tables.
    """
    if study.generator.finds_bins:
        raise Stop(WRONG, NO_TABLES.format(study.name))
    said = read_json(folder / MANIFEST)
    files = said.get("files", {}) if isinstance(said, dict) else {}
    if said is None or said.get("digest") != study.digest:
        return None
    try:
        for name in ("model/model.json", "model/arrays.npz"):
            _one(folder, name, files.get(name))
    except Broken as broken:
        raise Stop(DATA, f"{folder}: {broken}\n  copy the release again, or run the study again") from None
    return load_model(folder / "model", study)


def _one(folder: Path, name: str, facts: Any) -> None:
    path, steps = folder / name, PurePosixPath(name)
    if steps.is_absolute() or ".." in steps.parts or not isinstance(facts, dict):
        raise Broken(f"{MANIFEST}: does not verify: it names a file outside of the release, or says nothing about one")
    if path.is_symlink() or not path.is_file():
        raise Broken(f"{name}: does not verify: it is gone")
    if path.stat().st_size != facts.get("bytes") or sha256(path) != facts.get("sha256"):
        raise Broken(f"{name}: does not verify: it is not the file that was released")


def _present(folder: Path) -> Iterator[str]:
    found = (f.relative_to(folder).as_posix() for f in sorted(folder.rglob("*")) if f.is_symlink() or not f.is_dir())
    return (name for name in found if name != MANIFEST)


def _facts(folder: Path, files: Mapping[str, Any], said: Mapping[str, Any]) -> None:
    """What the manifest says about the release, against `wardloom.facts` in its database, or against the bins it found."""
    if said.get("generator") == "bins":
        return _bins(folder, said)
    name = f"{said.get('spec')}.duckdb"
    if name not in files:
        raise Broken(f"{MANIFEST}: does not verify: it names no database of the spec {said.get('spec')}")
    try:
        with duckdb.connect(str(folder / name), read_only=True, config={"enable_external_access": "false"}) as connection:
            held = dict(connection.execute("SELECT name, value FROM wardloom.facts").fetchall())
    except duckdb.Error:
        raise Broken(f"{name}: does not verify: its facts cannot be read") from None
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in said.items()}
    said_otherwise = {key for key in held.keys() & texts.keys() if _plain(held[key]) != _plain(texts[key])}
    wrong = sorted(held.keys() ^ texts.keys() | said_otherwise)
    if wrong:
        raise Broken(f"{MANIFEST}: does not verify: its `{wrong[0]}` is not what the database says")


def _bins(folder: Path, said: Mapping[str, Any]) -> None:
    try:
        tables = yaml.safe_load((folder / BINS).read_text(encoding="utf-8"))["tables"]
        held = {name: column["bins"] for table in tables.values() for name, column in table["columns"].items()}
        told = {name: edges for name, edges in said["bins"].items() if edges}
    except (OSError, yaml.YAMLError, TypeError, KeyError, AttributeError):
        raise Broken(f"{BINS}: does not verify: its bins, or those of the manifest, cannot be read") from None
    if held != told:
        raise Broken(f"{MANIFEST}: does not verify: its `bins` are not what {BINS} says")


def _plain(text: str) -> Any:
    """JSON by its meaning: a manifest sorts its keys, the database does not."""
    try:
        return json.loads(text)
    except ValueError:
        return text
