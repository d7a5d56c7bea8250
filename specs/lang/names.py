"""Names of tables, columns and keys: one spelling each, the same in every engine."""

from __future__ import annotations

import unicodedata

from specs.lang.document import Path
from specs.lang.notes import Notes
from specs.lang.problems import quoted

RESERVED_TABLES = ("bounded_", "coded_", "marginals_")
RESERVED_SCHEMAS = {"main", "wardloom", "sampled", "information_schema", "pg_catalog", "temp", "system"}


def check_name(notes: Notes, path: Path, name: str, key: bool = False) -> None:
    """Notes characters that are no letters or digits, and letters with two spellings (not in Unicode's normal form C)."""
    if name.isascii():
        return  # the schema has seen to it
    if any(unicodedata.category(c)[0] not in "LNM" and c != "_" for c in name):
        notes.say(path, f"{quoted(name)} is not a name", "letters of any script, digits and single underscores", key)
    elif unicodedata.normalize("NFC", name) != name:
        notes.say(path, f"{quoted(name)} is written with combined characters", "use the composed letters (Unicode NFC)", key)


def check_case(notes: Notes, path: Path, names: list[str]) -> None:
    """Notes names that SQL takes for one, as it does not look at case. They are keys of the mapping at `path`."""
    seen: dict[str, str] = {}
    for name in names:
        first = seen.setdefault(name.casefold(), name)
        if first != name:
            notes.say(
                (*path, name), f"{quoted(name)} and {quoted(first)} differ only in case", "SQL takes them for one name", True
            )


def check_table_name(notes: Notes, path: Path, name: str) -> None:
    """Notes names of tables that rendered models need for themselves."""
    check_name(notes, path, name, True)
    if name.casefold().startswith(RESERVED_TABLES) or name.casefold() == "quality_columns":
        notes.say(path, f"{quoted(name)} is a name that rendered models use", "choose another name", True)
