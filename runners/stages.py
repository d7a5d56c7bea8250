"""What each stage of a run does."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np

from evaluation.compare import compare
from generators.marginal.ask import in_patients
from runners import before, release
from runners.card import write_card
from runners.earlier import added
from runners.facts import facts
from runners.noise import cost
from runners.prove import SiteBuilds
from runners.publish import build_release
from runners.reporting import ANSWERS, write_report
from runners.run import SAMPLED, Run
from runners.sampling.batch import Job
from runners.sampling.sample import sample as draw_tables
from runners.site.trouble import Trouble
from runners.task import measured
from specs.lang.types import Generator, Study


def check(run: Run) -> None:
    """All is well on this machine, before anyone is asked. Raises Stop, and SpecError for a device that is not there."""
    run.earlier = before.check(run.study, run.asked)


def ready(run: Run) -> None:
    """Every site says whether it could answer; nothing is spent."""
    run.door.ready(run.asked, measured(run.study))


def ask(run: Run) -> None:
    """Every site: dbt, the ledger, the noise, the sums."""
    assert run.recorder
    if run.door.answered(run.asked, measured(run.study)):
        run.sums = run.door.ask(run.asked, measured(run.study))
        run.present = run.sums.sites
        return
    sites = [site for site in run.study.sites if site not in run.door.left_out]
    with run.recorder.round(sites) as stage:
        builds = SiteBuilds(run.recorder, sites)
        heard: list[str] = []

        def told(site: str, trouble: Trouble | None) -> None:
            heard.append(site)
            builds.heard(site, trouble)
            run.ticker.tell(f"{site} {'cannot answer' if trouble else 'answered'}", len(heard) / len(sites))

        run.door.told = told
        try:
            run.sums = run.door.ask(run.asked, measured(run.study))
        except BaseException as problem:
            builds.end(problem)
            raise
        run.present = run.sums.sites
        stage.answered(run.present, cost(run.study, run.asked, measured(run.study))[0] or None)


def learn(run: Run) -> None:
    """The model, from the noised sums alone, with those of an earlier release; one that was learned before is taken."""
    from generators.marginal.train import learn as learn_model

    assert run.sums and run.recorder
    if run.earlier:
        run.sums = added(run.sums, run.earlier.sums)
    folder = run.folder / ("base" if run.study.generator.trains else "model")
    study = base_of(run.study)
    run.model = release.load_model(folder, study)
    if run.model is None:
        with run.recorder.fit(run.present, run.earlier.facts["run"] if run.earlier else None):
            run.model = learn_model(study, run.sums, run.ticker.tell)
            release.save_model(folder, run.model)


def base_of(study: Study) -> Study:
    """The study as the marginal generator learns it: what a generator that trains begins with.

    A GPU that is asked for is Torch's; the marginal generator takes one if CuPy is there too.
    """
    plain = Generator(device="cpu" if study.generator.device == "cpu" else "auto")
    return replace(study, generator=plain) if study.generator.trains else study


def sample(run: Run) -> None:
    """Synthetic tables of the size the spec asks for, in Parquet files, and what they answer."""
    assert run.model and run.recorder
    for left in run.places.runs.glob(f"*/{SAMPLED}"):  # by a run that nobody went on with
        if left.parent != run.folder:
            shutil.rmtree(left, ignore_errors=True)
    run.job = Job(run.model, patients(run), run.study.seed, run.folder / SAMPLED, run.model.size)
    with run.recorder.sample() as stage:
        run.tally = draw_tables(run.job, run.workers, run.ticker.tell)
        for table in run.study.patient_tables():
            with stage.table(table.name):
                pass


def patients(run: Run) -> int:
    """The spec's number of rows of the root table; without one, the noised number of patients."""
    wanted = run.study.rows.get(run.study.root.name)
    return wanted if wanted is not None else noised_patients(run)


def noised_patients(run: Run) -> int:
    """How many patients there are, by the noised sums."""
    assert run.sums is not None
    single = [q.name for q in run.asked if q.table == run.study.root.name and len(q.columns) == 1]
    return max(1, round(float(np.median([run.sums.values[name].sum() for name in single]))))


def tables(run: Run) -> None:
    """A fresh database beside the place of the release."""
    assert run.sums and run.job and run.tally and run.model
    run.partial.mkdir(parents=True)
    run.compared = compare(run.study, run.sums, in_patients(run.study, run.tally.totals))
    run.facts = facts(run)
    files = {t.name: [run.job.rows(batch, t.name) for batch in run.job.batches] for t in run.study.patient_tables()}
    release.write_database(run.partial / run.places.database.name, run.study, files, run.sums, run.facts)
    release.save_model(run.partial / "model", run.model)
    run.tally.save(run.partial / ANSWERS)


def build(run: Run) -> None:
    """At the release, dbt: contracts, keys, relationships, constraints."""
    assert run.recorder
    with run.recorder.release_build():
        build_release(run.study, run.partial / run.places.database.name, run.folder / "dbt")


def report(run: Run) -> None:
    """One HTML file, and the model card."""
    assert run.recorder and run.compared
    with run.recorder.report():
        write_report(run.study, run.compared, run.facts, run.partial)
        write_card(run.study, run.facts, run.partial)
