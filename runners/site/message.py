"""What crosses between coordinator and site: signed requests for one stage of a masked sum, and signed replies."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray

from privacy.canonical import canonical
from privacy.masking.roster import Context
from runners.site.trouble import Trouble

Stage = Literal["ready", "deal", "sums", "agree", "reveal"]
"""`ready`: could you answer, and which keys do you use? Reads no row and spends nothing. `deal`: split your secrets among this
roster. `sums`: answer, masked. `agree`: sign whose answers are in the total. `reveal`: help to remove the masks."""
STAGES: tuple[Stage, ...] = get_args(Stage)
RUN, ROUND = re.compile(r"[\w .-]{1,80}"), re.compile("[0-9a-f]{32}")


class Malformed(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class Request:
    """Which queries (by digest: the site computes them from its own copy of the spec) for which `share` of the budget.

    `round` is fresh for each attempt at a masked sum, `site` the one that is asked, `body` what a stage needs.
    """

    run: str
    round: str
    stage: Stage
    site: str
    spec: str
    queries: str
    share: float
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def context(self) -> Context:
        """What all requests of a round have in common."""
        return Context(self.run, self.round, self.spec, self.queries, self.share)

    def pack(self) -> bytes:
        """The request as bytes."""
        return canonical(asdict(self))

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The request in these bytes. Raises Malformed."""
        try:
            found = json.loads(data)
            request = cls(**{f.name: found[f.name] for f in fields(cls)})
            texts = [found[name] for name in ("run", "round", "stage", "site", "spec", "queries")]
            good = all(isinstance(t, str) for t in texts) and request.stage in STAGES and isinstance(request.body, dict)
            if not good or not RUN.fullmatch(request.run) or not ROUND.fullmatch(request.round):
                raise Malformed("not a request")
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Malformed("not a request") from None
        share = found["share"]
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise Malformed("a share is above 0 and at most 1")
        return request


@dataclass(frozen=True)
class Reply:
    """Answers the request with this SHA-256. `words` is the masked vector at stage `sums`, empty otherwise.

    `trouble` says why there is no answer.
    """

    site: str
    request: str
    body: Mapping[str, Any]
    words: NDArray[np.uint64]
    trouble: Trouble | None = None

    def pack(self) -> bytes:
        """A line of JSON, then the words as little-endian 64-bit integers."""
        trouble = self.trouble.facts() if self.trouble else None
        head = {"site": self.site, "request": self.request, "body": self.body, "cells": len(self.words), "trouble": trouble}
        return canonical(head) + b"\n" + self.words.astype("<u8").tobytes()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The reply in these bytes. Raises Malformed."""
        line, found, rest = data.partition(b"\n")
        try:
            head = json.loads(line)
            trouble = Trouble.of(head["trouble"]) if head["trouble"] else None
            words = np.frombuffer(rest, "<u8").astype(np.uint64)
            if not found or len(words) != head["cells"] or not isinstance(head["body"], dict):
                raise Malformed("a reply of another length")
            return cls(str(head["site"]), str(head["request"]), head["body"], words, trouble)
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Malformed("not a reply") from None


def answer(site: str, request: str, body: Mapping[str, Any]) -> Reply:
    """A reply without words."""
    return Reply(site, request, body, np.zeros(0, np.uint64))


def silence(site: str, trouble: Trouble) -> Reply:
    """A reply that says why there is none."""
    return Reply(site, "", {}, np.zeros(0, np.uint64), trouble)


def named(request: bytes) -> str:
    """SHA-256 of a request's bytes, as its reply repeats it."""
    return hashlib.sha256(request).hexdigest()
