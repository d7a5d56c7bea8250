"""Where a hospital's files are."""

from __future__ import annotations

from pathlib import Path

from runners.places import audit_of, key_of, ledger_of, rounds_of
from specs.lang.types import Site


def test_one_database_has_one_ledger_whatever_links_lead_to_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    database = tmp_path / "data" / "north.duckdb"
    database.touch()
    (tmp_path / "link.duckdb").symlink_to(database)
    (tmp_path / "folder").symlink_to(tmp_path / "data")
    for path in (
        tmp_path / "link.duckdb",
        tmp_path / "folder" / "north.duckdb",
        tmp_path / "data" / ".." / "data" / "north.duckdb",
    ):
        for place in (ledger_of, key_of, audit_of, rounds_of):
            assert place(Site("north", str(path))) == place(Site("north", str(database)))
    assert ledger_of(Site("north", str(database))) == tmp_path / "data" / "north.duckdb.ledger"
