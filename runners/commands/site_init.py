"""`wardloom site init`: the hospital's key, its log, and, if it likes, its own budget."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runners.commands.base import command
from runners.commands.here import add_database, budget_of, site_of
from runners.errors import DATA, FINE, WRONG, Stop
from runners.out import emit, say

if TYPE_CHECKING:
    from privacy.identity import Identity
    from specs.lang.types import Budget, Site

NOTES = """from then on this site answers only what was approved here with `wardloom site approve`
the key stays in DATABASE.key (readable by its owner only): back it up, give it to nobody; a lost key cannot be made again
"""


def add(actions: Any) -> None:
    """Declares the action."""
    about = "make this hospital's signing key and its audit log"
    found = command(actions, "init", about, "wardloom site init data/north.duckdb --budget 10,1e-6", NOTES)
    add_database(found)
    found.add_argument("--name", metavar="NAME", help="the site's name in specs (default: the file's name)")
    budget = "most that the hospital allows for one state of its data, over all studies; opens its ledger"
    found.add_argument("--budget", type=budget_of, metavar="EPSILON,DELTA", help=budget)


def run(args: argparse.Namespace) -> int:
    """Makes what is not there yet; prints the public key."""
    site = site_of(args, args.name)
    _check(args)
    from runners.places import audit_of, key_of, ledger_of

    if args.budget and ledger_of(site).exists():
        raise Stop(WRONG, f"{ledger_of(site)} is there already: its budget was fixed when it was made")
    identity = _identity(site, key_of(site))
    _open(site, identity, audit_of(site))
    if args.budget:
        _ledger(site, args.budget)
    if args.json:
        emit({"site": site.name, "key": identity.public, "files": [str(key_of(site)), str(audit_of(site))]})
    else:
        say(f"key: {key_of(site)} (private)", f"log: {audit_of(site)}", "public key, for the spec's author:")
        say(f"  sites.{site.name}.key: {identity.public}")
    return FINE


def _check(args: argparse.Namespace) -> None:
    """The file is a database, and specs can name the site. Raises Stop, with all that is wrong."""
    from specs.lang.problems import quoted
    from specs.lang.shape import schema

    found, rule = [], schema()["definitions"]["site_name"]
    with args.database.open("rb") as file:
        if file.read(12)[8:] != b"DUCK":
            found.append(f"{args.database} is not a DuckDB database: give the file that the spec names for this site")
    name, where = (args.name, "--name: ") if args.name is not None else (args.database.stem, "")
    if not re.search(rule["pattern"], name) or len(name) > rule["maxLength"]:
        found.append(f"{where}{quoted(name)} is no site's name: small letters, digits and single hyphens, as in `west-clinic`")
        found += [] if where else ["  say with --name how specs call this site"]
    if found:
        raise Stop(WRONG, "\n".join(found))


def _identity(site: Site, file: Path) -> Identity:
    """A new key; or the one there is, when making the log was interrupted."""
    from privacy.identity import Identity
    from privacy.links import Broken
    from privacy.vouch import signer
    from runners.site.audit import read

    try:
        return Identity.create(file)
    except FileExistsError:
        pass
    try:
        identity = Identity.load(file)
        if signer(read(site))[1] == identity.public:
            raise Stop(WRONG, f"{file} is there already: this site has a key and a log")
    except ValueError:
        raise Stop(DATA, f"{file} holds no key") from None
    except Broken:
        pass
    return identity


def _open(site: Site, identity: Identity, log: Path) -> None:
    from privacy.links import Broken
    from runners.site.audit import open_log

    try:
        open_log(site, identity)
    except FileExistsError:
        text = f"{log} is signed with another key\n  move it away with its .head and .seal (and keep them), then run this again"
        raise Stop(DATA, text) from None
    except Broken as broken:
        raise Stop(DATA, f"{log}: {broken}") from None


def _ledger(site: Site, budget: Budget) -> None:
    from privacy.errors import Refused
    from privacy.ledger import Ledger
    from runners.places import ledger_of

    try:
        Ledger.create(ledger_of(site), budget, site.name)
    except Refused as refused:
        raise Stop(DATA, f"{ledger_of(site)}: {refused.reason}") from None
