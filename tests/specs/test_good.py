"""What a correct spec means: types, defaults, order, canonical SQL, the digest."""

from __future__ import annotations

import datetime
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from specs.lang.document import document
from specs.lang.domain import domain
from specs.lang.governance import check_keys
from specs.lang.notes import Notes
from specs.lang.problems import SpecError
from specs.lang.read import parse, read
from specs.lang.types import Budget, Column, Consent, Governance, Key, Parent, Study

SPEC = """\
spec: clinic
sites:
  one: {database: "{env:ONE}"}
  two: {database: ../two.duckdb, schema: omop, data_version: "2", budget: {epsilon: 5, delta: 1e-5}}
tables:
  charge:
    key: {visit_id: string, line: integer}
    parent: {table: visit, key: visit_id, max_children: 3}
    unique: [item, [item, units]]
    columns:
      item: {values: [a, b]}
      units: {type: integer, range: [1, 5]}
  visit:
    key: {visit_id: string}
    parent: {table: patient, key: patient_id, max_children: 8}
    order_by: day
    columns:
      day: {type: date, range: [2020-01-15, 2020-04-01], bins: month}
      kind: {values: [lab, ward], outside: refuse}
      result: {type: number, range: [0, 100], bins: {by: kind, edges: {ward: [0, 0, 100], lab: [0, 5, 50]}}, decimals: 1}
      icd: {references: code, nullable: true}
  patient:
    key: patient_id
    columns:
      born: {type: integer, range: [1910, 2024]}
      died: {type: boolean}
      seen: {type: timestamp, range: [2020-01-01, 2020-01-01T06:00], nullable: true}
      buddy: {references: patient, nullable: true}
      weight: {type: number, range: [30, 190], nullable: true, bins: 4}
      bmi: {type: number, derived: "patient.weight/(2)^2", nullable: true}
      größe: {type: integer, bins: [1, 3, 9]}
  code:
    reference: code.csv
    key: code
constraints:
  - day >= date '2020-02-01' -- a comment
  - '"visit"."result" <= patient.größe * 100 and not patient.died'
  - charge.units > 1 OR patient.born<2000
privacy: {unit: patient, epsilon: 1, delta: 1e-6}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "code.csv").write_text("label,code\nfirst,A1\nsecond,B2\n", encoding="utf-8")
    (tmp_path / "s.yml").write_text(SPEC, encoding="utf-8")
    return tmp_path


@pytest.fixture
def study(folder: Path) -> Study:
    return read(folder / "s.yml", {"ONE": "/data/one.duckdb"})


def test_tables_are_in_tree_order(study: Study) -> None:
    assert list(study.tables) == ["code", "patient", "visit", "charge"]
    assert study.root.name == "patient"
    assert study.tables["charge"].key == (Key("visit_id", "string"), Key("line"))
    assert study.tables["visit"].parent == Parent("patient", ("patient_id",), 8)
    assert study.tables["charge"].unique == (("item",), ("item", "units"))


def test_columns_have_public_domains(study: Study) -> None:
    visit, patient = study.tables["visit"].columns, study.tables["patient"].columns
    assert patient["died"].values == ("false", "true")
    assert visit["icd"] == Column("icd", "string", True, values=("A1", "B2"), references="code")
    assert patient["buddy"] == Column("buddy", "integer", True, references="patient")
    assert visit["kind"].outside == "refuse"
    assert visit["result"].bins is not None
    assert visit["result"].bins.by == "kind"
    assert visit["result"].bins.edges == ((0, 5, 50), (0, 0, 100))  # in the order of the values
    assert patient["weight"].bins is not None and patient["weight"].bins.edges == ((30, 70, 110, 150, 190),)
    assert patient["größe"].range == (1, 9)


@pytest.mark.parametrize(
    ("privacy", "numbers", "patients", "below"),
    [
        ("epsilon: 3.9, delta: 1e-6", 64, 64, 64),
        ("epsilon: 3.9, delta: 1e-6", 65, 32, 32),
        ("epsilon: 4, delta: 1e-6", 65, 65, 32),
        ("epsilon: 4, delta: 1e-6", 128, 128, 32),
        ("epsilon: 4, delta: 1e-6", 129, 33, 33),
        ("none: made up for a test", 128, 128, 32),
    ],
)
def test_patients_whole_numbers_have_more_bins_where_noise_is_low(privacy: str, numbers: int, patients: int, below: int) -> None:
    text = f"""
