"""Public reference tables: their columns are checked against the CSV file, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from specs.lang.problems import SpecError
from specs.lang.read import read
from specs.lang.types import Column, Study

SPEC = """\
spec: s
sites: {one: {database: one.duckdb}}
tables:
  patient: {key: id, columns: {code: {references: code, nullable: true}}}
  code: {reference: code.csv, key: code, columns: {thing: COLUMN}}
privacy: {unit: patient, epsilon: 1, delta: 1e-6}
"""


def study(folder: Path, column: str, *cells: str) -> Study:
    rows = "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))
    (folder / "code.csv").write_text(f"code,thing\n{rows}", encoding="utf-8")
    (folder / "s.yml").write_text(SPEC.replace("COLUMN", column), encoding="utf-8")
    return read(folder / "s.yml", {})


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("{}", ["a", '"b, c"']),
        ("{type: integer}", ["1", "-20"]),
        ("{type: number, unit: kg}", ["1.5", "1e3"]),
        ("{type: boolean}", ["true", "false"]),
        ("{type: date}", ["2024-02-29"]),
        ("{type: timestamp}", ["2024-02-29T10:00"]),
        ("{type: date, nullable: true}", ["", "2024-02-29"]),
    ],
)
def test_cells_of_the_type(tmp_path: Path, column: str, cells: list[str]) -> None:
    found = study(tmp_path, column, *cells)
    assert found.tables["code"].columns["thing"].values is None
    assert found.tables["patient"].columns["code"].values == tuple(map(str, range(len(cells))))


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("{}", ""),
        ("{type: integer}", "1.5"),
        ("{type: integer}", "nan"),
        ("{type: number}", "inf"),
        ("{type: number}", "1,5"),
        ("{type: boolean}", "yes"),
        ("{type: date}", "2023-02-29"),
        ("{type: timestamp}", "noon"),
    ],
)
def test_cells_of_another_type(tmp_path: Path, column: str, cell: str) -> None:
    with pytest.raises(SpecError, match=r"row 2|different length"):
        study(tmp_path, column, cell)


def test_what_a_column_says_is_kept(tmp_path: Path) -> None:
    found = study(tmp_path, "{type: number, unit: kg, about: How heavy.}", "1")
    assert found.tables["code"].columns["thing"] == Column("thing", "number", unit="kg", about="How heavy.")
