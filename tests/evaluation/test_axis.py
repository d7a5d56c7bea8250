"""What codes mean: every code of every column of a study has a label, and its place where it has one."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.axis import MOVED, NONE, NULL, Axis, axis, point_text, span_text
from generators.marginal.encode import encode
from generators.marginal.structure import queries, structure
from specs.lang.domain import domain
from specs.lang.types import Bins, Column
from tests.evaluation.releases import drawn
from tests.generators.studies import clinic

PLANS = {p.table: p for p in structure(clinic())}


def of(table: str, name: str) -> Axis:
    return axis(clinic(), PLANS, table, name)


def test_every_column_of_every_question_has_an_axis_of_its_size():
    for query in queries(clinic()):
        for name, size in zip(query.columns, query.shape, strict=True):
            found = of(query.table, name)
            assert found.size == size, name
            assert all(len(s) == len(p) == size for s, p in zip(found.spans, found.possible, strict=True)), name
            assert found.title


def test_rows_only_fall_where_rows_can_be():
    """Codes marked as impossible are never used, whatever the rows."""
    for query in queries(clinic()):
        answer = drawn(1)[query.name]
        for i, name in enumerate(query.columns):
            alone = answer.sum(axis=tuple(k for k in range(answer.ndim) if k != i))
            anywhere = np.any(np.array(of(query.table, name).possible), axis=0)
            assert not alone[~anywhere].any(), (query.name, name)


@pytest.mark.parametrize(
    ("column", "low", "high"),
    [
        (Column("n", "integer", range=(0, 30), bins=Bins(((0.0, 5.0, 6.0, 17.0, 30.0),))), 0, 30),
        (Column("x", "number", range=(0, 9), bins=Bins(((0.0, 0.0, 1.5, 9.0),))), 0, 9),
    ],
)
def test_a_value_lies_within_the_place_of_its_fine_code(column, low, high):
    study = clinic()
    patient = study.tables["patient"]
    from dataclasses import replace

    tables = {**study.tables, "patient": replace(patient, columns={column.name: column})}
    small = replace(study, tables={"patient": tables["patient"]}, constraints=())
    plans = {p.table: p for p in structure(small)}
    found = axis(small, plans, "patient", f"{column.name}__fine")
    values = np.arange(low, high + 1) if column.type == "integer" else np.linspace(low, high, 400)
    _, fine = encode(domain(column), values, np.zeros(len(values), bool))
    for value, code in zip(values, fine, strict=True):
        span = found.spans[0][code]
        assert span is not None
        assert found.possible[0][code]
        assert span[0] <= value + 1e-9
        assert value + (column.type == "integer") <= span[1] + 1e-9  # a whole number n fills [n, n + 1)
    widths = [s[1] - s[0] for s in found.spans[0] if s]
    assert sum(widths) == pytest.approx(high - low + (column.type == "integer"))


def test_labels_are_words_a_person_uses():
    assert of("patient", "sex").labels == ("f", "m")
    assert of("patient", "weight").labels[-1] == NULL
    assert of("visit", "kind__prev").labels == ("lab", "ward", NONE)
    assert of("visit", "kind__prev").title == "previous kind"
    assert of("visit", "day__moved").labels == MOVED
    assert of("visit", "patient__sex").title == "patient.sex"
    assert of("patient", "visit__count").title == "number of visit rows"


def test_bins_that_differ_by_kind_are_told_by_kind():
    result = of("visit", "result__fine")
    assert result.by == "kind"
    assert result.label(0, 0) != result.label(0, 1)
    assert result.label(0, 1) == "0"


def test_intervals_are_told_by_what_is_in_them():
    assert span_text(0, 5, "integer") == "0 to 4"
    assert span_text(5, 6, "integer") == "5"
    assert span_text(0, 5, "number") == "0 to 5"
    assert span_text(0, 31, "date") == "1970-01-01 to 1970-01-31"
    assert point_text(1e30, "date") == "1e+30"
