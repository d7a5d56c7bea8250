"""Notes in the site's audit log what is about to leave it, and what it refuses."""

from __future__ import annotations

import hashlib
from fractions import Fraction

from privacy.links import Broken
from privacy.query import Query
from runners.errors import REFUSED
from runners.site import audit
from runners.site.message import Request
from runners.site.rounds import Round
from runners.site.trouble import Trouble
from specs.lang.types import Site


def leaves(site: Site, request: Request, round: Round, queries: tuple[Query, ...], own: Fraction, message: bytes) -> None:
    """Before a message with numbers made from rows leaves, or one that helps to unmask their total. Raises Trouble."""
    if request.stage not in ("sums", "reveal") or round.roster is None:
        return
    what = audit.Sent(
        run=request.run,
        round=request.round,
        stage=request.stage,
        spec=request.spec,
        queries=request.queries,
        data_version=site.data_version,
        cells=sum(q.cells for q in queries) if request.stage == "sums" else 0,
        bytes=len(message),
        sha256=hashlib.sha256(message).hexdigest(),
        variance=str(own),
        recipients=round.roster.sites,
        transcript=round.transcript,
        survivors=round.survivors,
    )
    try:
        audit.sent(site, what, queries)
    except Broken:
        raise Trouble("audit") from None


def refuses(site: Site, request: Request, trouble: Trouble) -> None:
    """A request that was signed and well-formed, and that the site turns away. A log that cannot be written stops nothing."""
    if trouble.exit != REFUSED:
        return
    try:
        audit.record(site, "refused", {"code": trouble.code, "run": request.run, "round": request.round, "stage": request.stage})
    except (Broken, OSError):
        return
