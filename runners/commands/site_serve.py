"""`wardloom site serve`: the hospital's end of a federation over NVFLARE or Flower."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from runners.commands.base import add_metrics, command
from runners.commands.here import add_spec_here, study_here
from runners.errors import DATA, FINE, WRONG, Stop
from runners.out import say, word

NOTES = """with --kit it connects to the coordinator's NVFLARE server and waits, with --socket it waits for Flower's SuperNode on
this machine; it opens no port but that of --metrics. It answers messages with the agent that is installed here, from this
copy of the spec, as far as the steward has approved it. Ctrl-C or SIGTERM ends it.
"""


def add(actions: Any) -> None:
    """Declares the action."""
    example = "wardloom site serve specs/nafld.yml --site north --kit kits/north"
    found = command(actions, "serve", "answer a federation's coordinator, until stopped", example, NOTES)
    add_spec_here(found)
    way = found.add_mutually_exclusive_group(required=True)
    way.add_argument("--kit", type=Path, metavar="DIR", help="NVFLARE: the startup kit the coordinator sent")
    way.add_argument("--socket", type=Path, metavar="FILE", help="Flower: where the agent listens for the SuperNode")
    add_metrics(found)


def run(args: argparse.Namespace) -> int:
    """Until it is told to stop."""
    from runners.places import key_of
    from runners.service import served

    study, site = study_here(args)
    wanted = "nvflare" if args.kit else "flower"
    if study.federation.transport != wanted:
        raise Stop(WRONG, f"{args.spec}: federation.transport is {study.federation.transport}, not {wanted}")
    if not key_of(site).exists():
        raise Stop(WRONG, f"site {site.name} has no key\n  make it: wardloom site init {word(site.database)}")
    with served(site, study, args.metrics):
        return _by_nvflare(args, site.name) if args.kit else _by_flower(args, site.name)


def _by_flower(args: argparse.Namespace, site: str) -> int:
    """Answers the relay's ClientApp on a local socket."""
    from runners.transport.flower.agent import serve

    say(f"site {site}: listening at {args.socket}; Ctrl-C ends it")
    serve(args.socket.absolute(), args.spec, site)
    return FINE


def _by_nvflare(args: argparse.Namespace, site: str) -> int:
    """Runs NVFLARE's client; what it says goes to standard output."""
    from runners.transport.choose import need_nvflare
    from runners.transport.nvflare.serve import serve

    need_nvflare()
    if not (args.kit / "startup" / "fed_client.json").is_file():
        text = f"{args.kit} is no startup kit of a site\n  the coordinator makes it: wardloom federation provision SPEC"
        raise Stop(WRONG, text)
    say(f"site {site}: connecting; Ctrl-C ends it")
    code = serve(args.kit.absolute(), args.spec, site)
    if code:
        raise Stop(DATA, f"NVFLARE's client ended with {code}: the server did not let it in, or is not there; see above")
    return FINE
