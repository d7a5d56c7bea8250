"""A site's own log of what was agreed to, refused and sent: append-only, hash-chained, signed with the site's key.

    record(site, "refused", {"code": "budget", "run": run})      before the reply leaves
    sent(site, Sent(...), queries)                               before the vector leaves
    read(site)                                                   all lines, verified

Kinds of lines: `opened` (the first), `keyed` (from here on lines are signed), `approve`, `revoke`, `refused`, `queries` (what
a query digest stands for) and `sent`. Every line says where the ledger ended when it was written (`ledger`), so that an older
copy of the ledger does not fit the log, as an older copy of the log does not fit its seal.

Files beside the database: `.audit`, `.audit.head` (privacy.chain), `.audit.seal` (privacy.vouch; only with a key). A site
with a key gets its log from its steward (`wardloom site init`): a log that is gone is never quietly begun again. Without a
key the log is a plain chain: who can write the files can write them anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from privacy.chain import Chain
from privacy.files import put
from privacy.files import read as bytes_of
from privacy.identity import Identity
from privacy.links import START, Broken, Fact, Link, line, link, named
from privacy.query import Query, digest
from privacy.vouch import KEY, check_lines, check_seal, seal, signer, vouched
from runners.places import audit_of, key_of, ledger_of
from runners.site.sent import Sent, asked
from specs.lang.types import Site

__all__ = ["KINDS", "Kind", "Sent", "open_log", "read", "record", "seal_of", "sent"]

Kind = Literal["opened", "keyed", "approve", "revoke", "refused", "queries", "sent"]
KINDS: tuple[Kind, ...] = get_args(Kind)
RESERVED = frozenset({"kind", "at", "ledger", "signature", KEY})
NEEDED: dict[str, set[str]] = {
    "approve": {"name", "spec", "sql", "queries", "purpose", "expires"},
    "revoke": {"name"},
    "queries": {"digest", "queries"},
    "sent": {f.name for f in fields(Sent)},
}
"""What a line of a kind says at least, beside when it was written and where the ledger ended."""


def record(site: Site, kind: Kind, facts: Mapping[str, Fact]) -> Link:
    """Adds a line; it is on disk when this returns. Raises Broken when the log does not verify, OSError from the disk."""
    return _append(site, [(kind, facts)])


def sent(site: Site, what: Sent, queries: Sequence[Query] = ()) -> Link:
    """Notes a message that is about to leave, and once what is asked in it; the same message is noted once.

    `queries` may be left out where their digest was noted before. Raises as `record` does, ValueError for other queries.
    """
    noted = read(site) if audit_of(site).exists() else ()
    for one in noted:
        if one.facts["kind"] == "sent" and one.facts["sha256"] == what.sha256:
            return one
    lines: list[tuple[Kind, Mapping[str, Fact]]] = [("sent", what.facts())]
    known = {one.facts["digest"] for one in noted if one.facts["kind"] == "queries"}
    if queries and what.queries not in known:
        if digest(queries) != what.queries:
            raise ValueError("these are other queries")
        lines.insert(0, ("queries", asked(queries)))
    return _append(site, lines)


def read(site: Site, key: str | None = None) -> tuple[Link, ...]:
    """All lines, verified: chain, seal, signatures beyond the seal, and the key (`key`, or the one in the site's key file).

    None yet is an empty log, of a site without a key. Raises Broken, which says what is wrong first.
    """
    path, sealed = audit_of(site), bytes_of(seal_of(site))  # the seal first: meanwhile the log can only grow
    public = key or _public(site)
    if not path.exists() and not public and not Chain(path).head.exists() and sealed is None:
        return ()
    links = Chain(path).links()
    _trusted(links, sealed, public)
    return links


def open_log(site: Site, identity: Identity | None) -> None:
    """Begins the log, signed where there is a key; in a log that was kept without one, begins to sign.

    Raises Broken, and FileExistsError where that is done already.
    """
    chain = Chain(audit_of(site))
    named_key: dict[str, Fact] = {KEY: identity.public} if identity else {}
    if not chain.path.exists():
        facts = {**_facts(site, "opened", {"site": site.name}), **named_key}
        chain.create(_signed(site, identity, (), facts))
        return
    if identity is None or signer(chain.links())[0]:
        raise FileExistsError(chain.path)
    with chain.writing() as writer:
        writer.append(_signed(site, identity, writer.links, {**_facts(site, "keyed", {}), **named_key}))


def _append(site: Site, lines: Sequence[tuple[Kind, Mapping[str, Fact]]]) -> Link:
    """Adds lines to the site's log, signed and sealed where it has a key. Raises Broken when the log does not verify."""
    identity, chain = _identity(site), Chain(audit_of(site))
    if identity is None and not chain.path.exists():
        with suppress(FileExistsError):  # another process was first
            open_log(site, None)
    made = [_facts(site, kind, facts) for kind, facts in lines]
    if chain.path.exists():
        chain.mend()
    with chain.writing() as writer:
        _trusted(writer.links, bytes_of(seal_of(site)), identity.public if identity else None)
        if identity is None and signer(writer.links)[1]:
            raise Broken("cannot go on: the site's key is gone")
        for facts in made:
            last = writer.append(vouched(identity, writer.links, facts) if identity else facts)
            if identity:
                put(seal_of(site), seal(identity, last))
        return writer.links[-1]


def _signed(site: Site, identity: Identity | None, links: Sequence[Link], facts: dict[str, Fact]) -> dict[str, Fact]:
    """The first signed line, its seal already on disk: a crash between the two leaves nothing that looks cut off."""
    if identity is None:
        return facts
    found, before = vouched(identity, links, facts), links[-1].hash if links else START
    number = len(links) + 1
    put(seal_of(site), seal(identity, link(line(before, number, found), before, number)))
    return found


def _trusted(links: Sequence[Link], sealed: bytes | None, public: str | None) -> None:
    """Raises Broken unless the lines are those of `public` (None: of whom they say), unbroken and complete."""
    for one in links:
        kind = str(one.facts.get("kind"))
        if kind not in KINDS or (kind == "opened") is not (one.number == 1):
            raise Broken(f"does not verify: line {one.number} is not one of an audit log")
        if not {"at", "ledger"} | NEEDED.get(kind, set()) <= set(one.facts):
            raise Broken(f"does not verify: line {one.number} does not say what a line of its kind says")
    key = signer(links)[1]
    if public is not None and key != public:
        raise Broken(f"does not verify: it is {'signed with another key than the site has' if key else 'not signed'}")
    if key:
        check_lines(links, check_seal(key, sealed, links))


def _facts(site: Site, kind: Kind, facts: Mapping[str, Fact]) -> dict[str, Fact]:
    if RESERVED & set(facts):
        raise ValueError(f"names of their own in an audit line: {sorted(RESERVED)}")
    return {**facts, "kind": kind, "at": datetime.now(UTC).isoformat(timespec="seconds"), "ledger": _ledger(site)}


def _ledger(site: Site) -> str:
    """Where the ledger ends now: number and hash of its last line."""
    path = ledger_of(site)
    try:
        return named(Chain(path).links()[-1]).strip() if path.exists() else ""
    except Broken:
        return "does not verify"


def _identity(site: Site) -> Identity | None:
    try:
        return Identity.load(key_of(site))
    except FileNotFoundError:
        return None
    except ValueError:
        raise Broken("does not verify: the site's key file holds no key") from None


def _public(site: Site) -> str | None:
    identity = _identity(site)
    return identity.public if identity else None


def seal_of(site: Site) -> Path:
    """The file that says, signed, how long the log is. Only a log with a key has one."""
    path = audit_of(site)
    return path.with_name(path.name + ".seal")
