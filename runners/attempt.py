"""One attempt at a masked sum: its own name and key, and everything that was heard or decided, kept so that it can go on.

Nothing in the folder would help against a patient: adverts, sealed parts, masked vectors, signatures, revealed parts.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from privacy.files import put, read
from privacy.identity import Identity
from privacy.masking.roster import Context
from privacy.signed import signed
from runners.errors import Stop
from runners.files import read_json, write_json
from runners.replies import Reader
from runners.site.message import Reply, Request, Stage
from runners.site.trouble import Trouble
from runners.transport.base import Answer, Transport
from specs.lang.types import Study

Bodies = Callable[[str], Mapping[str, Any]]
Heard = Callable[[Stage, str, Trouble | None], None]
Besides = Callable[[Stage], Mapping[str, Any]]
"""What every site is told at a stage besides what the stage itself needs."""


def nothing(stage: Stage) -> Mapping[str, Any]:
    """Nothing besides."""
    return {}


@dataclass
class Attempt:
    """Asks sites, one stage after the other. `left_out` are sites that gave no answer, with the reason."""

    study: Study
    transport: Transport
    folder: Path
    run: str
    queries: str
    share: float
    cells: int
    deadline: float
    heard: Heard
    left_out: dict[str, Trouble] = field(default_factory=dict)
    besides: Besides = nothing

    @property
    def context(self) -> Context:
        """What all its requests have in common."""
        name = self.fixed("round", lambda: os.urandom(16).hex())
        return Context(self.run, str(name), self.study.digest, self.queries, self.share)

    def stage(self, stage: Stage, sites: Iterable[str], body: Bodies, least: int) -> dict[str, Reply]:
        """Replies by site, kept ones first. Raises Stop with every site's reason when there are fewer than `least`."""
        requests = {site: self._request(stage, site, body(site)) for site in sites if site not in self.left_out}
        reader = Reader(stage, self.context, self._keys(), self.cells)
        replies = {site: reply for site, request in requests.items() if (reply := self._kept(reader, site, request))}
        troubles: dict[str, Trouble] = {}

        def heard(site: str, answer: Answer) -> None:
            reply = reader.read(site, requests[site], answer)
            if reply.trouble:
                troubles[site] = reply.trouble
            else:
                put(self._file(stage, site), answer.body)
                replies[site] = reply
            self.heard(stage, site, reply.trouble)

        missing = {site: request for site, request in requests.items() if site not in replies}
        if missing:
            self.transport.exchange(self.run, self.context.round, stage, missing, self.deadline, heard)
        self.left_out |= troubles
        if len(replies) < least:
            raise stopped(troubles or {site: Trouble("late") for site in missing})
        return {site: replies[site] for site in requests if site in replies}

    def fixed(self, name: str, make: Callable[[], Any]) -> Any:
        """What was decided once in this attempt; decided now, and on disk, if it was not."""
        found = self.decided(name)
        if found is None:
            write_json(self.folder / f"{name}.json", found := make())
        return found

    def decided(self, name: str) -> Any:
        """The same, or None as long as it is open."""
        return read_json(self.folder / f"{name}.json")

    def _request(self, stage: Stage, site: str, body: Mapping[str, Any]) -> bytes:
        c = self.context
        said = {**body, **self.besides(stage)}
        return signed(self._identity(), Request(c.run, c.round, stage, site, c.spec, c.queries, c.share, said).pack())

    def _kept(self, reader: Reader, site: str, request: bytes) -> Reply | None:
        data = read(self._file(reader.stage, site))
        reply = reader.read(site, request, Answer("reply", data)) if data is not None else None
        return reply if reply and not reply.trouble else None

    def _keys(self) -> dict[str, str | None]:
        """The sites' keys: by the spec, else the one a site began with."""
        adverts = (self.decided("roster") or {"adverts": []})["adverts"]
        first = {advert["site"]: advert["identity"] for advert in adverts}
        return {name: site.key or first.get(name) for name, site in self.study.sites.items()}

    def _identity(self) -> Identity:
        """A key for this attempt only: sites answer nobody else within it."""
        file = self.folder / "key"
        return Identity.load(file) if file.exists() else Identity.create(file)

    def _file(self, stage: Stage, site: str) -> Path:
        return self.folder / f"{stage}-{site}.reply"


def stopped(troubles: Mapping[str, Trouble]) -> Stop:
    """All sites' reasons in one message; the exit code of the first."""
    text = "\n".join(trouble.text(site) for site, trouble in troubles.items())
    return Stop(next(iter(troubles.values())).exit, text, {"sites": {s: t.facts() for s, t in troubles.items()}})
