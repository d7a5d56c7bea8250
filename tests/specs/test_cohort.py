"""Cohort files: every mistake gets its message in its place; what is right means what SQL says."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from specs.lang import given as conditions
from specs.lang.cohort import SCHEMA, read_cohort
from specs.lang.document import document
from specs.lang.notes import Notes
from specs.lang.problems import SpecError
from specs.lang.quotas import quotas
from specs.lang.read import read
from specs.lang.shape import schema
from specs.lang.types import Study
from tests.specs.test_schema import parts

HERE = Path(__file__).resolve().parents[1] / "fixtures" / "cohorts"
BAD = sorted((HERE / "bad").glob("*.yml"))


def test_there_are_enough() -> None:
    assert len(BAD) >= 50


@pytest.mark.parametrize("path", BAD, ids=lambda p: p.stem)
def test_message(path: Path) -> None:
    with pytest.raises(SpecError) as error:
        read_cohort(path, {})
    first = error.value.problems[0]
    expected = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# expect: ")
    assert f"{first.place.line}:{first.place.column} {first.message}" == expected


def test_all_problems_at_once(tmp_path: Path) -> None:
    file = tmp_path / "c.yml"
    file.write_text(
        f"cohort: x\nfrom: {HERE / 'clinic.yml'}\nrows: {{visit: 3}}\ngiven: [agee > 1, sex]\nbalance: {{age: equal}}\n"
    )
    with pytest.raises(SpecError) as error:
        read_cohort(file, {})
    assert [p.pointer for p in error.value.problems] == ["/rows/visit", "/given/0", "/given/1", "/balance/age"]


def cohort(tmp_path: Path, *lines: str):
    file = tmp_path / "c.yml"
    file.write_text("\n".join(["cohort: c", f"from: {HERE / 'clinic.yml'}", "rows: {patient: 10}", *lines]))
    return read_cohort(file, {})


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("age between 40 and 60", "patient.age BETWEEN 40 AND 60"),
        (
            "patient_id in (select patient_id from visit where kind = 'ward' and day < until)",
            "patient.patient_id IN (SELECT visit.patient_id FROM visit WHERE visit.kind = 'ward' AND visit.day < patient.until)",
        ),
        (
            "patient_id not in (select patient_id from visit group by patient_id having count(*) >= 2)",
            "NOT patient.patient_id IN (SELECT visit.patient_id FROM visit GROUP BY visit.patient_id HAVING COUNT(*) >= 2)",
        ),
        (
            "patient_id in (select patient_id from visit where visit_id in (select visit_id from charge where"
            " (visit_id, line) in (select of_visit, of_line from note where mood = 'bad')))",
            "patient.patient_id IN (SELECT visit.patient_id FROM visit WHERE visit.visit_id IN (SELECT charge.visit_id FROM"
            " charge WHERE (charge.visit_id, charge.line) IN (SELECT note.of_visit, note.of_line FROM note"
            " WHERE note.mood = 'bad')))",
        ),
        ("home in (select code from place where area = 'rural')", None),
    ],
)
def test_columns_get_their_tables_as_in_sql(tmp_path: Path, said: str, meant: str | None) -> None:
    if meant is None:  # what a reference table says has no list of values
        meant = "patient.home IN (SELECT place.code FROM place WHERE place.area = 'rural')"
    (found,) = cohort(tmp_path, f'given: ["{said}"]').given
    assert found.sql == meant


def test_a_cohort_changes_nothing_of_its_spec(tmp_path: Path) -> None:
    assert cohort(tmp_path, "given: [age > 3]").study == read(HERE / "clinic.yml", {})


def test_the_digest_is_of_what_the_file_says(tmp_path: Path) -> None:
    first = cohort(tmp_path, "given: [age > 3]").digest
    assert cohort(tmp_path, "given:  # grown up", "- age > 3").digest == first
    assert cohort(tmp_path, "given: [age > 4]").digest != first


def test_the_cohort_in_the_repository_is_right(root: Path) -> None:
    for file in (root / "specs" / "cohorts").glob("*.yml"):
        assert read_cohort(file, {}).name == file.stem


def test_the_schema_is_closed_and_says_what_everything_is() -> None:
    rules = schema(SCHEMA)
    Draft7Validator.check_schema(rules)
    found = list(parts(rules))
    assert not [p for p, node in found if node.get("type") == "object" and "additionalProperties" not in node]
    properties = [about for p, node in found if p.endswith("/properties") for about in node.values()]
    assert properties and all(about.get("description") for about in properties)


@given(st.integers(1, 10_000), st.lists(st.floats(0.001, 1), min_size=1, max_size=20))
def test_quotas_are_exact_in_sum_and_within_one_of_each_share(total: int, shares: list[float]) -> None:
    found = quotas(total, {str(i): s for i, s in enumerate(shares)})
    assert sum(found.values()) == total
    for i, share in enumerate(shares):
        assert abs(found[str(i)] - total * share / sum(shares)) < 1 + 1e-6


WORDS = st.sampled_from(
    "age sex kind day patient_id visit_id line of_visit patient visit charge note place home 'm' 'ward' 3 1e3 null true"
    " ( ) , . * = < >= and or not in is between select from where group by having count(*) exists union limit with as join"
    " on distinct ; -- ' \"".split()
)


@settings(max_examples=400, deadline=None)
@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=30))
def test_any_text_is_a_condition_or_a_problem(clinic: Study, text: str) -> None:
    notes = Notes(document("c.yml", "given: [x]"))
    found = conditions.given(notes, ("given", 0), text, clinic)
    assert (found is None) == bool(notes.problems)
    if found:
        again = conditions.given(notes, ("given", 0), found.sql, clinic)
        assert again is not None and again.sql == found.sql


@pytest.fixture(scope="module")
def clinic() -> Study:
    return read(HERE / "clinic.yml", {})
