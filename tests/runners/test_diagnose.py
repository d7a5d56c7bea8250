"""Error texts of engines become codes and known names; nothing else of them is kept."""

import errno
import shutil

import pytest

from runners.site.build import ROOM_BYTES, enough_room
from runners.site.diagnose import of_os, of_text
from runners.site.sources import family, readable
from runners.site.trouble import Trouble

CANARY = "CANARY-7731"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"Conversion Error: Could not convert string '{CANARY}' to INT32 when casting from source column days", "cast"),
        ('IO Error: Could not set lock on file "/x/north.duckdb": Conflicting lock is held in python (PID 12)', "locked"),
        ("IO Error: Could not write all bytes to file: No space left on device", "disk"),
        ("Out of Memory Error: failed to allocate data of size 16.0 MiB", "memory"),
        ('IO Error: The file "x" exists, but it is not a valid DuckDB database file!', "corrupt"),
        ("Catalog Error: Table with name labs does not exist!", "table"),
        ('Binder Error: Referenced column "dayz" not found in FROM clause!', "column"),
        (f"Something else about {CANARY}", "model"),
    ],
)
def test_texts_become_codes(text, code):
    trouble = of_text(text, "model", {"days"})
    assert trouble.code == code
    assert CANARY not in str(trouble.facts())


def test_a_column_is_named_only_if_the_repository_knows_it():
    text = "Conversion Error: Could not convert string 'x' to INT32 when casting from source column days"
    assert of_text(text, "model", {"days"}).column == "days"
    assert of_text(text.replace("days", CANARY.replace("-", "_")), "model", {"days"}).column == ""


@pytest.mark.parametrize(("number", "code"), [(errno.ENOSPC, "disk"), (errno.EACCES, "permission"), (errno.ENOENT, "database")])
def test_system_errors_become_codes(number, code):
    assert of_os(OSError(number, "text", CANARY)).facts() == {"code": code}


@pytest.mark.parametrize(
    ("expected", "found", "fits"),
    [
        ("INTEGER", "BIGINT", True),
        ("INTEGER", "DOUBLE", True),
        ("INTEGER", "VARCHAR", False),
        ("DOUBLE", "DECIMAL(10,2)", True),
        ("DATE", "TIMESTAMP WITH TIME ZONE", True),
        ("DATE", "VARCHAR", False),
        ("VARCHAR", "INTEGER", True),
        ("VARCHAR", "VARCHAR[]", False),
        ("BOOLEAN", "ENUM('no', 'yes')", True),
        ("", "anything", True),
    ],
)
def test_which_types_can_be_read(expected, found, fits):
    assert readable(expected, found) is fits


def test_the_family_of_a_type_tells_nothing_of_its_labels():
    assert family(f"ENUM('{CANARY}')") == "text"
    assert family(f"STRUCT({CANARY} INTEGER)") == "nested"
    assert family(f"{CANARY}_TYPE") == "another type"


@pytest.mark.parametrize(
    ("code", "free", "said"),
    [
        ("dbt", ROOM_BYTES - 1, "disk"),
        ("model", 0, "disk"),
        ("dbt", ROOM_BYTES, "dbt"),
        ("test", 0, "test"),
        ("locked", 0, "locked"),
    ],
)
def test_dbt_that_fails_on_a_full_disk_cannot_say_so_itself(code, free, said, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free + 1, 1, free))
    assert enough_room(tmp_path, Trouble(code)).code == said
