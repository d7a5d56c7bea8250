"""Lines of a chain: JSON whose hash covers the hash of the line before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from privacy.canonical import canonical

Fact = str | int | float
START = "0" * 64
"""What the first line has for the hash of a line before it."""


class Broken(Exception):
    """Why a chain cannot be trusted."""


@dataclass(frozen=True, slots=True)
class Link:
    """One line. `number` counts from 1."""

    number: int
    hash: str
    facts: Mapping[str, Fact]


def linked(data: bytes) -> tuple[Link, ...]:
    """All lines of a file. Raises Broken."""
    links: list[Link] = []
    for number, text in enumerate(data.splitlines(keepends=True), 1):
        links.append(link(text, links[-1].hash if links else START, number))
    if not links:
        raise Broken("does not verify: the file is empty")
    return tuple(links)


def link(text: bytes, before: str, number: int) -> Link:
    """The line `text`, which must be number `number` after the one with hash `before`. Raises Broken."""
    try:
        found = json.loads(text)
        facts = found["facts"]
        if text != line(before, number, facts):
            raise ValueError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Broken(f"does not verify: line {number} was changed, moved or lost") from None
    return Link(number, found["hash"], facts)


def line(before: str, number: int, facts: Mapping[str, Fact]) -> bytes:
    """The line that follows the one with hash `before`."""
    own = {"number": number, "facts": dict(facts)}
    hashed = hashlib.sha256(before.encode() + canonical(own)).hexdigest()
    return canonical({**own, "hash": hashed}) + b"\n"


def named(last: Link) -> str:
    """What a head file says about the last line."""
    return f"{last.number} {last.hash}\n"
