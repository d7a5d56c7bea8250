"""Frames and Arrow tables: the same columns, without copying values one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from generators.frame import Frame, Series, narrow
from runners.arrow import numbers, words
from specs.lang.types import Scalar, Study

SQL_TYPES: dict[Scalar, str] = {
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "string": "VARCHAR",
}
"""DuckDB's type of a spec's type."""


def quoted(name: str) -> str:
    """A SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quoted_path(file: Path) -> str:
    """A file as a SQL string."""
    return "'" + str(file).replace("'", "''") + "'"


def types_of(study: Study, table: str) -> dict[str, Scalar]:
    """The type of every column of a synthetic table: keys, the parent's keys, then the spec's columns."""
    found = study.tables[table]
    types: dict[str, Scalar] = {k.name: k.type for k in found.key}
    if found.parent:
        above = types_of(study, found.parent.table)
        parent = study.tables[found.parent.table]
        types |= {name: above[key.name] for name, key in zip(found.parent.key, parent.key, strict=True)}
    return types | {c.name: c.type for c in found.columns.values()}


def to_arrow(series: Series, kind: Scalar, small: bool = False) -> pa.Array:
    """One column as Arrow: labels become strings (or booleans), days dates, seconds timestamps; `small` integers have 32 bits."""
    mask = np.asarray(series.null, bool)
    if series.labels is not None:
        return _labelled(series.values, mask, series.labels, kind)
    if kind == "date":
        return numbers(series.values.astype(np.int32), mask, pa.date32())
    if kind == "timestamp":
        return numbers(series.values.astype(np.int64) * 1_000_000, mask, pa.timestamp("us"))
    if kind == "boolean":
        return numbers(series.values.astype(bool), mask)
    if kind == "string":
        return words(series.values.astype(str).tolist()).take(numbers(np.arange(len(mask)), mask))
    whole = np.int32 if small else np.int64
    return numbers(series.values.astype(whole if kind == "integer" else np.float64), mask)


def _labelled(codes: NDArray[np.int64], mask: NDArray[np.bool_], labels: tuple[str, ...], kind: Scalar) -> pa.Array:
    if kind == "boolean":
        return numbers(np.asarray([label == "true" for label in labels], bool)[np.where(mask, 0, codes)], mask)
    return words(labels).take(numbers(codes.astype(np.int32), mask))


def from_arrow(array: pa.Array, kind: Scalar) -> Series:
    """One column from Arrow; strings stay strings, numbers that are not finite become NULL."""
    null = np.asarray(array.is_null())
    if kind == "string":
        return Series(np.asarray(array.cast(pa.string()).fill_null("").to_pylist(), str), null)
    if kind == "boolean":
        return Series(np.asarray(array.fill_null(False)).astype(np.int64), null, ("false", "true"))
    if kind == "date":
        array = array.cast(pa.date32()).cast(pa.int32())
    if kind == "timestamp":
        import pyarrow.compute as pc  # takes long, and few need it

        array = pc.divide(array.cast(pa.timestamp("us")).cast(pa.int64()), 1_000_000)
    if kind != "number":
        return Series(np.asarray(array.fill_null(0)).astype(np.int64), null)
    values = np.asarray(array.cast(pa.float64()).fill_null(0.0))
    finite = np.isfinite(values)
    return Series(np.where(finite, values, 0.0), null | ~finite)


def table_of(study: Study, name: str, frame: Frame, drawn: bool = False) -> pa.Table:
    """A synthetic table as Arrow, typed as the spec says; as it is `drawn` some integers have 32 bits (`narrow`)."""
    types = types_of(study, name)
    small = {c.name for c in study.tables[name].columns.values() if drawn and narrow(c)}
    return pa.table({column: to_arrow(series, types[column], column in small) for column, series in frame.items()})
