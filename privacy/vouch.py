"""Lines of a chain, signed: only the owner of the key can have written them, and in this order.

A signature is over the hash of the line before, the line's number and its facts; so it stands for all lines before, too. The
seal is the same for the end of the file: the number and the hash of the last line, signed. A file that was cut off, whose
hashes were all computed anew, still ends before its seal. Two marks keep the signatures of lines, of seals and of anything
else that a key signs apart. Whoever has the key, or an older copy of all files, can still write a history of their own:
only a hash kept elsewhere proves that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from privacy.canonical import canonical
from privacy.identity import Identity, verify
from privacy.links import START, Broken, Fact, Link

LINE, SEAL = b"wardloom log line\n", b"wardloom log seal\n"
KEY, SIGNATURE = "key", "signature"


def vouched(identity: Identity, links: Sequence[Link], facts: Mapping[str, Fact]) -> dict[str, Fact]:
    """The facts with a signature: what is to be appended after `links`."""
    before = links[-1].hash if links else START
    return {**facts, SIGNATURE: identity.sign(_line(before, len(links) + 1, facts)).hex()}


def signer(links: Sequence[Link]) -> tuple[int, str]:
    """Number of the line from which on all are signed, and the public key. (0, "") when no line names a key."""
    return next(((link.number, str(link.facts[KEY])) for link in links if link.facts.get(KEY)), (0, ""))


def check_lines(links: Sequence[Link], after: int = 0) -> None:
    """Raises Broken at the first line beyond line `after` that is not signed by the key that was named, in it or before."""
    first, key = signer(links)
    for link in links[after:]:
        if first and link.number >= first:
            before = links[link.number - 2].hash if link.number > 1 else START
            if not _good(key, before, link):
                raise Broken(f"does not verify: line {link.number} is not signed by the site's key")


def seal(identity: Identity, last: Link) -> bytes:
    """What the file beside the log says about its last line."""
    said = {"number": last.number, "hash": last.hash}
    return _sealed(said, identity.sign(SEAL + canonical(said)))


def check_seal(key: str, data: bytes | None, links: Sequence[Link]) -> int:
    """The number of the sealed line: its hash, and so all up to it, is signed.

    Raises Broken when the log ends before its seal, or is another one.
    """
    if data is None:
        raise Broken("does not verify: its seal is gone")
    try:
        said = json.loads(data)
        signature = bytes.fromhex(said.pop(SIGNATURE))
        number, found = int(said["number"]), str(said["hash"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Broken("does not verify: its seal was changed") from None
    if data != _sealed(said, signature) or not verify(key, signature, SEAL + canonical(said)):
        raise Broken("does not verify: its seal is not signed by the site's key")
    if number > len(links):
        raise Broken(f"does not verify: it was cut off after line {len(links)}, its seal knows of {number}")
    if number < 1 or links[number - 1].hash != found:
        raise Broken("does not verify: its seal is that of another log")
    return number


def _sealed(said: Mapping[str, object], signature: bytes) -> bytes:
    return canonical({**said, SIGNATURE: signature.hex()}) + b"\n"


def _good(key: str, before: str, link: Link) -> bool:
    facts = {name: value for name, value in link.facts.items() if name != SIGNATURE}
    try:
        signature = bytes.fromhex(str(link.facts[SIGNATURE]))
    except (KeyError, ValueError):
        return False
    return verify(key, signature, _line(before, link.number, facts))


def _line(before: str, number: int, facts: Mapping[str, Fact]) -> bytes:
    return LINE + canonical([before, number, dict(facts)])
