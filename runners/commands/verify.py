"""`wardloom verify`: are a hospital's logs, or a release, what they were?"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from runners.commands.base import command
from runners.errors import FINE, GATE, WRONG, Stop
from runners.out import emit, say

ENDS = (".ledger", ".audit", ".key")
NOTES = """a hospital's database (or its .ledger or .audit): chains, heads, signatures, seal, and that both logs fit each other
a release's directory: every file that its manifest names, no other, and the facts in its database
note the last hashes and keep them elsewhere: only they prove that all files were not put back, or written anew, together
"""


def add(commands: Any) -> None:
    """Declares the command."""
    about = "check that a hospital's ledger and audit log, or a release, are unchanged and complete"
    found = command(commands, "verify", about, "wardloom verify data/north.duckdb out/nafld", NOTES)
    found.add_argument(
        "paths", type=Path, nargs="+", metavar="PATH", help="a hospital's database or log, or a release's directory"
    )
    found.add_argument("--key", metavar="KEY", help="public key that must have signed the audit logs, as the spec names it")


def run(args: argparse.Namespace) -> int:
    """All paths; stops with 4 when one does not verify, else with 1 when there is nothing at one."""
    from privacy.identity import is_key

    if args.key is not None and not is_key(args.key):
        raise Stop(WRONG, "--key is not a public key\n  it is what `wardloom site init` prints: ed25519: and 43 characters")
    found = [_one(path, args.key) for path in args.paths]
    failed = [f for f in found if not f["verifies"]]
    code = GATE if any(f["there"] for f in failed) else WRONG
    if failed and args.json:
        raise Stop(code, f"{len(failed)} of {len(found)} do not verify", {"found": found})
    if args.json:
        emit({"found": found})
    else:
        say(*(str(f["said"]) for f in found if f["verifies"]))
    if failed:
        raise Stop(code, "\n".join(str(f["said"]) for f in failed))
    return FINE


def _one(path: Path, key: str | None) -> dict[str, Any]:
    from privacy.links import Broken

    facts: dict[str, Any]
    try:
        facts = _release(path) if path.is_dir() else _site(path, key)
    except Broken as broken:
        facts = {"verifies": False, "said": f"{path}/{broken}" if path.is_dir() else str(broken)}
    except Stop as nothing:
        facts = {"verifies": False, "there": False, "said": nothing.message}
    return {"path": str(path), "there": True, **facts}


def _release(path: Path) -> dict[str, Any]:
    from runners.intact import check
    from runners.release import MANIFEST

    if not (path / MANIFEST).is_file():
        raise Stop(WRONG, f"{path} is not a release: it has no {MANIFEST}")
    sha256 = check(path)
    return {"verifies": True, "manifest": sha256, "said": f"{path}: fine (manifest {sha256})"}


def _site(path: Path, key: str | None) -> dict[str, Any]:
    from dataclasses import asdict

    from runners.places import audit_of, ledger_of
    from runners.site.verify import check
    from specs.lang.types import Site

    base = path.with_suffix("") if path.suffix in ENDS else path
    site = Site(base.stem, str(base.absolute()))
    if not any(Path(f"{file}{end}").exists() for file in (audit_of(site), ledger_of(site)) for end in ("", ".head", ".seal")):
        raise Stop(WRONG, f"{path}: no ledger, no audit log and no release" if path.exists() else f"no such file: {path}")
    found = check(site, key)
    signed = f"signed by {found.key}" if found.key else "not signed: whoever can write the files can write them anew"
    lines = [
        f"{base}: fine",
        f"  ledger: {found.ledger} lines, last {found.ledger_hash or 'none'}",
        f"  audit log: {found.audit} lines, last {found.audit_hash or 'none'}",
        f"  {signed}",
    ]
    return {"verifies": True, **asdict(found), "said": "\n".join(lines)}
