"""The coordinator: asks the sites' agents through a transport, and sees their total, never a single site's vector."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from generators.trained import Weights
from privacy.masking.errors import Unfit
from privacy.query import Query, digest
from privacy.sums import Sums
from runners.attempt import Attempt, Besides, nothing
from runners.errors import REFUSED, Stop
from runners.files import write_atomic
from runners.masked import MaskedSum, Total
from runners.noise import cost, total_std
from runners.site.message import Stage
from runners.site.trouble import Trouble
from runners.task import Task
from runners.task import share as share_of
from runners.transport.base import Transport
from specs.lang.types import Study

DEADLINE = 3600.0
"""Seconds a site has for one message."""


Told = Callable[[str, Trouble | None], None]
"""Called with a site's name when its sums are there, or with its trouble, as soon as it is heard."""


def silent(site: str, trouble: Trouble | None) -> None:
    """Says nothing."""


@dataclass
class FederatedDoor:
    """The one door to all hospitals: what a generator may ask of them, and all it ever gets to see.

    Answered rounds are kept in `folder` (they are public) and not asked again.
    """

    study: Study
    transport: Transport
    folder: Path
    run: str
    told: Told = silent
    warn: Callable[[str], None] = print
    deadline: float = DEADLINE
    left_out: dict[str, Trouble] = field(default_factory=dict)

    def answered(self, queries: Sequence[Query], share: float) -> bool:
        """Whether the answer is here already."""
        return self._file(queries, share).exists()

    def ready(self, queries: Sequence[Query], share: float) -> None:
        """Asks all sites whether they could answer; nothing is spent. Raises Stop."""
        if not self.answered(queries, share):
            self._attempt(queries, share, lambda masked: masked.ready())

    def ask(self, queries: Sequence[Query], share: float) -> Sums:
        """Noised sums for `share` of the budget. Raises Stop with every site's reason when too few sites answer."""
        file = self._file(queries, share)
        if not file.exists():
            self._attempt(queries, share, lambda masked: _save(file, masked.total()))
            shutil.rmtree(self._place(queries, share), ignore_errors=True)
        total = _load(file)
        present = tuple(site for site in self.study.sites if site in total.sites)
        return self._sums(queries, share, total.vector, present)

    def train(self, task: Task, weights: Weights, moving: int | None = None) -> Total:
        """The total of a round of training, in integers: `moving` of them, or as many as weights. Raises Stop as `ask` does."""
        asked, part = (task.query(self.study, moving or len(weights)),), share_of(self.study, task.trial)
        file = self._file(asked, part)
        if not file.exists():

            def besides(stage: Stage) -> dict[str, Any]:
                return task.said(weights if stage == "sums" else None)

            self._attempt(asked, part, lambda masked: _save(file, masked.total()), besides)
            shutil.rmtree(self._place(asked, part), ignore_errors=True)
        return _load(file)

    def forget(self, task: Task, length: int) -> None:
        """Removes the total of a round that the weights have taken in."""
        self._file((task.query(self.study, length),), share_of(self.study, task.trial)).unlink(missing_ok=True)

    def _file(self, queries: Sequence[Query], share: float) -> Path:
        return answer_of(self.folder, queries, share)

    def _place(self, queries: Sequence[Query], share: float) -> Path:
        return self._file(queries, share).with_suffix("")

    def _attempt(
        self, queries: Sequence[Query], share: float, act: Callable[[MaskedSum], object], besides: Besides = nothing
    ) -> None:
        """Goes on with the attempt that is under way; one that cannot go on makes room for a new one."""
        place, before = self._place(queries, share), set(self.left_out)
        place.mkdir(parents=True, exist_ok=True)
        cells = sum(q.cells for q in queries)
        attempt = Attempt(
            self.study,
            self.transport,
            place,
            self.run,
            digest(queries),
            share,
            cells,
            self.deadline,
            self._heard,
            self.left_out,
            besides,
        )
        try:
            act(MaskedSum(self.study, attempt))
        except Unfit as unfit:
            shutil.rmtree(place, ignore_errors=True)
            raise Stop(REFUSED, f"the secure sum does not come out: {unfit}\n  run again: a new round begins") from None
        except Stop:
            if any(trouble.code in ("round", "forged") for trouble in self.left_out.values()):
                shutil.rmtree(place, ignore_errors=True)
            raise
        for site in sorted(set(self.left_out) - before):
            self.warn(f"going on without one site: {self.left_out[site].text(site)}")

    def _heard(self, stage: Stage, site: str, trouble: Trouble | None) -> None:
        if stage == "sums" or trouble:
            self.told(site, trouble)

    def _sums(self, queries: Sequence[Query], share: float, vector: NDArray[np.int64], sites: tuple[str, ...]) -> Sums:
        """The total cut into histograms, in patients."""
        std = total_std(self.study, cost(self.study, queries, share)[1], len(sites))
        values: dict[str, NDArray[np.float64]] = {}
        start = 0
        for query in queries:
            values[query.name] = (vector[start : start + query.cells] / query.scale).reshape(query.shape)
            start += query.cells
        named = {q.name: q for q in queries}
        return Sums(named, values, {q.name: std / q.scale for q in queries}, sites)


def answer_of(folder: Path, queries: Sequence[Query], share: float) -> Path:
    """Where a run keeps the total of a round that was answered."""
    return folder / f"round-{digest(queries)[:12]}-{share:g}.npz"


def _save(file: Path, total: Total) -> None:
    def put(path: Path) -> None:
        sites, transcript = np.asarray(json.dumps(total.sites)), np.asarray(total.transcript)
        with open(path, "wb") as out:
            np.savez_compressed(out, vector=total.vector, sites=sites, transcript=transcript)

    write_atomic(file, put)


def _load(file: Path) -> Total:
    with np.load(file, allow_pickle=False) as found:
        return Total(found["vector"], tuple(json.loads(str(found["sites"]))), str(found["transcript"]))
