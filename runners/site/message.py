"""What crosses between coordinator and site: a request that names queries, and a reply that is a share or a reason."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from runners.site.trouble import Trouble

Stage = Literal["ready", "sums"]
"""`ready`: could you answer? reads no row and spends nothing. `sums`: answer."""


class Malformed(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class Request:
    """Which queries (by digest: the site computes them from its own copy of the spec) for which `share` of the budget."""

    run: str
    stage: Stage
    spec: str
    queries: str
    share: float

    def pack(self) -> bytes:
        """The request as bytes."""
        return json.dumps(asdict(self), sort_keys=True).encode()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The request in these bytes. Raises Malformed."""
        try:
            found = json.loads(data)
            request = cls(**{f.name: found[f.name] for f in fields(cls)})
        except (ValueError, KeyError, TypeError):
            raise Malformed("not a request") from None
        texts = [found[name] for name in ("run", "stage", "spec", "queries")]
        share = found["share"]
        if not all(isinstance(t, str) for t in texts) or request.stage not in ("ready", "sums"):
            raise Malformed("not a request")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
            raise Malformed("a share is above 0 and at most 1")
        return request


@dataclass(frozen=True)
class Reply:
    """`share` is the site's vector with noise modulo 2^64 (empty at stage `ready`); or `trouble` says why there is none."""

    site: str
    share: NDArray[np.uint64]
    trouble: Trouble | None = None

    def pack(self) -> bytes:
        """A line of JSON, then the share as little-endian 64-bit integers."""
        head = {"site": self.site, "cells": len(self.share), "trouble": self.trouble.facts() if self.trouble else None}
        return json.dumps(head, sort_keys=True).encode() + b"\n" + self.share.astype("<u8").tobytes()

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """The reply in these bytes. Raises Malformed."""
        line, found, body = data.partition(b"\n")
        try:
            head = json.loads(line)
            trouble = Trouble.of(head["trouble"]) if head["trouble"] else None
            share = np.frombuffer(body, "<u8").astype(np.uint64)
            if not found or len(share) != head["cells"]:
                raise Malformed("a reply of another length")
            return cls(str(head["site"]), share, trouble)
        except (ValueError, KeyError, TypeError):
            raise Malformed("not a reply") from None


def silence(site: str, trouble: Trouble) -> Reply:
    """A reply without a share."""
    return Reply(site, np.zeros(0, np.uint64), trouble)
