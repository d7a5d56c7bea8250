"""The coordinator: asks the sites' agents through a transport, adds up their shares, and never sees anything else."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from privacy.query import Query, digest
from privacy.secure_sum import total
from privacy.sums import Sums
from runners.errors import DATA, Stop
from runners.files import write_atomic
from runners.noise import cost, total_std
from runners.site.message import Malformed, Reply, Request, Stage
from runners.site.trouble import Trouble
from runners.transport.base import Answer, Transport
from specs.lang.types import Study

DEADLINE = 3600.0
"""Seconds a site has for one message."""


Told = Callable[[str, Trouble | None], None]
"""Called with a site's name, and its trouble if it has any, as soon as it is heard."""


def silent(site: str, trouble: Trouble | None) -> None:
    """Says nothing."""


@dataclass
class FederatedDoor:
    """`privacy.door.Door` over hospitals. Answered rounds are kept in `folder` (they are public) and not asked again."""

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
            self._shares("ready", queries, share)

    def ask(self, queries: Sequence[Query], share: float) -> Sums:
        """Noised sums for `share` of the budget. Raises Stop with every site's reason when too few sites answer."""
        file = self._file(queries, share)
        if not file.exists():
            shares = self._shares("sums", queries, share)
            if any(len(s) != sum(q.cells for q in queries) for s in shares.values()):
                raise Stop(DATA, "a site sent a share of another length: it runs another version of Wardloom")
            _save(file, total(list(shares.values())), tuple(shares))
        vector, sites = _load(file)
        return self._sums(queries, share, vector, sites)

    def _file(self, queries: Sequence[Query], share: float) -> Path:
        return self.folder / f"round-{digest(queries)[:12]}-{share:g}.npz"

    def _sums(self, queries: Sequence[Query], share: float, vector: NDArray[np.int64], sites: tuple[str, ...]) -> Sums:
        std = total_std(self.study, cost(self.study, queries, share)[1], len(sites))
        values: dict[str, NDArray[np.float64]] = {}
        start = 0
        for query in queries:
            values[query.name] = (vector[start : start + query.cells] / query.scale).reshape(query.shape)
            start += query.cells
        named = {q.name: q for q in queries}
        return Sums(named, values, {q.name: std / q.scale for q in queries}, sites)

    def _shares(self, stage: Stage, queries: Sequence[Query], share: float) -> dict[str, NDArray[np.uint64]]:
        request = Request(self.run, stage, self.study.digest, digest(queries), share).pack()
        payloads = dict.fromkeys((s for s in self.study.sites if s not in self.left_out), request)
        replies: dict[str, Reply] = {}

        def heard(site: str, answer: Answer) -> None:
            replies[site] = _read(site, answer)
            self.told(site, replies[site].trouble)

        self.transport.exchange(self.run, digest(queries)[:12], stage, payloads, self.deadline, heard)
        troubles = {site: r.trouble for site, r in replies.items() if r.trouble}
        self.left_out |= troubles
        good = {site: replies[site].share for site in payloads if site in replies and not replies[site].trouble}
        enough = len(good) >= max(1, self.study.federation.min_sites)
        if troubles and not (enough and len(self.left_out) <= self.study.federation.dropouts):
            raise stopped(troubles)
        for site, trouble in troubles.items():
            self.warn(f"going on without one site: {trouble.text(site)}")
        return good


def stopped(troubles: Mapping[str, Trouble]) -> Stop:
    """All sites' reasons in one message; the exit code of the first."""
    text = "\n".join(trouble.text(site) for site, trouble in troubles.items())
    return Stop(next(iter(troubles.values())).exit, text, {"sites": {s: t.facts() for s, t in troubles.items()}})


def _read(site: str, answer: Answer) -> Reply:
    nothing = np.zeros(0, np.uint64)
    if answer.state != "reply":
        return Reply(site, nothing, Trouble("late" if answer.state == "missing" else "spec"))
    try:
        reply = Reply.unpack(answer.body)
    except Malformed:
        return Reply(site, nothing, Trouble("crash"))
    return reply if reply.site == site else Reply(site, nothing, Trouble("crash"))


def _save(file: Path, vector: NDArray[np.int64], sites: tuple[str, ...]) -> None:
    def put(path: Path) -> None:
        with open(path, "wb") as out:
            np.savez_compressed(out, vector=vector, sites=np.asarray(json.dumps(sites)))

    write_atomic(file, put)


def _load(file: Path) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    with np.load(file, allow_pickle=False) as found:
        return found["vector"], tuple(json.loads(str(found["sites"])))
