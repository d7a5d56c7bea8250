"""The sections of a spec beside its tables: sites, privacy, federation, rows, outputs, generator."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from specs.lang.corrects import corrects
from specs.lang.names import RESERVED_SCHEMAS, check_name
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.quorum import threshold
from specs.lang.sought import sought
from specs.lang.types import Budget, Federation, Generator, Outputs, Privacy, Site, Table, Trial

Said = Mapping[str, Any]
FEW = {"measure": 0.98, "rounds": 12}
"""Where a budget is spent on a few dozen weights: they are known well from little."""
VARIABLE = re.compile(r"\{env:([A-Za-z_][A-Za-z0-9_]*)\}")


def sites(notes: Notes, said: Said, folder: Path, environ: Mapping[str, str]) -> dict[str, Site]:
    """The hospitals; their databases as absolute paths."""
    found: dict[str, Site] = {}
    owners: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, site in said.items():
        path = ("sites", name)
        other = names.setdefault(name.replace("-", "_"), name)
        if other != name:
            notes.say(path, f"{quoted(name)} and {quoted(other)} are too alike", "they differ in more than - and _", True)
        database = _database(notes, (*path, "database"), site["database"], folder, environ)
        if database is not None:
            first = owners.setdefault(str(_real(database)), name)
            if first != name:
                hint = "a patient would be counted at both; each site has a database of its own"
                notes.say((*path, "database"), f"{quoted(name)} reads the same database as {quoted(first)}", hint)
        if "schema" in site:
            check_name(notes, (*path, "schema"), site["schema"])
        found[name] = Site(
            name,
            database or "",
            site.get("schema", "main"),
            site.get("data_version", "1"),
            _budget(site.get("budget")),
            site.get("key"),
        )
    return found


def privacy(notes: Notes, said: Said) -> Privacy:
    """A budget, or the reason why there is none."""
    budget = {k for k in ("epsilon", "delta") if k in said}
    if "none" in said and budget:
        hint = "either a budget, or `none` with the reason why these data are public"
        notes.say(("privacy", "none"), "`none` beside epsilon or delta", hint, True)
    elif "none" in said and not said["none"].strip():
        notes.say(("privacy", "none"), "no reason is given", "say why these data are public")
    elif "none" not in said and len(budget) < 2:
        missing = " and ".join(f"`{k}`" for k in ("epsilon", "delta") if k not in budget)
        notes.say(
            ("privacy",), f"missing: {missing}", "there is no default; for public data say `none: why they are public`", True
        )
    full = _budget(said) if len(budget) == 2 else None
    return Privacy(said["unit"], full, said.get("none"))


def generator(notes: Notes, said: Said, privacy: Privacy, tables: Mapping[str, Table]) -> Generator:
    """Which generator learns. What the spec leaves open hangs on whether rounds train a network or correct chains."""
    few = corrects(said.get("name", ""), privacy, tables)
    plain = Generator(**{**(FEW if few else {}), **{key: value for key, value in said.items() if key != "sweep"}})
    common = {"rounds": plain.rounds, "width": plain.width, "depth": plain.depth}
    found = replace(plain, sweep=tuple(Trial(**{**common, **trial}) for trial in said.get("sweep", [])))
    if len(set(found.sweep)) < len(found.sweep):
        notes.say(("generator", "sweep"), "two trials are the same", "each spends its own part of the budget", True)
    for word in ("measure", "rounds", "width", "depth", "federated", "sweep"):
        if word in said and not found.trains:
            notes.say(("generator", word), f"{quoted(found.name)} does not train", "leave it out, or name a generator that does")
    if found.finds_bins:
        _finds_bins(notes, privacy, tables)
    if found.name == "ctgan" and privacy.budget:
        notes.say(("generator",), "ctgan has no private training", "choose `tvae` or `diffusion`", True)
    if privacy.budget and said.get("federated") == "averaging":
        hint = "leave it out: with a budget a round is a sum of patients' clipped gradients"
        notes.say(("generator", "federated"), "federated averaging has no private training", hint)
    if (found.name, found.federated) == ("ctgan", "sgd"):
        notes.say(("generator", "federated"), "ctgan has no gradient of single patients", "leave it out, or choose `tvae`")
    return found


def _finds_bins(notes: Notes, privacy: Privacy, tables: Mapping[str, Table]) -> None:
    """Bins are found for patients alone, and only where there are more numbers than default bins tell apart."""
    for table in tables.values():
        if table.parent:
            hint = "leave this one out of the spec that finds them"
            notes.say(("tables", table.name), "bins are found for the patients' own table", hint, True)
    unit = tables.get(privacy.unit)
    if unit and not sought(unit):
        hint = "bins are sought for columns with a `range` of more than 256 numbers"
        notes.say(("generator", "name"), f"no column of {quoted(unit.name)} to find bins for", hint)


def federation(notes: Notes, said: Said, sites: int) -> Federation:
    """How the sites are joined."""
    found = Federation(
        said.get("transport", "embedded"),
        int(said.get("min_sites", 1)),
        int(said.get("dropouts", 0)),
        int(said.get("colluders", 0)),
    )
    count = f"{sites} site{'s' if sites != 1 else ''}"
    if found.min_sites > sites:
        notes.say(("federation", "min_sites"), f"{found.min_sites} sites at least, and the spec has {count}")
    if found.dropouts + found.colluders >= sites:
        word = "dropouts" if found.dropouts >= found.colluders else "colluders"
        message = f"{found.dropouts} dropouts and {found.colluders} colluders of {count}: nobody would be left to add noise"
        notes.say(("federation", word), message, "their sum is less than the number of sites")
    stay = threshold(sites, found.colluders)
    if found.dropouts > sites - stay >= 0 and found.dropouts + found.colluders < sites:
        message = f"{found.dropouts} dropouts of {count}: {stay} must stay to take the masks off their sum"
        notes.say(("federation", "dropouts"), message, f"at most {sites - stay}")
    if found.min_sites > sites - found.dropouts and found.min_sites <= sites:
        notes.say(
            ("federation", "min_sites"), f"with {found.dropouts} dropouts of {count} there are fewer than {found.min_sites}"
        )
    return found


def rows(notes: Notes, said: Said, unit: str) -> dict[str, int]:
    """How many patients to make."""
    for name in said:
        if name != unit:
            hint = did_you_mean(name, [unit]) or "the numbers of rows below a patient are learned"
            notes.say(("rows", name), f"only {quoted(unit)} has a number of rows", hint, True)
    return {name: int(number) for name, number in said.items()}


def outputs(notes: Notes, said: Said, study: str, folder: Path, hospitals: Mapping[str, Site]) -> Outputs:
    """Where the release goes, as an absolute path. A release replaces the last one, so nothing else may lie there."""
    directory = said.get("directory", f"../out/{study}")
    if "{" in directory or "://" in directory or not directory.isprintable():
        notes.say(("outputs", "directory"), f"{quoted(directory)} is not a directory", "a path from the spec file's folder")
    schema = said.get("schema", "synthetic")
    check_name(notes, ("outputs", "schema"), schema)
    if schema.casefold() in RESERVED_SCHEMAS:
        notes.say(("outputs", "schema"), f"the schema {quoted(schema)} is used for something else", "e.g. `synthetic`")
    made = os.path.abspath(folder / directory)
    for inner, what in [
        (str(folder), "the spec"),
        *((s.database, f"the database of {quoted(s.name)}") for s in hospitals.values()),
    ]:
        if inner and _real(inner).is_relative_to(_real(made)):
            notes.say(("outputs", "directory"), f"{what} lies in this directory", "a release needs a directory of its own")
    before = os.path.abspath(folder / said["adds_to"]) if "adds_to" in said else None
    if before and _real(before) == _real(made):
        notes.say(("outputs", "adds_to"), "a release cannot add to the one it replaces", "give `directory` another name")
    return Outputs(made, schema, before)


def _real(path: str) -> Path:
    """The path without links, also when nothing is there."""
    return Path(os.path.realpath(path))


def _budget(said: Said | None) -> Budget | None:
    return Budget(float(said["epsilon"]), float(said["delta"])) if said else None


def _database(notes: Notes, path: tuple[str, ...], said: str, folder: Path, environ: Mapping[str, str]) -> str | None:
    """The absolute path of a database. What a variable holds is never shown."""
    missing = [name for name in VARIABLE.findall(said) if not environ.get(name)]
    if missing:
        notes.say(path, f"the environment variable {quoted(missing[0])} is not set", "it says where this site's database is")
        return None
    if set(VARIABLE.sub("", said)) & set("{}"):
        notes.say(path, f"{quoted(said)} has braces that name no variable", "write {env:NAME}")
        return None
    filled = VARIABLE.sub(lambda match: environ[match[1]], said)
    if "://" in filled or filled.startswith((":", "md:", "~")) or not filled.isprintable() or filled.endswith(("/", "\\")):
        notes.say(path, "this is not the path of a DuckDB file", "a file that only this site reads, e.g. `data/north.duckdb`")
        return None
    return os.path.abspath(folder / filled)
