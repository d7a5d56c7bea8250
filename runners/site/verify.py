"""Whether a site's ledger and audit log are whole, genuine, and fit each other.

Each log is a chain, with a head file; the audit log is signed and sealed. Both together: every line of the audit log says
where the ledger ended then, so that line must still be in the ledger; and a vector that the ledger knows to be in a total must
be in the audit log as sent. So an older copy of either is seen, unless both were put back together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from privacy.chain import Chain
from privacy.errors import LedgerBroken
from privacy.files import read as bytes_of
from privacy.ledger import Ledger
from privacy.links import Broken, Link, linked, named
from privacy.vouch import check_lines, signer
from runners.places import audit_of, ledger_of
from runners.site import audit
from runners.site.sent import queries_of
from specs.lang.types import Site


@dataclass(frozen=True)
class Verified:
    """What was looked at: numbers of lines, the key that signed (empty for none), and the last hash of each log."""

    ledger: int
    audit: int
    key: str
    ledger_hash: str
    audit_hash: str


def check(site: Site, key: str | None = None) -> Verified:
    """Verifies all there is. `key` is the public key that must have signed; the site's own where there is one.

    Raises Broken: which file, and what is wrong in it first.
    """
    spent, lines = ledger_lines(site), audit_lines(site, key)
    now = ledger_lines(site)  # again: a site at work writes its ledger first, and its log after that
    try:
        _in_log(spent, lines)
    except Broken as broken:
        raise Broken(f"{audit_of(site)}: {broken}") from None
    try:
        _in_ledger(lines, now)
    except Broken as broken:
        raise Broken(f"{ledger_of(site)}: {broken}") from None
    return Verified(len(now), len(lines), signer(lines)[1], now[-1].hash if now else "", lines[-1].hash if lines else "")


def rolled_back(site: Site, lines: Sequence[Link]) -> bool:
    """Whether the ledger lacks a line that was its last when one of the log (`lines`) was written; also when it is broken.

    All of them count: a line that was written after the ledger was put back knows of nothing before.

    A last line that a crash left half-written does not count: the ledger removes it.
    """
    data = bytes_of(ledger_of(site)) or b""
    whole = data[: data.rfind(b"\n") + 1]
    try:
        _in_ledger(lines, linked(whole) if whole else ())
    except Broken:
        return True
    return False


def ledger_lines(site: Site) -> tuple[Link, ...]:
    """The ledger's lines, verified with all kept replies; none where there is no ledger yet. Raises Broken."""
    path = ledger_of(site)
    if not path.exists() and not Chain(path).head.exists():
        return ()
    try:
        Ledger(path, site.name).verify()
        return Chain(path).links()
    except LedgerBroken as broken:
        raise Broken(f"{path}: {broken.reason.removeprefix('its ledger ')}") from None


def audit_lines(site: Site, key: str | None = None) -> tuple[Link, ...]:
    """The log's lines, every signature verified; none where there is no log yet. Raises Broken."""
    try:
        lines = audit.read(site, key)
        check_lines(lines)
        for line in lines:
            if line.facts["kind"] == "queries":
                queries_of(line)
        return lines
    except Broken as broken:
        raise Broken(f"{audit_of(site)}: {broken}") from None


def _in_log(spent: Sequence[Link], lines: Sequence[Link]) -> None:
    """Raises Broken unless all that the ledger knows to be in a total, since the log began, is in the log as sent."""
    began = _end(lines[0]) if lines else len(spent)
    sent = {line.facts["queries"] for line in lines if line.facts["kind"] == "sent"}
    asked = {link.hash: link.facts.get("query_digest") for link in spent if link.facts.get("kind") == "spend"}
    for link in spent[began:]:
        if link.facts.get("kind") == "released" and asked.get(str(link.facts.get("spend"))) not in sent:
            raise Broken(f"does not verify: what line {link.number} of the ledger says was sent is not in it")


def _in_ledger(lines: Sequence[Link], now: Sequence[Link]) -> None:
    """Raises Broken unless the ledger still has every line that was its last when the log was written."""
    there = {named(link).strip() for link in now}
    for line in lines:
        if _end(line) and line.facts["ledger"] not in there:
            raise Broken(f"does not verify: its line {_end(line)}, as line {line.number} of the audit log knows it, is not there")


def _end(line: Link) -> int:
    """How many lines the ledger had; 0 for none, and for one that did not verify then."""
    word = str(line.facts["ledger"]).split(" ")[0]
    return int(word) if word.isdecimal() else 0
