"""Startup kits: a certificate authority for one study, and a folder for the coordinator and for each hospital."""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from nvflare.lighter.entity import Project
from nvflare.lighter.impl.cert import CertBuilder
from nvflare.lighter.impl.signature import SignatureBuilder
from nvflare.lighter.impl.static_file import StaticFileBuilder
from nvflare.lighter.impl.workspace import WorkspaceBuilder
from nvflare.lighter.provisioner import Provisioner

COORDINATOR = "coordinator"


def provision(study: str, sites: Iterable[str], host: str, port: int, out: Path) -> dict[str, Path]:
    """Kits by name (`coordinator`, and each site), below `out`, which must be empty or new. Raises FileExistsError.

    `host` and `port` are where hospitals find the coordinator's server. The authority's own key stays in `out/authority`.
    """
    if out.exists() and any(out.iterdir()):
        raise FileExistsError(out)
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    project = Project(study, "Wardloom")
    project.set_server(host, "wardloom", {"fed_learn_port": port, "admin_port": port + 1})
    for site in sites:
        project.add_client(site, "hospital", {})
    project.add_admin(f"{COORDINATOR}@wardloom.org", "wardloom", {"role": "lead"})
    with tempfile.TemporaryDirectory() as made:
        Provisioner(made, _builders()).provision(project, logger=_quiet())
        built = Path(made) / study / "prod_00"
        kits = {COORDINATOR: _kit(built / host, out / COORDINATOR)}
        kits |= {client.name: _kit(built / client.name, out / client.name) for client in project.get_clients()}
        shutil.copytree(Path(made) / study / "state", out / "authority")
        (out / "authority").chmod(0o700)
    return kits


def _quiet() -> logging.Logger:
    """NVFLARE's provisioner prints unless it has a logger."""
    found = logging.getLogger("wardloom.provision")
    found.setLevel(logging.ERROR)
    return found


def _builders() -> list[object]:
    files = StaticFileBuilder(config_folder="config", scheme="grpc")
    return [WorkspaceBuilder(["master_template.yml"]), files, CertBuilder(), SignatureBuilder()]


def _kit(built: Path, place: Path) -> Path:
    """Certificates and addresses; what a side allows it writes itself (`kit.py`)."""
    shutil.copytree(built / "startup", place / "startup", ignore=shutil.ignore_patterns("*.sh"))
    place.chmod(0o700)
    for file in (place / "startup").iterdir():
        file.chmod(0o600)
    return place
