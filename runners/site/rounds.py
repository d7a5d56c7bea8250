"""What a site remembers of a masked sum between its messages: a private file for each round, on disk before a reply leaves.

A stage is answered once. The same bytes again get the same reply; other bytes for the same stage, or another coordinator,
get none. So a site signs one roster and one set of survivors in a round, whatever it is asked, and wherever it is killed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from privacy.canonical import canonical
from privacy.files import put, read, sync
from privacy.masking.roster import Context, Roster
from privacy.masking.secrets import Secrets
from runners.site.message import STAGES, Stage
from runners.site.trouble import Trouble

KEPT = 32
"""Rounds a site remembers; the oldest go first."""
Said = Mapping[str, Any]


@dataclass(frozen=True)
class Done:
    """A stage that was answered: SHA-256 of the request, and the reply's body."""

    request: str
    body: Said


@dataclass(frozen=True)
class Round:
    """One masked sum as this site knows it. `held` are opened parts by dealer; secrets go when the round is over."""

    coordinator: str
    context: Context
    done: Mapping[str, Done] = field(default_factory=dict)
    secrets: Secrets | None = None
    roster: Roster | None = None
    held: Mapping[str, bytes] = field(default_factory=dict)
    survivors: tuple[str, ...] = ()

    @property
    def transcript(self) -> str:
        """Names context and roster. Raises Trouble before there is a roster."""
        if self.roster is None:
            raise Trouble("round")
        return self.roster.transcript(self.context)

    def before(self, stage: Stage, request: str) -> Done | None:
        """The answer this very request had. Raises Trouble when the stage had another request, or its turn is not yet."""
        found = self.done.get(stage)
        if found and found.request != request:
            raise Trouble("round")
        if not found and list(self.done) != list(STAGES[: STAGES.index(stage)]):
            raise Trouble("round")
        return found

    def after(self, stage: Stage, request: str, body: Said) -> Self:
        """With one more stage answered."""
        return replace(self, done={**self.done, stage: Done(request, body)})


@dataclass(frozen=True)
class Rounds:
    """The folder of all rounds of a site (mode 0700)."""

    folder: Path

    def find(self, coordinator: str, context: Context) -> Round:
        """The round as it was left, or a new one. Raises Trouble when it began with another coordinator or context."""
        data = read(self._file(context.round))
        found = _unpacked(data) if data is not None else Round(coordinator, context)
        if (found.coordinator, found.context) != (coordinator, context):
            raise Trouble("round")
        return found

    def keep(self, round: Round) -> None:
        """On disk when this returns."""
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True)
            sync(self.folder.parent)
        put(self._file(round.context.round), _packed(round))
        files = sorted(self.folder.glob("*.round"), key=lambda f: f.stat().st_mtime)
        for old in files[:-KEPT]:
            old.unlink(missing_ok=True)

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.round"


def _packed(round: Round) -> bytes:
    facts = {
        "coordinator": round.coordinator,
        "context": asdict(round.context),
        "done": [[stage, done.request, done.body] for stage, done in round.done.items()],
        "secrets": round.secrets.facts() if round.secrets else None,
        "roster": round.roster.facts() if round.roster else None,
        "held": {dealer: part.hex() for dealer, part in round.held.items()},
        "survivors": round.survivors,
    }
    return canonical(facts)


def _unpacked(data: bytes) -> Round:
    try:
        found = json.loads(data)
        return Round(
            found["coordinator"],
            Context(**found["context"]),
            {stage: Done(request, body) for stage, request, body in found["done"]},
            Secrets.read(found["secrets"]) if found["secrets"] else None,
            Roster.read(found["roster"]) if found["roster"] else None,
            {dealer: bytes.fromhex(part) for dealer, part in found["held"].items()},
            tuple(found["survivors"]),
        )
    except (ValueError, KeyError, TypeError):
        raise Trouble("round") from None
