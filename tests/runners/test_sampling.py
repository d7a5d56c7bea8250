"""Sampling at any size: the same rows whoever draws them, what is drawn stays drawn, no more than a shard in memory."""

from __future__ import annotations

import hashlib
import signal
from dataclasses import replace
from multiprocessing import active_children
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generators.frame import length
from generators.marginal.ask import answers, in_patients, totals
from generators.marginal.fit import Effort
from generators.marginal.keys import room
from generators.marginal.model import Model
from generators.marginal.shard import Infeasible
from generators.marginal.structure import queries
from generators.marginal.train import learn
from privacy.sums import Sums
from runners.cli import main
from runners.errors import DATA, WRONG, Stop
from runners.release import write_database
from runners.rules import DuckRules
from runners.sampling import batch as batch_module
from runners.sampling import sample as sample_module
from runners.sampling.batch import Job, draw
from runners.sampling.crew import draw_all
from runners.sampling.sample import sample
from runners.sampling.tally import Tally
from specs.lang.read import read
from specs.lang.types import Study

ROOT = Path(__file__).resolve().parents[2]
PATIENTS, SHARD = 1_150, 250


@pytest.fixture(scope="module")
def study() -> Study:
    return read(ROOT / "tests" / "fixtures" / "cohorts" / "clinic.yml", {})


@pytest.fixture(scope="module")
def sums(study: Study) -> Sums:
    """Every cell counts the same: what is learned does not matter here."""
    asked = {q.name: q for q in queries(study)}
    return Sums(asked, {q.name: np.full(q.shape, 2000 / q.cells) for q in asked.values()}, dict.fromkeys(asked, 1.0), ("here",))


@pytest.fixture(scope="module")
def model(study: Study, sums: Sums) -> Model:
    return learn(study, sums, effort=Effort(classes=8, steps=20, rows=500, patients=300, iterations=5, rounds=1))


@pytest.fixture
def job(model: Model, tmp_path: Path) -> Job:
    return Job(model, PATIENTS, 7, tmp_path / "drawn", SHARD)


def contents(job: Job) -> dict[str, str]:
    """Every file with its digest."""
    files = sorted(f for f in job.folder.iterdir() if not f.name.startswith("."))  # a killed process leaves half of one
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def released(job: Job, sums: Sums, file: Path) -> dict[str, tuple]:
    """Every released table: number of rows, and a digest of all of them in their order."""
    study = job.model.study
    tables = [t.name for t in study.patient_tables()]
    write_database(file, study, {t: [job.rows(b, t) for b in job.batches] for t in tables}, sums, {})
    with duckdb.connect(str(file), read_only=True, config={"threads": 1}) as con:  # an aggregate takes rows as they come
        return {t: con.sql(f"select count(*), md5(string_agg(r::varchar, ';')) from sampled.{t} r").fetchall()[0] for t in tables}


def test_any_number_of_processes_draws_the_same(job, sums, tmp_path):
    found = []
    for workers in (1, 2, 3):
        here = replace(job, folder=tmp_path / str(workers))
        tally = sample(here, workers)
        found.append((contents(here), released(here, sums, tmp_path / f"{workers}.duckdb"), tally.rows, tally.totals.tolist()))
    assert found[0] == found[1] == found[2]
    assert len(list(job.batches)) == 5
    assert found[0][1]["patient"][0] == PATIENTS


def test_by_default_processes_are_started_only_where_there_is_enough_to_do(job, monkeypatch):
    asked = []
    monkeypatch.setattr(sample_module, "draw_all", lambda job, left, workers, done: asked.append((len(left), workers)))
    monkeypatch.setattr(sample_module, "cpus", lambda: 3)
    sample(job)
    assert asked == []
    monkeypatch.setattr(sample_module, "TRIED", 0.0)
    monkeypatch.setattr(sample_module, "WORTH", 0.0)
    with pytest.raises(Stop):  # what the processes should have drawn is not there
        sample(replace(job, seed=8))
    assert asked == [(4, 3)]


@pytest.mark.parametrize("number", ["0", "-1", "two", "1.5"])
def test_the_number_of_processes_is_a_whole_number(number, capsys):
    assert main(["run", str(ROOT / "specs" / "heart.yml"), f"--workers={number}"]) == WRONG
    assert "--workers" in capsys.readouterr().err


def test_the_tables_in_memory_are_the_tables_in_the_files(model, job, monkeypatch):
    tally = sample(job, 1)
    monkeypatch.setattr("generators.marginal.model.SHARD", SHARD)
    whole = model.sample(PATIENTS, 7, DuckRules(model.study))
    assert tally.rows == {name: length(frame) for name, frame in whole.tables.items()}
    assert tally.thrown == whole.thrown
    assert np.array_equal(tally.totals, totals(model.study, whole.tables, whole.parents))
    drawn = pa.concat_tables([pq.read_table(job.rows(b, "visit")) for b in job.batches])
    assert drawn["day"].to_pylist() == whole.tables["visit"]["day"].values.tolist()
    assert drawn["visit_id"].to_pylist() == whole.tables["visit"]["visit_id"].values.tolist()