spec: s
sites: {{one: {{database: x.duckdb}}}}
tables:
  patient: {{key: id, columns: {{age: {{type: integer, range: [1, {numbers}]}}}}}}
  visit:
    key: visit_id
    parent: {{table: patient, key: id, max_children: 3}}
    columns: {{days: {{type: integer, range: [1, {numbers}]}}}}
privacy: {{unit: patient, {privacy}}}
"""
    tables = parse("s.yml", text, {}).tables
    found = [domain(tables[t].columns[c]).values for t, c in (("patient", "age"), ("visit", "days"))]
    assert found == [patients, below]


@pytest.mark.parametrize(
    ("column", "whole"),
    [
        ("{type: integer, range: [0, 99999]}", True),
        ("{type: integer, range: [-5, 256]}", True),
        ("{type: number, range: [0.5, 60]}", False),
        ("{type: date, range: [1910-01-01, 2024-12-31]}", True),
        ("{type: timestamp, range: [2020-01-01, 2020-01-02]}", True),
    ],
)
def test_either_end_of_a_wide_range_has_a_bin_of_its_own(column: str, whole: bool) -> None:
    text = f"""
spec: s
sites: {{one: {{database: x.duckdb}}}}
tables: {{patient: {{key: id, columns: {{value: {column}}}}}}}
privacy: {{unit: patient, epsilon: 1, delta: 1e-6}}
"""
    value = parse("s.yml", text, {}).root.columns["value"]
    assert value.range
    (cells,) = domain(value).cells
    low, high = value.range
    assert (cells[0].low, cells[-1].low) == (low, high)
    assert cells[0].high - cells[0].low == cells[-1].high - cells[-1].low == (1 if whole else 0)
    inside = [cell.high - cell.low for cell in cells[1:-1]]
    assert len(inside) == 32
    assert max(inside) - min(inside) <= (2 if whole else 1e-9)


def test_dates_are_days_and_timestamps_seconds(study: Study) -> None:
    def day(month: int, number: int) -> int:
        return (datetime.date(2020, month, number) - datetime.date(1970, 1, 1)).days

    column = study.tables["visit"].columns["day"]
    assert column.range == (day(1, 15), day(4, 1))
    assert column.bins is not None
    assert column.bins.edges == ((day(1, 15), day(2, 1), day(3, 1), day(4, 1), day(4, 1)),)  # the last day is a month of its own
    start = day(1, 1) * 86_400
    assert study.tables["patient"].columns["seen"].range == (start, start + 6 * 3_600)


def test_sql_has_one_spelling(study: Study) -> None:
    assert study.tables["patient"].columns["bmi"].derived == "weight / POWER((2), 2)"
    first, second, third = study.constraints
    assert (first.sql, first.table, first.tables) == ("visit.day >= CAST('2020-02-01' AS DATE)", "visit", ("visit",))
    assert second.sql == "visit.result <= patient.größe * 100 AND NOT patient.died"
    assert (second.table, second.tables) == ("visit", ("patient", "visit"))
    assert (third.table, third.tables, third.place.line) == (
        "charge",
        ("patient", "charge"),
        SPEC.splitlines().index("  - charge.units > 1 OR patient.born<2000") + 1,
    )


def test_sites_and_outputs_are_found_from_the_folder_of_the_spec(study: Study, folder: Path) -> None:
    assert study.file == str(folder / "s.yml")
    assert study.sites["one"].database == "/data/one.duckdb" and study.sites["one"].budget is None
    assert study.sites["two"].database == str(folder.parent / "two.duckdb")
    assert study.sites["two"].budget == Budget(5, 1e-5)
    assert study.outputs.directory == str(folder.parent / "out" / "clinic")
    assert study.privacy.budget == Budget(1, 1e-6)


def test_the_digest_knows_meaning_not_layout(study: Study, folder: Path) -> None:
    def digest(text: str) -> str:
        return parse(study.file, text, {"ONE": "/elsewhere.duckdb"}).digest

    assert digest("# a comment\n\n" + SPEC.replace("spec: clinic", "spec:   'clinic'  # another")) == study.digest
    assert digest(SPEC.replace("max_children: 8", "max_children: 9")) != study.digest
    assert digest(SPEC.replace("[lab, ward]", "[ward, lab]")) != study.digest
    assert digest(SPEC + "\ngenerator: {name: copula}\n") == digest(SPEC + "\ngenerator: {name: marginal}\n")
    (folder / "code.csv").write_text("code\nA1\nB2\nC3\n", encoding="utf-8")
    assert digest(SPEC) != study.digest


def test_what_a_variable_holds_is_never_shown(folder: Path) -> None:
    with pytest.raises(SpecError) as error:
        read(folder / "s.yml", {"ONE": "s3://secret-bucket/x"})
    assert "secret" not in str(error.value)


def test_all_problems_come_at_once_also_behind_a_misspelt_key(folder: Path) -> None:
    text = (
        SPEC.replace("max_children: 8", "max_childs: 8")
        .replace("order_by: day", "order_by: dya")
        .replace("unit: patient", "unit: x")
    )
    with pytest.raises(SpecError) as error:
        parse(str(folder / "s.yml"), text, {"ONE": "/one.duckdb"})
    found = {p.pointer: p for p in error.value.problems}
    assert found["/tables/visit/parent/max_childs"].hint == "did you mean `max_children`?"
    assert {"/tables/visit/order_by", "/privacy/unit"} <= set(found)


def test_public_data_need_a_reason(folder: Path) -> None:
    text = SPEC.replace("epsilon: 1, delta: 1e-6}", "none: simulated patients}")
    study = parse(str(folder / "s.yml"), text, {"ONE": "/one.duckdb"})
    assert study.privacy.budget is None and study.privacy.none == "simulated patients"


def test_links_do_not_lead_out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "code.csv"
    outside.write_text("code\nA1\n", encoding="utf-8")
    (folder / "code.csv").unlink()
    (folder / "code.csv").symlink_to(outside)
    with pytest.raises(SpecError, match="leads out"):
        read(folder / "s.yml", {"ONE": "/one.duckdb"})


@pytest.mark.parametrize("name", ["nafld", "omop", "heart"])
def test_committed_specs_are_correct(root: Path, name: str) -> None:
    study = read(root / "specs" / f"{name}.yml", {})
    assert study.name == name
    if name == "nafld":
        assert [c.sql for c in study.constraints] == ["lab.days <= patient.futime", "event.days <= patient.futime"]


def test_a_spec_without_sql_does_not_load_the_sql_parser(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from specs.lang.read import read; read(Path('specs/heart.yml'));"
        "assert not {'sqlglot', 'duckdb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)


GOVERNED = """\
governance:
  purpose: Readmission models, no other use.
  approvals: [two, one]
  expires: 2027-12-31
  consent: {table: consent_register, key: pid, where: "consent_register.status='given' and year(since) >= 2020 -- as signed"}
