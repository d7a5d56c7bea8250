"""A whole federation on this machine: NVFLARE's server, a client for each hospital, and a study through them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket

import yaml

from privacy.identity import Identity
from runners.places import key_of
from runners.run import Run, run
from runners.site import audit
from runners.site.agree import agreement, sign
from runners.site.approval import check
from runners.site.trouble import Trouble
from runners.transport.choose import kits_of
from runners.transport.nvflare import kit as kit_files
from runners.transport.nvflare import start
from runners.transport.nvflare.provision import COORDINATOR, provision
from runners.transport.nvflare.serve import end
from specs.lang.document import document
from specs.lang.read import read
from specs.lang.text import load
from specs.lang.types import Site, Study

PURPOSE = "a trial of the federation on one machine"


def loopback(spec: Path, quiet: bool = False) -> Run:
    """Runs the study in `spec` over NVFLARE. Raises Stop and SpecError."""
    original = read(spec)
    copy = _federated(spec, original)
    study = read(copy)
    for site in study.sites.values():
        _approved(study, site)
        _approved(original, site)  # from now on these sites want to be asked, and the spec itself should go on working
    kits = kits_of(study)
    shutil.rmtree(kits, ignore_errors=True)
    made = provision(study.name, study.sites, "localhost", _free_ports(), kits)
    with _clients(study, copy, made):
        return run(study, copy, quiet=quiet, kit=made[COORDINATOR])


def _federated(spec: Path, study: Study) -> Path:
    """A copy of the spec, beside it, that names NVFLARE and every site's key."""
    said = document(str(spec), load(spec)).data
    said["federation"] = {**said.get("federation", {}), "transport": "nvflare"}
    for site in study.sites.values():
        said["sites"][site.name]["key"] = _identity(site).public
    copy = spec.with_name(f".{spec.stem}.nvflare.yml")
    copy.write_text(yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")
    return copy


def _identity(site: Site) -> Identity:
    """The hospital's key; made now, with its log, if its steward has not done so."""
    try:
        return Identity.load(key_of(site))
    except FileNotFoundError:
        identity = Identity.create(key_of(site))
        audit.open_log(site, identity)
        return identity


def _approved(study: Study, site: Site) -> None:
    """What the steward would sign, unless it is signed. Nobody signs here for a steward who revoked."""
    try:
        check(site, study)
    except Trouble as trouble:
        if trouble.code in ("approval", "sql"):
            sign(agreement(study, site, study.governance.purpose or PURPOSE, None, None))


@contextmanager
def _clients(study: Study, spec: Path, kits: dict[str, Path]) -> Iterator[None]:
    """A client for each hospital, as long as this lasts."""
    running: list[subprocess.Popen[bytes]] = []
    try:
        for site in study.sites:
            kit_files.write_site(kits[site], spec.absolute(), site)
            running.append(start.started(start.client(kits[site], site), kits[site] / "client.log"))
        yield
    finally:
        for process in running:
            end(process)


def _free_ports() -> int:
    """A port of this machine that is free now, and the next one with it."""
    while True:
        with socket(AF_INET, SOCK_STREAM) as one, socket(AF_INET, SOCK_STREAM) as two:
            one.bind(("127.0.0.1", 0))
            port = int(one.getsockname()[1])
            try:
                two.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
