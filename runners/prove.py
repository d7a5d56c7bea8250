"""Lineage of a run: which stages open which OpenLineage runs, and how the events reach the release."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lineage.emitter import Emitter
from lineage.study import Recorder
from runners.places import DBT
from runners.site.trouble import Trouble
from specs.lang.types import Study

EVENTS = "lineage.ndjson"
URL = "OPENLINEAGE_URL"


@contextmanager
def recorded(study: Study, folder: Path, run: str) -> Iterator[Recorder]:
    """Everything inside is one OpenLineage run, its events in `folder` (and at $OPENLINEAGE_URL, where set)."""
    with Emitter(folder / EVENTS, os.environ.get(URL)) as emitter:
        recorder = Recorder(study, emitter, version=run, dbt=DBT)
        with recorder.run():
            yield recorder


class SiteBuilds:
    """dbt at all sites, side by side: each ends when its site is heard."""

    def __init__(self, recorder: Recorder, sites: Sequence[str]) -> None:
        self._open = {site: ExitStack() for site in sites}
        for site, stack in self._open.items():
            stack.enter_context(recorder.site_build(site))

    def heard(self, site: str, trouble: Trouble | None) -> None:
        """The site answered, or said why it cannot."""
        stack = self._open.pop(site, None)
        if stack is None:
            return
        if trouble is None:
            stack.close()
        else:
            stack.__exit__(type(trouble), trouble, None)

    def end(self, problem: BaseException) -> None:
        """Sites that nobody will hear any more end as `problem` does."""
        for stack in self._open.values():
            stack.__exit__(type(problem), problem, None)
        self._open = {}


def hand_over(folder: Path, release: Path) -> None:
    """The events of the finished run become part of the release."""
    shutil.copyfile(folder / EVENTS, release / EVENTS)
