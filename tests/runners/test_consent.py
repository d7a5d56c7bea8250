"""What is wrong with a hospital's register of consent is said before anything is spent."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from runners.site import preflight
from runners.site.trouble import Trouble
from specs.lang.types import Consent, Governance

GIVEN = Consent("consent_register", ("pid",), "status = 'given' AND version > 1", ("status", "version"))


@pytest.fixture
def governed(study, hospital):
    return replace(study, governance=Governance(consent=GIVEN))


def register(site, columns):
    with duckdb.connect(site.database) as con:
        con.execute(f"create table consent_register ({columns})").fetchall()


def test_a_register_with_all_that_is_named_will_do(governed):
    register(governed.sites["north"], "pid bigint, status varchar, version integer")
    preflight.check(governed.sites["north"], governed)


@pytest.mark.parametrize(
    ("columns", "code", "column"),
    [
        ("patient bigint, status varchar, version integer", "column", "pid"),
        ("pid bigint, version integer", "column", "status"),
        ("pid bigint, status varchar, version varchar", "type", ""),
        ("pid bigint, status varchar, version integer[]", "type", ""),
        ("pid varchar, status varchar, version integer", "type", "pid"),
    ],
)
def test_what_does_not_fit_is_named(governed, columns, code, column):
    register(governed.sites["north"], columns)
    with pytest.raises(Trouble) as trouble:
        preflight.check(governed.sites["north"], governed)
    assert (trouble.value.code, trouble.value.table, trouble.value.column) == (code, "consent_register", column)


def test_no_register_is_no_consent_to_be_looked_up(governed):
    with pytest.raises(Trouble) as trouble:
        preflight.check(governed.sites["north"], governed)
    assert (trouble.value.code, trouble.value.table) == ("table", "consent_register")