def test_keys_are_unique_and_point_somewhere_across_shards(job, sums, tmp_path):
    sample(job, 1)
    released(job, sums, tmp_path / "r.duckdb")
    with duckdb.connect(str(tmp_path / "r.duckdb"), read_only=True) as con:
        con.execute("set schema = 'sampled'")

        def count(sql: str) -> int:
            return con.execute(f"select count(*) from {sql}").fetchone()[0]

        assert con.execute("select min(patient_id), max(patient_id), count(distinct patient_id) from patient").fetchone() == (
            1,
            PATIENTS,
            PATIENTS,
        )
        assert count("(select visit_id from visit group by all having count(*) > 1)") == 0
        assert count("(select visit_id, line from charge group by all having count(*) > 1)") == 0
        assert count("visit anti join patient using (patient_id)") == 0
        assert count("charge anti join visit using (visit_id)") == 0
        assert count("note anti join charge on of_visit = visit_id and of_line = line") == 0
        # buddies: the patient, or anyone else, in whatever shard
        assert count("patient where buddy not in (select patient_id from patient)") == 0
        others = f"patient where buddy <> patient_id and (buddy - 1) // {SHARD} <> (patient_id - 1) // {SHARD}"
        assert count(others) > count("patient where buddy <> patient_id") / 2


def test_a_shard_leaves_room_for_all_rows_of_the_shards_before(study):
    tables = {t.name: room(study, t) for t in study.patient_tables()}
    assert tables == {"patient": 1, "visit": 12, "charge": 36, "note": 72}


def test_patients_who_can_have_many_rows_are_drawn_fewer_at_a_time(model):
    assert model.size == 65_536
    many = replace(model.study.tables["visit"], parent=replace(model.study.tables["visit"].parent, max_children=400))
    heavy = replace(model, study=replace(model.study, tables={**model.study.tables, "visit": many}))
    assert heavy.size * (1 + 400 * (1 + 3 + 6)) <= 1 << 23 < (heavy.size + 1) * (1 + 400 * (1 + 3 + 6))


def test_counts_of_shards_add_up_to_those_of_the_whole(model):
    rules = DuckRules(model.study)
    parts = [model.shard(number, PATIENTS, 7, rules, SHARD) for number in range(5)]
    tallies = [Tally.of(model.study, part) for part in parts]
    whole = sum(tallies[1:], tallies[0])
    each = [answers(model.study, part.tables, part.parents) for part in parts]
    for name, found in in_patients(model.study, whole.totals).items():
        assert np.allclose(found, sum(e[name] for e in each)), name
    assert whole.rows["patient"] == PATIENTS


def test_nothing_larger_than_a_shard_is_ever_held(job, model, monkeypatch):
    """Frames, Arrow tables and what is counted: each of one shard, and the one before is gone."""
    held: list[int] = []
    most = {t.name: SHARD * room(model.study, t) for t in model.study.patient_tables()}

    def watched(study, name, frame, **how):
        assert length(frame) <= most[name]
        held.append(length(frame))
        return table_of(study, name, frame, **how)

    table_of = batch_module.table_of
    monkeypatch.setattr(batch_module, "table_of", watched)
    monkeypatch.setattr(Model, "sample", None)
    monkeypatch.setattr(batch_module, "FEW", 1)  # all five shards in one batch
    assert len(job.batches) == 1
    tally = sample(job, 1)
    assert len(held) == 5 * len(most) and sum(held) == sum(tally.rows.values())
    files = {name: pq.ParquetFile(job.rows(0, name)) for name in most}
    assert {f.num_row_groups for f in files.values()} == {5}
    assert {name: f.metadata.num_rows for name, f in files.items()} == dict(tally.rows)


def test_what_was_drawn_before_an_interrupt_is_taken(job, monkeypatch, tmp_path):
    drawn: list[int] = []

    def counted(job, batch, rules):
        if len(drawn) == 3:
            job.rows(batch, "patient").write_bytes(b"half a file")
            raise KeyboardInterrupt
        drawn.append(batch)
        draw(job, batch, rules)

    monkeypatch.setattr(sample_module, "draw", counted)
    with pytest.raises(KeyboardInterrupt):
        sample(job, 1)
    monkeypatch.setattr(sample_module, "draw", lambda *a: (drawn.append(a[1]), draw(*a)))
    again = sample(job, 1)
    assert drawn == [0, 1, 2, 3, 4]
    other = replace(job, folder=tmp_path / "other")
    assert np.array_equal(again.totals, sample(other, 1).totals)
    assert contents(job) == contents(other)


def test_an_interrupt_ends_all_processes_and_the_next_attempt_goes_on(job, tmp_path):
    def interrupted(doing, share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sample(job, 2, interrupted)
    assert active_children() == []
    other = replace(job, folder=tmp_path / "other")
    assert sample(job, 2).rows == sample(other, 1).rows
    assert contents(job) == contents(other)


@pytest.mark.parametrize("other", ["seed", "patients"])
def test_another_job_draws_everything_again(job, other, tmp_path):
    sample(job, 1)
    before = contents(job)
    changed = replace(job, **{other: 600})
    sample(changed, 1)
    fresh = replace(changed, folder=tmp_path / "fresh")
    sample(fresh, 1)
    assert contents(job) == contents(fresh) != before


def test_constraints_that_nothing_meets_end_all_processes(job):
    impossible = replace(job.model.study.constraints[0], sql="patient.age > 200", table="patient", tables=("patient",))
    model = replace(job.model, study=replace(job.model.study, constraints=(impossible,)))
    with pytest.raises(Infeasible):
        sample(replace(job, model=model), 2)


def test_a_process_that_dies_is_said(job, monkeypatch):
    job.folder.mkdir()
    with pytest.raises(Stop) as found:
        draw_all(replace(job, model=Deadly()), [0, 1], 2, lambda: None)
    assert found.value.code == DATA and "ended by itself" in found.value.message


class Deadly:
    """Stands in for a model that takes all memory: whoever unpacks it is killed."""

    def __reduce__(self):
        return signal.raise_signal, (signal.SIGKILL,)
