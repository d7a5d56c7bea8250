"""Which tables and columns of a hospital a study reads: from the spec, or from the dbt sources behind its models."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from runners.columnar import SQL_TYPES, types_of
from runners.places import DBT
from specs.lang.types import Study, Table

REF = re.compile(r"ref\(\s*['\"](\w+)['\"]\s*\)")
SOURCE = re.compile(r"source\(\s*['\"](\w+)['\"]\s*,\s*['\"](\w+)['\"]\s*\)")
FAMILIES: dict[str, frozenset[str]] = {
    "integer": frozenset("INT TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT".split()),
    "number": frozenset("FLOAT DOUBLE DECIMAL NUMERIC REAL".split()),
    "boolean": frozenset(["BOOLEAN", "BOOL"]),
    "date": frozenset(["DATE"]),
    "timestamp": frozenset("TIMESTAMP TIMESTAMPTZ TIMESTAMP_S TIMESTAMP_MS TIMESTAMP_NS DATETIME".split()),
    "text": frozenset("VARCHAR TEXT STRING CHAR ENUM UUID".split()),
    "time": frozenset(["TIME", "INTERVAL"]),
    "bytes": frozenset(["BLOB", "BIT"]),
    "nested": frozenset("STRUCT MAP UNION LIST ARRAY JSON VARIANT".split()),
}
READABLE: dict[str, frozenset[str]] = {
    "integer": frozenset(["integer", "number", "boolean"]),
    "number": frozenset(["integer", "number"]),
    "boolean": frozenset(["boolean", "integer", "text"]),
    "date": frozenset(["date", "timestamp"]),
    "timestamp": frozenset(["date", "timestamp"]),
    "text": frozenset(["text", "integer", "number", "boolean", "date", "timestamp"]),
}
"""Which types of a hospital's columns can be read as the type asked for."""


@dataclass(frozen=True)
class Wanted:
    """One table of the hospital's database and its columns; a type of "" is not checked."""

    table: str
    columns: dict[str, str]


def family(sql_type: str) -> str:
    """The kind of a SQL type: a word of this file, so that nothing of the type's own text (labels of an ENUM) is told."""
    if sql_type.endswith("]"):
        return "nested"
    word = re.split(r"[ (]", sql_type.strip().upper(), maxsplit=1)[0]
    return next((name for name, words in FAMILIES.items() if word in words), "another type")


def readable(expected: str, found: str) -> bool:
    """Whether a column of SQL type `found` can be read as `expected`; both may be any SQL type."""
    wanted = family(expected)
    return wanted not in READABLE or family(found) in READABLE[wanted]


def wanted(study: Study, dbt: Path | None = None) -> list[Wanted]:
    """Everything the study reads at a hospital."""
    found = [_of_table(study, t) for t in study.patient_tables() if t.model is None]
    models = {t.model for t in study.patient_tables() if t.model}
    return found + _of_consent(study) + (_of_models({str(m) for m in models}, dbt or DBT) if models else [])


def _of_consent(study: Study) -> list[Wanted]:
    consent = study.governance.consent
    if consent is None:
        return []
    keys = {column: SQL_TYPES[own.type] for column, own in zip(consent.key, study.root.key, strict=True)}
    return [Wanted(consent.table, dict.fromkeys(consent.columns, "") | keys)]


def _of_table(study: Study, table: Table) -> Wanted:
    types = types_of(study, table.name)
    computed = {c.name for c in table.columns.values() if not c.measured}
    return Wanted(table.name, {name: SQL_TYPES[kind] for name, kind in types.items() if name not in computed})


def _of_models(models: set[str], dbt: Path) -> list[Wanted]:
    """What models read from the hospital, through all models in between; as their sources declare it."""
    texts = {file.stem: file.read_text(encoding="utf-8") for file in (dbt / "models").glob("**/*.sql")}
    seen: set[str] = set()
    pairs: dict[tuple[str, str], None] = {}
    waiting = sorted(models)
    while waiting:
        name = waiting.pop()
        if name in seen or name not in texts:
            continue
        seen.add(name)
        waiting += REF.findall(texts[name])
        pairs |= dict.fromkeys(SOURCE.findall(texts[name]))
    declared = _declared(dbt)
    return [declared[pair] for pair in pairs if pair in declared]


def _declared(dbt: Path) -> dict[tuple[str, str], Wanted]:
    found = {}
    for file in (*(dbt / "models").glob("**/*.yml"), *(dbt / "models").glob("**/*.yaml")):
        document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
        for source in document.get("sources") or []:
            for table in source.get("tables") or []:
                columns = {str(c["name"]): str(c.get("data_type") or "") for c in table.get("columns") or []}
                found[source["name"], table["name"]] = Wanted(str(table.get("identifier") or table["name"]), columns)
    return found
