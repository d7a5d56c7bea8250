"""`wardloom impute`: from a partial table to a filled one, in a file that only its owner can read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa

from generators.frame import Frame
from generators.impute import Fills, Predicts
from generators.marginal.mixture import Mixture
from runners.columnar import quoted, quoted_path, to_arrow
from runners.errors import DATA, WRONG, Stop
from runners.impute.fill import filled, read
from runners.impute.partial import DATABASES, KNOWN, Partial, hushed
from runners.intact import released_model
from runners.out import word
from runners.places import Places
from runners.rules import DuckRules, operands
from specs.lang.problems import did_you_mean
from specs.lang.problems import quoted as shown
from specs.lang.types import Study

WRITERS = {".csv": "FORMAT csv, HEADER", ".parquet": "FORMAT parquet"}


@dataclass(frozen=True)
class Filled:
    """Where the filled table is, which columns were added and which had gaps that may have been filled."""

    file: Path
    added: tuple[str, ...]
    completed: tuple[str, ...]


def make(study: Study, source: Path, out: Path, fill: Sequence[str], table: str, seed: int) -> Filled:
    """Fills and writes. Raises Stop when it cannot; then nothing is written. A file that is there is never replaced."""
    root = _root(study)
    _check(study, out, fill)
    partial = Partial(source, table)
    columns = [c for c in study.root.columns.values() if c.references != study.root.name]
    measured = [c for c in columns if c.measured]
    there = [c for c in measured if partial.name(c.name)]
    if not there:
        names = ", ".join(c.name for c in measured)
        raise Stop(WRONG, f"{source}: none of its columns is one of {study.root.name}: {names}")
    completed = tuple(c.name for c in there if c.name in fill or not c.nullable)
    added = tuple(c.name for c in columns if not partial.name(c.name))
    with hushed(f"{source} cannot be filled"):
        known = read(study, root, partial, fill)
        frame = filled(study, root, known, partial.rows, DuckRules(study), seed)
    drawn = tuple(c for c in completed if c in known.frame)
    derived = [c.name for c in columns if not c.measured and partial.name(c.name)]
    computed = {name: used for name in derived if (used := operands(study.root, name) & {*drawn, *added})}
    with hushed(f"{source} cannot be filled"):
        try:
            _write(study, partial, frame, added, drawn, computed, out)
        except (OSError, duckdb.IOException) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Stop(DATA, f"{out} cannot be written: {why}") from None
    return Filled(out, added, (*completed, *computed))


def _root(study: Study) -> Fills:
    model = released_model(Places(study).release, study)
    if model is None:
        raise Stop(WRONG, f"no release of this version of {study.file}\n  run: wardloom run {word(study.file)}")
    root = model.learned.root
    if not isinstance(root, Mixture | Predicts):
        raise Stop(WRONG, f"{study.file}: only `marginal` and `diffusion` can fill tables, not `{study.generator.name}`")
    return root


def _check(study: Study, out: Path, fill: Sequence[str]) -> None:
    able = [c.name for c in study.root.columns.values() if c.measured and c.references != study.root.name]
    for name in fill:
        if name in study.root.columns and study.root.columns[name].derived:
            used = ", ".join(map(shown, sorted(operands(study.root, name))))
            raise Stop(WRONG, f"--fill: {shown(name)} is computed from {used}: name those, and it follows")
        if name not in able:
            raise Stop(WRONG, f"--fill: {study.root.name} has no column {shown(name)} to fill; {did_you_mean(name, able)}")
    if out.suffix.lower() not in (*WRITERS, *DATABASES):
        raise Stop(WRONG, f"{out}: the filled table is written to a file that ends in {KNOWN}")
    if out.exists():
        raise Stop(WRONG, f"{out} is there already: remove it, or choose another name")
    if not out.parent.is_dir():
        raise Stop(WRONG, f"no such directory: {out.parent}")


def _write(
    study: Study,
    partial: Partial,
    frame: Frame,
    added: Sequence[str],
    drawn: Sequence[str],
    computed: Mapping[str, Set[str]],
    out: Path,
) -> None:
    """The user's columns as they are, gaps filled where they were to be, then the columns that were not there.

    A gap in a `computed` column is filled where one of the columns behind it was.
    """
    types = {c.name: c.type for c in study.root.columns.values()}
    arrays = {name: to_arrow(frame[name], types[name]) for name in (*drawn, *computed, *added)}
    partial.connection.register("drawn", pa.table(arrays or {"__row": pa.array(range(partial.rows))}))
    gaps = {partial.name(name): (name, "true") for name in drawn}
    gaps |= {partial.name(name): (name, " OR ".join(_was_gap(partial, c) for c in used)) for name, used in computed.items()}
    parts = []
    for c, kind in partial.types.items():
        name, where = gaps.get(c, ("", ""))
        fills = f"coalesce(given.{quoted(c)}, CASE WHEN {where} THEN CAST(drawn.{quoted(name)} AS {kind}) END) AS {quoted(c)}"
        parts.append(fills if name else f"given.{quoted(c)}")
    select = f"SELECT {', '.join([*parts, *(f'drawn.{quoted(c)}' for c in added)])} FROM given POSITIONAL JOIN drawn"
    with TemporaryDirectory(prefix=f".{out.name[:40]}.", dir=out.parent) as folder:  # nobody else can look into it
        file = Path(folder) / out.name
        path = quoted_path(file)
        if out.suffix.lower() in DATABASES:
            partial.connection.execute(f"ATTACH {path} AS target")
            partial.connection.execute(f"CREATE TABLE target.{quoted(study.root.name)} AS {select}").fetchall()
            partial.connection.execute("DETACH target")
        else:
            partial.connection.execute(f"COPY ({select}) TO {path} ({WRITERS[out.suffix.lower()]})").fetchall()
        file.chmod(0o600)
        out.hardlink_to(file)


def _was_gap(partial: Partial, column: str) -> str:
    """Where a column was filled: in all rows, if the file lacks it."""
    name = partial.name(column)
    return f"(given.{quoted(name)} IS NULL AND drawn.{quoted(column)} IS NOT NULL)" if name else "true"
