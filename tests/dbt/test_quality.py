"""The release's quality model: every column of the root table, counted code by code, against a count in NumPy."""

from __future__ import annotations

import re

import duckdb
import numpy as np

from generators.marginal.code import code
from generators.marginal.structure import queries
from privacy.sums import Sums
from runners.columnar import table_of
from runners.compile.release import quality
from runners.release import noised_sums
from tests.generators.studies import clinic, made_up


def test_synthetic_shares_are_those_of_the_codes() -> None:
    study = clinic()
    tables, parents = made_up(study, 400, 3)
    asked = {q.name: q for q in queries(study)}
    ones = {name: np.ones(q.shape) for name, q in asked.items()}
    sums = Sums(asked, ones, dict.fromkeys(asked, 1.0), ("one",))
    sql = re.sub(r"\{\{ config.*?\) \}\}", "", quality(study))
    sql = re.sub(r"\{\{ (?:ref|source)\(.*?(patient|noised_sums)'\) \}\}", r"given_\1", sql)
    with duckdb.connect() as con:
        con.register("given_patient", table_of(study, "patient", tables["patient"]))
        con.register("given_noised_sums", noised_sums(study, sums))
        rows = con.execute(f"select column_name, cell, synthetic_share from ({sql})").fetchall()
    told = {(name, cell): share for name, cell, share in rows}
    coded = code(study, tables, parents)["patient"].values
    for column in ("age", "sex", "weight", "until", "buddy"):
        codes = coded.get(f"{column}__fine", coded[column])
        for cell, share in enumerate(np.bincount(codes) / len(codes)):
            assert told[column, cell] == share, column
