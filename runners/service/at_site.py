"""What a hospital's own files say: spec, ledger and audit log. No row is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from privacy.ledger import Ledger
from privacy.links import Broken, Link
from runners.places import ledger_of
from runners.service.seen import Seen, holds
from runners.site import approval, audit, verify
from runners.site.own import study_at
from runners.site.trouble import Trouble
from specs.lang.types import Site, Study


def look(site: Site, study: Study) -> Seen:
    """Reads everything anew, so that a file that was changed under a running site shows at once."""
    ledger, log = _logs(site)
    lines = audit.read(site) if log else ()
    spent, left = _budget(site) if ledger else ({}, {})
    return Seen(
        checks={
            "spec": holds(lambda: study_at(Path(study.file), site.name)),
            "database": Path(site.database).is_file(),
            "ledger": ledger,
            "audit": log,
        },
        approved=holds(lambda: approval.check(site, study_at(Path(study.file), site.name)[0]), Trouble),
        answers=_count(lines, "sent", "stage"),
        refusals=_count(lines, "refused", "code"),
        spent=spent,
        left=left,
    )


def _logs(site: Site) -> tuple[bool, bool]:
    """Whether ledger and audit log verify. When each does alone and they do not fit each other, neither is to be trusted."""
    if holds(lambda: verify.check(site), Broken):
        return True, True
    ledger = holds(lambda: verify.ledger_lines(site), Broken)
    log = holds(lambda: verify.audit_lines(site), Broken)
    return (False, False) if ledger and log else (ledger, log)


def _budget(site: Site) -> tuple[Mapping[str, float], Mapping[str, float]]:
    """Rho spent and left by data version: of those that were asked, and of today's."""
    if not ledger_of(site).exists():
        return {}, {}
    ledger = Ledger(ledger_of(site), site.name)
    versions = dict.fromkeys([*(entry.spend.data_version for entry in ledger.entries()), site.data_version])
    return {v: ledger.spent(v) for v in versions}, {v: ledger.left(v) for v in versions}


def _count(lines: Sequence[Link], kind: str, by: str) -> Mapping[str, int]:
    return Counter(str(line.facts[by]) for line in lines if line.facts["kind"] == kind)
