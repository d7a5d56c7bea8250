"""Turns the stages of `wardloom run` into OpenLineage runs.

    with Emitter(folder / "lineage.ndjson", url) as emitter:     # `folder`: of this run (one file per spec digest), not a site's
        recorder = Recorder(study, emitter, version=run_name)
        with recorder.run():                                     # the top run; every other one is below it
            with recorder.site_build("north"):                   # dbt at one site; once per site, may be open side by side
                ...
            with recorder.round(asked_sites) as stage:           # one question through the door
                ...
                stage.answered(sums.sites, rho)                  # those whose shares are in the sums, and what it cost
            with recorder.fit(sums.sites):                       # noised sums -> model (a `round` opened in here is its child)
                ...
            with recorder.sample() as stage:                     # model -> tables
                with stage.table("lab"):                         # every table of patients, once, parents first
                    ...
            with recorder.release_build():                       # dbt at the release
                ...
            with recorder.report():
                ...

Every method is a context manager: START is on disk when it is entered; COMPLETE, FAIL or ABORT when it is left. Exceptions go
through unchanged and leave only the name of their class (and an exit code) behind, never their message.
Stages that are skipped because their result is there from an earlier attempt are simply not opened; keep the earlier events
by appending to the same file. `Emitter` itself closes what a killed process left open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lineage import cohort as cohorts
from lineage import facets
from lineage.datasets import Dataset, earlier_sums, spec
from lineage.emitter import Emitter, Run
from lineage.events import Json
from lineage.graph import Graph
from specs.lang.cohort import Cohort
from specs.lang.types import Study

GENERATOR_VERSION = "1"


@dataclass(frozen=True)
class Stage:
    """A run that is open."""

    recorder: Recorder
    run: Run

    def answered(self, sites: Sequence[str], rho: float | None = None) -> None:
        """Which sites' shares are in the sums, and the rho (zCDP) the round cost."""
        study = self.recorder.study
        self.run.facets |= facets.federation(study.federation, sites) | facets.privacy(study.privacy, rho)
        self.recorder.graph.present = tuple(sites)
        self.run.inputs = self.recorder.graph.asked(sites)
        self.run.outputs = (self.recorder.graph.sums(),)

    @contextmanager
    def table(self, name: str) -> Iterator[Stage]:
        """One synthetic table."""
        graph = self.recorder.graph
        with self.recorder.open(f"table/{name}", self.run, graph.above(name), (graph.table(name),)) as stage:
            yield stage


class Recorder:
    """Writes the runs of one study.

    `version` names the data of this run (by default the spec's digest), `dbt` is the folder of the dbt project.
    """

    def __init__(self, study: Study, emitter: Emitter, version: str = "", dbt: Path | None = None) -> None:
        self.study = study
        self.emitter = emitter
        self.graph = Graph(study, version or study.digest[:16], dbt)
        self.root: Run | None = None
        self._fit: Run | None = None

    @contextmanager
    def run(self) -> Iterator[Stage]:
        """The whole of `wardloom run`."""
        with self.open("run", None, (spec(self.study),), ()) as stage:
            self.root = stage.run
            try:
                yield stage
            finally:
                self.root = None

    @contextmanager
    def site_build(self, site: str) -> Iterator[Stage]:
        """One site's dbt build: from the hospital's tables to marginals."""
        sources, models = self.graph.site(site)
        with self.open(f"site_build/{site}", self.root, sources, models, "DBT") as stage:
            yield stage

    @contextmanager
    def round(self, sites: Sequence[str]) -> Iterator[Stage]:
        """One question through the door."""
        self.graph.present = tuple(sites)
        outputs = (self.graph.sums(),)
        said = facets.federation(self.study.federation, sites)
        with self.open("round", self._fit or self.root, self.graph.asked(sites), outputs, "QUERY", said) as stage:
            yield stage

    @contextmanager
    def fit(self, sites: Sequence[str] | None = None, earlier: str | None = None) -> Iterator[Stage]:
        """The generator learns from the noised sums of `sites` (of those that answered last; of all), and from those of the
        run `earlier`, if there was one.
        """
        if sites is not None:
            self.graph.present = tuple(sites)
        before = (earlier_sums(self.study, earlier),) if earlier else ()
        inputs, said = (self.graph.sums(), *before, self.graph.spec), facets.generator(self.study.generator, GENERATOR_VERSION)
        with self.open("fit", self.root, inputs, (self.graph.model(),), "TRAIN", said) as stage:
            self._fit = stage.run
            try:
                yield stage
            finally:
                self._fit = None
                stage.run.outputs = (self.graph.model(),)  # a round inside may have lost a site

    @contextmanager
    def sample(self) -> Iterator[Stage]:
        """Tables are drawn from the model."""
        inputs = (self.graph.model(), self.graph.spec, self.graph.sums())
        said = facets.generator(self.study.generator, GENERATOR_VERSION)
        outputs = (self.graph.facts(), *self.graph.references())
        with self.open("sample", self.root, inputs, outputs, "SAMPLE", said) as stage:
            yield stage

    @contextmanager
    def release_build(self) -> Iterator[Stage]:
        """The dbt build at the release: contracts, tests, quality."""
        inputs, models = self.graph.release()
        with self.open("release_build", self.root, inputs, models, "DBT") as stage:
            yield stage

    @contextmanager
    def report(self) -> Iterator[Stage]:
        """The report is written."""
        with self.open("report", self.root, self.graph.released(), (), "REPORT") as stage:
            yield stage

    @contextmanager
    def cohort(self, cohort: Cohort, sites: Sequence[str]) -> Iterator[Stage]:
        """Patients are drawn under conditions from the released model; `sites` are those it was learned from."""
        self.graph.present = tuple(sites)
        inputs = (self.graph.model(), self.graph.spec, cohorts.said(cohort))
        outputs = (*cohorts.references(cohort, self.graph.version), *cohorts.tables(cohort, self.graph.version))
        said = facets.generator(self.study.generator, GENERATOR_VERSION)
        with self.open(f"cohort/{cohort.name}", None, inputs, outputs, "SAMPLE", said) as stage:
            yield stage

    @contextmanager
    def open(
        self,
        job: str,
        parent: Run | None,
        inputs: Sequence[Dataset],
        outputs: Sequence[Dataset],
        kind: str = "TASK",
        said: Mapping[str, Json] | None = None,
    ) -> Iterator[Stage]:
        """Any run of this study."""
        every = {**facets.spec(self.study), **facets.privacy(self.study.privacy), **(said or {})}
        where = f"wardloom://{self.study.name}"
        types = facets.job_type(kind)
        with self.emitter.run(job, where, parent=parent, inputs=inputs, outputs=outputs, facets=every, job_facets=types) as run:
            yield Stage(self, run)
