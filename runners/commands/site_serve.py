"""`wardloom site serve`: the hospital's end of a federation over NVFLARE."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from runners.commands.base import add_metrics, command
from runners.commands.here import add_spec_here, study_here
from runners.errors import DATA, FINE, WRONG, Stop
from runners.out import say

NOTES = """it connects to the coordinator's server and waits; it opens no port but that of --metrics. It answers messages
with the agent that is installed here, from this copy of the spec, as far as the steward has approved it. Ctrl-C or SIGTERM
ends it.
"""


def add(actions: Any) -> None:
    """Declares the action."""
    example = "wardloom site serve specs/nafld.yml --site north --kit kits/north"
    found = command(actions, "serve", "answer a federation's coordinator, until stopped", example, NOTES)
    add_spec_here(found)
    found.add_argument("--kit", type=Path, required=True, metavar="DIR", help="the startup kit the coordinator sent")
    add_metrics(found)


def run(args: argparse.Namespace) -> int:
    """Runs NVFLARE's client; what it says goes to standard output."""
    from runners.places import key_of
    from runners.transport.choose import need_nvflare

    study, site = study_here(args)
    need_nvflare()
    if study.federation.transport != "nvflare":
        raise Stop(WRONG, f"{args.spec}: federation.transport is {study.federation.transport}, not nvflare")
    if not (args.kit / "startup" / "fed_client.json").is_file():
        text = f"{args.kit} is no startup kit of a site\n  the coordinator makes it: wardloom federation provision SPEC"
        raise Stop(WRONG, text)
    if not key_of(site).exists():
        raise Stop(WRONG, f"site {site.name} has no key\n  make it: wardloom site init {site.database}")
    from runners.service import served
    from runners.transport.nvflare.serve import serve

    with served(site, study, args.metrics):
        say(f"site {site.name}: connecting; Ctrl-C ends it")
        code = serve(args.kit.absolute(), args.spec, site.name)
    if code:
        raise Stop(DATA, f"NVFLARE's client ended with {code}: the server did not let it in, or is not there; see above")
    return FINE
