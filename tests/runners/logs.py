"""A site's two logs after a busy week, and ways to tamper with files; what verifies and what is seen as broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

from hypothesis import strategies as st

from privacy.identity import Identity
from privacy.ledger import Ledger, Spend
from privacy.links import Broken
from privacy.query import Query, digest
from runners.places import audit_of, key_of, ledger_of
from runners.site import audit
from runners.site.audit import Sent
from runners.site.verify import check
from specs.lang.types import Budget, Site

QUERIES = tuple(Query(f"patient: q{i}", "patient", (f"c{i}",), (3,), "g") for i in range(4))
ROSTER = ("coast", "lake", "north")
Files = dict[str, bytes]


def sent(queries: tuple[Query, ...], stage: str = "sums") -> Sent:
    name = f"{digest(queries)} {stage}".encode()
    return Sent(
        run="r1",
        round="a" * 32,
        stage=stage,
        spec="5" * 64,
        queries=digest(queries),
        data_version="1",
        cells=3 * len(queries) if stage == "sums" else 0,
        bytes=1000,
        sha256=sha256(name).hexdigest(),
        variance="1024/3",
        recipients=ROSTER,
        transcript="7" * 64,
        survivors=ROSTER if stage == "reveal" else (),
    )


def answer(site: Site, queries: tuple[Query, ...]) -> None:
    """A whole round at the site, in the order of the agent."""
    ledger = Ledger(ledger_of(site), site.name)
    entry = ledger.spend(Spend("1", "r1", "5" * 64, digest(queries), 0.001, Fraction(1024)))
    ledger.keep(entry, b"reply")
    audit.sent(site, sent(queries), queries)
    ledger.release(entry, ROSTER)
    audit.sent(site, sent(queries, "reveal"), queries)


def site_at(folder: Path, name: str = "north") -> Site:
    """A site with a key, a ledger and a log, and nothing in them."""
    folder.mkdir(parents=True, exist_ok=True)
    site = Site(name, str(folder / f"{name}.duckdb"))
    Ledger.create(ledger_of(site), Budget(3.0, 1e-6), site.name)
    audit.open_log(site, Identity.create(key_of(site)))
    return site


def busy(folder: Path) -> Site:
    """A site that approved, answered twice, refused and revoked."""
    site = site_at(folder)
    approval = {"name": "small-one", "spec": "5" * 64, "sql": "6" * 64, "queries": "", "purpose": "x", "expires": ""}
    audit.record(site, "approve", {**approval, "epsilon": 1.0, "delta": 1e-6})
    answer(site, QUERIES[:1])
    audit.record(site, "refused", {"code": "budget", "run": "r2", "round": "b" * 32, "stage": "ready"})
    answer(site, QUERIES[1:3])
    audit.record(site, "revoke", {"name": "small-one"})
    return site


def files(site: Site) -> list[Path]:
    """All files of both logs; not the key, and not the replies (the ledger's own tests have those)."""
    logs = [audit_of(site), ledger_of(site)]
    return [Path(f"{log}{end}") for log in logs for end in ("", ".head", ".seal") if Path(f"{log}{end}").exists()]


def content(site: Site) -> Files:
    return {str(file): file.read_bytes() for file in files(site)}


def put(found: Files) -> None:
    for file, data in found.items():
        Path(file).write_bytes(data)


def verifies(site: Site, key: str | None = None) -> bool:
    try:
        check(site, key)
    except Broken:
        return False
    return True


def is_seen(site: Site, key: str | None = None) -> None:
    assert not verifies(site, key), "tampering was not seen"


@dataclass(frozen=True)
class Edit:
    """One way to change the lines of a file."""

    name: str
    make: Callable[[list[bytes]], Iterator[list[bytes]]]


def _each(change: Callable[[list[bytes], int], list[bytes]]) -> Callable[[list[bytes]], Iterator[list[bytes]]]:
    return lambda lines: (change(lines, i) for i in range(len(lines)))


EDITS = (
    Edit("gone", _each(lambda lines, i: lines[:i] + lines[i + 1 :])),
    Edit("twice", _each(lambda lines, i: lines[: i + 1] + lines[i:])),
    Edit("swapped", lambda lines: ([*lines[:i], lines[i + 1], lines[i], *lines[i + 2 :]] for i in range(len(lines) - 1))),
    Edit("cut off", lambda lines: (lines[:i] for i in range(len(lines)))),
    Edit("cut within", _each(lambda lines, i: [*lines[:i], lines[i][: len(lines[i]) // 2]])),
    Edit("other digit", _each(lambda lines, i: [*lines[:i], lines[i].replace(b"1", b"2"), *lines[i + 1 :]])),
    Edit("spaced", _each(lambda lines, i: [*lines[:i], lines[i].replace(b":", b": ", 1), *lines[i + 1 :]])),
    Edit("empty line", _each(lambda lines, i: [*lines[:i], b"\n", *lines[i:]])),
)


@st.composite
def mutations(draw: st.DrawFn, data: bytes) -> bytes:
    """The bytes with one changed, put in or taken out."""
    place = draw(st.integers(0, len(data) - 1))
    how = draw(st.sampled_from(["change", "insert", "delete"]))
    byte = draw(st.integers(0, 255).filter(lambda b: b != data[place]))
    middle = {"change": bytes([byte]), "insert": bytes([byte]) + data[place : place + 1], "delete": b""}[how]
    return data[:place] + middle + data[place + 1 :]