"""


def test_governance(folder: Path) -> None:
    found = parse(str(folder / "a.yml"), SPEC + GOVERNED, {"ONE": "one.duckdb"}).governance
    assert (found.purpose, found.approvals) == ("Readmission models, no other use.", ("two", "one"))
    assert found.expires == datetime.date(2027, 12, 31)
    condition = "status = 'given' AND YEAR(since) >= 2020"
    assert found.consent == Consent("consent_register", ("pid",), condition, ("status", "since"))


def test_without_governance_everyone_counts_and_nothing_expires(study: Study) -> None:
    assert study.governance == Governance()


def test_what_hospitals_agree_to_is_in_the_digest(folder: Path) -> None:
    digests = {
        parse(str(folder / "a.yml"), SPEC + GOVERNED.replace(old, new), {"ONE": "one.duckdb"}).digest
        for old, new in [("x", "x"), ("Readmission", "Other"), ("two, one", "one"), ("2027", "2028"), ("'given'", "'asked'")]
    }
    assert len(digests) == 5


def test_sites_need_keys_where_others_must_tell_them_apart(folder: Path) -> None:
    found = parse(str(folder / "a.yml"), SPEC, {"ONE": "one.duckdb"})
    keyed = {"one": replace(found.sites["one"], key="ed25519:" + "A" * 43), "two": found.sites["two"]}
    notes = Notes(document("a.yml", SPEC))
    check_keys(notes, keyed, "embedded")
    assert notes.problems == []
    check_keys(notes, keyed, "nvflare")
    assert [p.pointer for p in notes.problems] == ["/sites/two"]
