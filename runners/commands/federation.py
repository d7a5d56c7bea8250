"""`wardloom federation ...`: startup kits for hospitals, and a whole federation on one machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from runners.commands.base import add_spec, command
from runners.commands.run import show
from runners.errors import EXITS, FINE, WRONG, Stop
from runners.out import emit, say, table

ABOUT = "hospitals on machines of their own, over NVFLARE: make startup kits, or try it all on this machine"
EPILOG = f"""example: wardloom federation up specs/nafld.yml
each ACTION has a --help of its own, and --json for one JSON document instead of text

{EXITS}"""
PROVISION = """send each hospital its folder, over a channel that both trust: it holds the private key of its certificate. The
folder `coordinator` stays here, for `wardloom run SPEC --kit`; `authority` holds the key that signed them all: lock it away.
"""
UP = """makes keys and approvals for every hospital, as their stewards would, startup kits, and a copy of the spec that
names NVFLARE and the keys; starts one client for each hospital, and runs the study through them. Everything ends with it.
"""


def add(commands: Any) -> None:
    """Declares the command and its actions."""
    found: argparse.ArgumentParser = commands.add_parser(
        "federation",
        help=ABOUT,
        description=ABOUT[0].upper() + ABOUT[1:] + ".",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = found.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(found))
    example = "wardloom federation provision specs/nafld.yml --server coordinator.example.org:8102 --out kits"
    provision = command(actions, "provision", "make a startup kit for the coordinator and for each hospital", example, PROVISION)
    add_spec(provision)
    where = "where hospitals find the coordinator"
    provision.add_argument("--server", type=_address, required=True, metavar="HOST:PORT", help=where)
    provision.add_argument("--out", type=Path, metavar="DIR", help="a new folder for the kits (default: beside the release)")
    about = "run a study over NVFLARE, all hospitals on this machine"
    up = command(actions, "up", about, "wardloom federation up specs/nafld.yml", UP)
    add_spec(up)
    up.add_argument("--quiet", action="store_true", help="no progress lines")
    about = "turn a hospital's certificate away, from the server's next start on"
    revoke = command(actions, "revoke", about, "wardloom federation revoke specs/nafld.yml --site lake")
    add_spec(revoke)
    revoke.add_argument("--site", required=True, metavar="NAME", help="the hospital")
    revoke.add_argument("--kit", type=Path, metavar="DIR", help="the coordinator's startup kit")


def run(args: argparse.Namespace) -> int:
    """Does the action."""
    from runners.transport.choose import need_nvflare

    need_nvflare()
    return {"provision": _provision, "up": _up, "revoke": _revoke}[args.action](args)


def _provision(args: argparse.Namespace) -> int:
    from runners.site.own import Environ
    from runners.transport.choose import kits_of
    from runners.transport.nvflare.provision import provision
    from specs.lang.read import read

    study = read(args.spec, Environ())
    out = args.out or kits_of(study)
    try:
        host, port = args.server
        kits = provision(study.name, study.sites, host, port, out)
    except FileExistsError:
        raise Stop(WRONG, f"{out} is there already\n  name a new folder with --out: a kit is made once") from None
    if args.json:
        emit({name: str(kit) for name, kit in kits.items()})
    else:
        say(*table(["for", "startup kit"], [[name, kit] for name, kit in kits.items()]))
    return FINE


def _up(args: argparse.Namespace) -> int:
    from runners.loopback import loopback

    return show(args, loopback(args.spec, args.quiet))


def _revoke(args: argparse.Namespace) -> int:
    from runners.site.own import Environ
    from runners.transport.choose import kits_of
    from runners.transport.nvflare.kit import revoke
    from specs.lang.read import read

    study = read(args.spec, Environ())
    kit = args.kit or kits_of(study) / "coordinator"
    if args.site not in study.sites or not kit.is_dir():
        missing = f"there is no site {args.site} in {args.spec}" if args.site not in study.sites else f"no startup kit in {kit}"
        raise Stop(WRONG, missing)
    revoke(kit, args.site)
    if args.json:
        emit({"revoked": args.site})
    else:
        say(f"{args.site} is turned away from the server's next start on")
    return FINE


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65535:
        raise argparse.ArgumentTypeError("a host and a port, e.g. coordinator.example.org:8102")
    return host, int(port)
