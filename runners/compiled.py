"""The dbt files a spec asks for: the models it names, which rendered ones are stale, and writing them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from runners.out import word
from specs.lang.document import document
from specs.lang.notes import Notes
from specs.lang.problems import did_you_mean, quoted
from specs.lang.text import load
from specs.lang.types import Study


def stale(study: Study) -> list[Path]:
    """Rendered files that are missing or differ from what the spec renders to now. Raises SpecError for a missing model."""
    from runners.compile.write import stale as found

    _check_models(study)
    return list(found(study))


def unlike(study: Study, old: Sequence[Path]) -> list[str]:
    """Lines for people about stale files: few words when the spec was never compiled."""
    if not old:
        return []
    never = not any(path.parent.is_dir() for path in old)
    lines = [f"{study.file}: not compiled yet"] if never else [f"{path}: not what the spec says" for path in old]
    return [*lines, f"run: wardloom compile {word(study.file)}"]


def write(study: Study) -> list[Path]:
    """Renders the spec; returns the files that changed. Raises SpecError for a model that is not there."""
    from runners.compile.write import write as put

    _check_models(study)
    return list(put(study))


def _check_models(study: Study) -> None:
    """At the hospitals, dbt would find that out when the budget is booked already."""
    from runners.places import DBT

    known = {file.stem for file in (DBT / "models").rglob("*.sql")}
    missing = [table for table in study.tables.values() if table.model and table.model not in known]
    if not missing:
        return
    notes = Notes(document(study.file, load(Path(study.file))))
    for table in missing:
        hint = did_you_mean(str(table.model), sorted(known)) or f"write {table.model}.sql, or leave `model` out"
        message = f"no file below {DBT / 'models'} is called {quoted(f'{table.model}.sql')}"
        notes.say(("tables", table.name, "model"), message, hint)
    notes.stop()
