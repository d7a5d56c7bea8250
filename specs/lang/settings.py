"""Everything in a spec but its tables: sites, privacy, federation, rows, outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from specs.lang.names import RESERVED_SCHEMAS, check_name
from specs.lang.notes import Notes
from specs.lang.paths import Folder, PathError, real
from specs.lang.problems import did_you_mean, quoted
from specs.lang.types import Budget, Federation, Outputs, Privacy, Site, Table

Said = Mapping[str, Any]


def sites(notes: Notes, said: Said, folder: Folder, environ: Mapping[str, str]) -> dict[str, Site]:
    """The hospitals; no two may read the same file."""
    found: dict[str, Site] = {}
    files: dict[str, str] = {}
    names: dict[str, str] = {}
    for name, about in said.items():
        other = names.setdefault(name.replace("-", "_"), name)
        if other != name:
            notes.say(("sites", name), f"{quoted(name)} and {quoted(other)} are too alike", "file names of both are the same", True)
        if "schema" in about:
            check_name(notes, ("sites", name, "schema"), about["schema"])
        try:
            database = folder.database(about["database"], environ)
        except PathError as error:
            notes.say(("sites", name, "database"), str(error))
            continue
        first = files.setdefault(str(real(database)), name)
        if first != name:
            notes.say(("sites", name, "database"), f"this is the database of {quoted(first)}", "each site reads only its own")
        budget = Budget(**{k: float(v) for k, v in about["budget"].items()}) if "budget" in about else None
        found[name] = Site(name, database, about.get("schema", "main"), about.get("data_version", "1"), budget)
    return found


def privacy(notes: Notes, said: Said) -> Privacy:
    """Either a budget or the reason for none."""
    path = ("privacy",)
    if "none" in said:
        for key in ("epsilon", "delta"):
            if key in said:
                notes.say((*path, key), f"`none` and `{key}` at once", "with `none` there is no privacy at all", True)
        return Privacy(said["unit"], None, said["none"])
    missing = [key for key in ("epsilon", "delta") if key not in said]
    if missing:
        hint = "there is no default: how much privacy to spend is your decision"
        notes.say(path, f"missing: {', '.join(map(quoted, missing))}", hint, True)
        return Privacy(said["unit"], None)
    return Privacy(said["unit"], Budget(float(said["epsilon"]), float(said["delta"])))


def federation(notes: Notes, said: Said, hospitals: int) -> Federation:
    """How sites are joined; the noise of at least one honest site must remain."""
    made = Federation(**{k: v if isinstance(v, str) else int(v) for k, v in said.items()})
    sites_ = f"{hospitals} site{'s' if hospitals != 1 else ''}"
    if made.min_sites > hospitals:
        notes.say(("federation", "min_sites"), f"at least {made.min_sites} sites, but the spec has {sites_}")
    if made.dropouts + made.colluders >= hospitals:
        key = "colluders" if made.colluders else "dropouts"
        message = f"{made.dropouts} dropouts and {made.colluders} colluders of {sites_} leave nobody to add noise"
        notes.say(("federation", key), message, "together they must be fewer than the sites")
    return made


def rows(notes: Notes, said: Said, tables: Mapping[str, Table], unit: str) -> dict[str, int]:
    """How many patients to make."""
    for name in said:
        if name not in tables:
            notes.say(("rows", name), f"there is no table {quoted(name)}", did_you_mean(name, tables), True)
        elif name != unit:
            hint = f"only {quoted(unit)} can be counted here: how many rows hang below a patient is learned"
            notes.say(("rows", name), f"{quoted(name)} is not the privacy unit", hint, True)
    return {name: int(number) for name, number in said.items() if name == unit}


def outputs(notes: Notes, said: Said, study: str, folder: Folder, hospitals: Mapping[str, Site]) -> Outputs:
    """Where the release goes; never around a hospital's database, as a new release takes the place of the old one."""
    schema = said.get("schema", "synthetic")
    check_name(notes, ("outputs", "schema"), schema)
    if schema.casefold() in RESERVED_SCHEMAS or schema.casefold().startswith("pg_"):
        notes.say(("outputs", "schema"), f"{quoted(schema)} is a schema that Wardloom or DuckDB needs", "choose another name")
    place = ("outputs", "directory")
    try:
        directory = folder.release(said.get("directory", f"../out/{study}"))
    except PathError as error:
        notes.say(place, str(error))
        return Outputs("", schema)
    for site in hospitals.values():
        if real(site.database).is_relative_to(real(directory)):
            notes.say(place, f"the database of {quoted(site.name)} lies in this directory", "a release needs one of its own")
    return Outputs(directory, schema)
