"""Cohorts: exactly as many patients as asked, each of whom meets the conditions, weights that lead back to the model."""

from __future__ import annotations

import json
import weakref
from math import comb
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generators.frame import Series, known
from generators.marginal.ask import answers
from generators.marginal.model import Model
from generators.marginal.structure import queries
from generators.marginal.train import learn
from privacy.sums import Sums
from runners.cli import main
from runners.cohort.odds import Odds
from runners.release import save_model, write_manifest
from runners.rules import DuckRules
from specs.lang.cohort import read_cohort
from specs.lang.read import read
from specs.lang.types import Study

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "cohorts"
PATIENTS = 3000


def labelled(codes, *labels, null=None):
    return Series(codes, np.zeros(len(codes), bool) if null is None else null, labels)


def hospital(study: Study):
    """Made-up patients: men are older and heavier, the old smoke less and have more visits in wards."""
    rng = np.random.default_rng(1)
    n = PATIENTS
    sex = (rng.random(n) < 0.3).astype(np.int64)
    age = np.clip(rng.normal(40 + 20 * sex, 12, n), 0, 99).astype(np.int64)
    key = np.arange(1, n + 1)
    patient = {
        "patient_id": known(key),
        "age": known(age),
        "sex": labelled(sex, "f", "m"),
        "weight": Series(np.clip(rng.normal(60 + 15 * sex, 8, n), 30, 130), rng.random(n) < 0.2),
        "until": known(rng.integers(0, 1001, n)),
        "buddy": Series(np.where(rng.random(n) < 0.5, key, 1), rng.random(n) < 0.1),
        "home": labelled(rng.integers(0, 3, n), "r1", "r2", "u1"),
        "smokes": labelled((rng.random(n) < np.where(age > 50, 0.1, 0.5)).astype(int), "false", "true", null=rng.random(n) < 0.1),
    }
    visits = np.repeat(np.arange(n), np.minimum(rng.poisson(0.5 + age / 30), 12))
    kind = (rng.random(len(visits)) < age[visits] / 120).astype(np.int64)
    day = np.floor(rng.random(len(visits)) * (patient["until"].values[visits] + 1)).astype(np.int64)
    visit = {"day": known(day), "kind": labelled(kind, "lab", "ward"), "result": known(rng.random(len(visits)) * 4)}
    charges = np.flatnonzero(rng.random(len(visits)) < 0.5)
    charge = {"code": labelled(rng.integers(0, 3, len(charges)), "a", "b", "c"), "units": known(1 + kind[charges])}
    notes = np.flatnonzero(rng.random(len(charges)) < 0.3)
    note = {"mood": labelled(rng.integers(0, 2, len(notes)), "good", "bad")}
    tables = {"patient": DuckRules(study).derive("patient", patient), "visit": visit, "charge": charge, "note": note}
    return tables, {"visit": visits, "charge": charges, "note": notes}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with the spec of the clinic and its release."""
    folder = tmp_path_factory.mktemp("clinic")
    for name in ("clinic.yml", "place.csv"):
        (folder / name).write_text((FIXTURES / name).read_text())
    study = read(folder / "clinic.yml", {})
    asked = {q.name: q for q in queries(study)}
    model = learn(study, Sums(asked, answers(study, *hospital(study)), dict.fromkeys(asked, 0.0), ("here",)))
    save_model(folder / "out" / "clinic" / "model", model)
    write_manifest(folder / "out" / "clinic", {"digest": study.digest, "run": "1", "sites": ["here"], "epsilon": None})
    return folder


def cohort(place: Path, name: str, *lines: str, rows: int = 300) -> Path:
    file = place / f"{name}.yml"
    file.write_text("\n".join([f"cohort: {name}", "from: clinic.yml", f"rows: {{patient: {rows}}}", *lines]) + "\n")
    return file


def made(place: Path, name: str, *lines: str, rows: int = 300) -> duckdb.DuckDBPyConnection:
    assert main(["cohort", str(cohort(place, name, *lines, rows=rows)), "--quiet"]) == 0
    connection = duckdb.connect(str(place / "out" / "clinic.cohorts" / f"{name}.duckdb"), read_only=True)
    connection.execute("SET search_path = 'synthetic,wardloom'")
    return connection


def one(connection, sql):
    return connection.execute(sql).fetchone()


BELOW = "patient_id in (select patient_id from visit where kind = 'ward' and day < patient.until)"


def test_as_many_patients_as_asked_and_all_meet_the_conditions(place):
    given_ = ["age between 50 and 60", BELOW, "home in (select code from place where area = 'rural')"]
    with made(place, "met", f"given: {json.dumps(given_)}") as found:
        assert one(found, "SELECT count(*) FROM patient") == (300,)
        for condition in given_:
            assert one(found, f"SELECT count(*) FROM patient WHERE ({condition}) IS NOT TRUE") == (0,)
        assert one(found, "SELECT count(*) FROM visit WHERE kind = 'ward'")[0] >= 300


def test_grandchildren_and_keys_of_two_columns(place):
    condition = (
        "patient_id in (select patient_id from visit where visit_id in (select visit_id from charge"
        " where (visit_id, line) in (select of_visit, of_line from note where mood = 'bad')))"
    )
    with made(place, "deep", f'given: ["{condition}"]', rows=50) as found:
        assert one(found, f"SELECT count(*) FROM patient WHERE {condition}") == (50,)


def test_counts_of_rows(place):
    condition = "patient_id in (select patient_id from visit group by patient_id having count(*) >= 4)"
    with made(place, "many", f'given: ["{condition}"]', rows=50) as found:
        sql = "SELECT min(n) FROM (SELECT count(*) AS n FROM visit GROUP BY patient_id)"
        assert one(found, sql)[0] >= 4


def test_conditions_on_rows_below_may_follow_one_that_nobody_meets(place, capsys):
    text = [json.dumps(c) for c in ("age > 99", BELOW, "patient_id in (select patient_id from visit where result > 1)")]
    assert main(["cohort", str(cohort(place, "nobody", f"given: [{', '.join(text)}]", "tries: 5000")), "--quiet"]) == 1
    assert "nobody cannot be filled" in capsys.readouterr().err


def test_patients_for_whom_a_condition_is_null_are_left_out(place):
    with made(place, "nulls", "given: [weight < 60 or weight >= 60]") as found:
        assert one(found, "SELECT count(*) FROM patient WHERE weight IS NULL") == (0,)


def test_tables_have_keys_and_point_somewhere(place):
    with made(place, "keys", "given: [age > 50]") as found:
        assert one(found, "SELECT min(patient_id), max(patient_id) FROM patient") == (1, 300)
        sql = (
            "SELECT table_name, constraint_type FROM duckdb_constraints() WHERE constraint_type IN ('PRIMARY KEY', 'FOREIGN KEY')"
        )
        keys = set(found.execute(sql).fetchall())
        assert {(t, "PRIMARY KEY") for t in ("place", "patient", "visit", "charge")} <= keys
        assert {(t, "FOREIGN KEY") for t in ("patient", "visit", "charge", "note")} <= keys
        assert one(found, "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'UNIQUE'") == (1,)
        assert one(found, "SELECT count(*) FROM patient WHERE buddy NOT IN (SELECT patient_id FROM patient)") == (0,)
        assert 100 < one(found, "SELECT count(*) FROM patient WHERE buddy = patient_id")[0] < 180
        assert one(found, "SELECT count(*) FROM visit JOIN patient USING (patient_id) WHERE day > until") == (0,)
        assert one(found, "SELECT count(*) FROM place") == (3,)
        assert one(found, "SELECT value FROM facts WHERE name = 'met'")[0].isdigit()


def test_the_same_file_gives_the_same_patients_and_another_seed_others(place):
    def rows(name, *lines):
        with made(place, name, "given: [age > 60]", *lines) as found:
            return [found.execute(f"SELECT * FROM {t} ORDER BY ALL").fetchall() for t in ("patient", "visit", "charge", "note")]

    first = rows("same")
    assert rows("same") == first
    assert rows("same", "seed: 6") != first
    assert rows("other") != first


def test_the_first_patients_of_a_larger_cohort_are_the_smaller_one(place):
    def ages(rows):
        with made(place, "grown", "given: [age > 60]", rows=rows) as found:
            return [a for (a,) in found.execute("SELECT age FROM patient ORDER BY patient_id").fetchall()]

    assert ages(200)[:100] == ages(100)


def test_a_cohort_without_conditions_is_a_draw_from_the_model(place):
    """The share of men and the mean age, within four standard errors."""
    study = read(place / "clinic.yml", {})
    sample = loaded(place, study).sample(50_000, 3, DuckRules(study))
    with made(place, "plain", rows=4000) as found:
        men, age, spread = one(found, "SELECT avg((sex = 'm')::int), avg(age), stddev(age) FROM patient")
    assert abs(men - (sample.tables["patient"]["sex"].values == 1).mean()) < 4 * np.sqrt(0.25 / 4000)
    assert abs(age - sample.tables["patient"]["age"].values.mean()) < 4 * spread / np.sqrt(4000)


def loaded(place: Path, study: Study) -> Model:
    from runners.release import load_model

    model = load_model(place / "out" / "clinic" / "model", study)
    assert model is not None
    return model


def test_shares_are_exact_and_weights_lead_back_to_the_model(place):
    study = read(place / "clinic.yml", {})
    sample = loaded(place, study).sample(100_000, 3, DuckRules(study)).tables["patient"]
    chosen = sample["age"].values > 50
    men = sample["sex"].values[chosen] == 1
    with made(place, "balanced", "given: [age > 50]", "balance: {sex: {m: 0.2, f: 0.8}}", rows=3000) as found:
        assert one(found, "SELECT count(*) FILTER (sex = 'm'), count(*) FROM patient") == (600, 3000)
        share, error = one(found, "SELECT model_share, std_error FROM strata WHERE value = 'm'")
        assert abs(share - men.mean()) < 4 * error + 4 * np.sqrt(0.25 / chosen.sum())
        total, weighted = one(found, "SELECT sum(__weight), sum(__weight * (sex = 'm')::int) / sum(__weight) FROM patient")
        assert total == pytest.approx(3000) and weighted == pytest.approx(share)
        age, plain = one(found, "SELECT sum(__weight * age) / sum(__weight), avg(age) FROM patient")
        by_sex = found.execute("SELECT avg(age), var_samp(age) / count(*) FROM patient GROUP BY sex ORDER BY sex").fetchall()
    shares = np.array([1 - share, share])
    bound = 4 * np.sqrt((shares**2 * [v for _, v in by_sex]).sum() + (error * (by_sex[0][0] - by_sex[1][0])) ** 2)
    truth = sample["age"].values[chosen].mean()
    assert abs(age - truth) < bound
    assert abs(plain - truth) > abs(age - truth)


def test_equal_shares_leave_out_null(place):
    with made(place, "equal", "balance: {smokes: equal}", rows=101) as found:
        assert sorted(found.execute("SELECT count(*) FROM patient GROUP BY smokes").fetchall()) == [(50,), (51,)]


def test_conditions_that_are_hardly_met_say_how_likely_they_are(place, capsys):
    file = cohort(place, "never", "given: ['age > 99']", "tries: 20000")
    assert main(["cohort", str(file), "--quiet"]) == 1
    said = capsys.readouterr().err
    assert "found 0 of 300; 0 of 20,000 drawn patients meet it: at most 1 in 6,680 with 95% confidence" in said
    assert not (place / "out" / "clinic.cohorts" / "never.duckdb").exists()


def test_some_are_not_enough_and_leave_the_cohort_before_in_its_place(place, capsys):
    made(place, "some", "given: [age >= 90]", rows=3).close()
    before = (place / "out" / "clinic.cohorts" / "some.duckdb").read_bytes()
    capsys.readouterr()
    file = cohort(place, "some", "given: [age >= 90]", "balance: {sex: equal}", "tries: 2000", rows=2000)
    assert main(["cohort", str(file), "--quiet", "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    for stratum in said["strata"].values():
        assert stratum["met"] < stratum["wanted"] == 1000
        assert stratum["low"] <= stratum["probability"] <= stratum["high"]
        assert stratum["needed"] is None or stratum["needed"] > 2000
    assert (place / "out" / "clinic.cohorts" / "some.duckdb").read_bytes() == before
    left = {f.name for f in (place / "out" / "clinic.cohorts").iterdir()}
    assert not [name for name in left if name.endswith((".part", ".wal", ".tmp"))]


def test_without_a_release_of_this_spec_nothing_is_drawn(place, tmp_path, capsys):
    text = (place / "clinic.yml").read_text()
    (tmp_path / "place.csv").write_text((place / "place.csv").read_text())
    (tmp_path / "clinic.yml").write_text(text)
    assert main(["cohort", str(cohort(tmp_path, "x"))]) == 1
    assert "no release of this version of" in capsys.readouterr().err


def test_lineage_names_the_release_and_the_file(place):
    made(place, "traced", f'given: ["{BELOW}"]', "balance: {sex: equal}").close()
    lines = (place / "out" / "clinic.cohorts" / "traced.lineage.ndjson").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    assert [e["eventType"] for e in events] == ["START", "COMPLETE"]
    read_ = {(d["namespace"], d["name"]) for d in events[-1]["inputs"]}
    assert ("duckdb://release/clinic", "wardloom.model") in read_ and ("wardloom://clinic", "cohort.traced") in read_
    (patient,) = [d for d in events[-1]["outputs"] if d["name"] == "synthetic.patient"]
    assert patient["namespace"] == "duckdb://release/clinic/cohorts/traced"
    fields = patient["facets"]["columnLineage"]["fields"]
    assert {f["name"] for f in patient["facets"]["schema"]["fields"]} == set(fields) >= {"age", "buddy", "__weight"}
    assert ("cohort.traced", "balance") in {(i["name"], i["field"]) for i in fields["__weight"]["inputFields"]}
    assert "'ward'" not in "".join(lines)


def test_patients_that_are_not_kept_are_gone_before_the_next_are_drawn(place, monkeypatch):
    from runners.cohort import draw

    class Watched:
        def __init__(self, model):
            self.model, self.seen = model, []

        def some(self, patients, seed, rules, keep):
            assert not [ref for ref in self.seen if ref() is not None]
            sample = self.model.some(patients, seed, rules, keep)
            self.seen += [weakref.ref(series.values) for frame in sample.tables.values() for series in frame.values()]
            return sample

    monkeypatch.setattr(draw, "SHARD", 500)
    asked = read_cohort(cohort(place, "lean", "given: [age > 60]"))
    model = Watched(loaded(place, asked.study))
    found = draw.draw(asked, model, DuckRules(asked.study), lambda *_: None)
    assert found.drawn > 1000 and found.drawn % 500 == 0 and found.odds.met >= 300


@given(st.integers(0, 400), st.integers(1, 400))
def test_intervals_hold_what_was_counted(met, drawn):
    odds = Odds(min(met, drawn), drawn)
    assert 0 <= odds.low <= odds.met / drawn <= odds.high <= 1


@given(st.floats(0.001, 0.5), st.integers(5, 60))
@settings(deadline=None)
def test_intervals_hold_the_truth_as_often_as_they_say(probability, drawn):
    """By the binomial distribution: too high in 2.5 % at most; too low in 2.5 %, or in 5 % where none was met."""
    odds = [Odds(met, drawn) for met in range(drawn + 1)]
    chance = [comb(drawn, o.met) * probability**o.met * (1 - probability) ** (drawn - o.met) for o in odds]
    assert sum(c for c, o in zip(chance, odds, strict=True) if o.low > probability) <= 0.025 + 1e-9
    assert (
        sum(c for c, o in zip(chance, odds, strict=True) if o.high < probability) <= (0.05 if chance[0] <= 0.05 else 0.025) + 1e-9
    )


def test_a_model_that_was_changed_since_its_release_is_refused(place, capsys):
    file = place / "out" / "clinic" / "model" / "arrays.npz"
    before = file.read_bytes()
    try:
        file.write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
        assert main(["cohort", str(cohort(place, "changed"))]) == 3
    finally:
        file.write_bytes(before)
    assert "it is not the file that was released" in capsys.readouterr().err
