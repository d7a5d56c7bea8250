"""Which transport a study's messages take."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from runners.errors import WRONG, Stop
from runners.places import Places
from runners.transport.base import Transport
from runners.transport.embedded import Embedded
from specs.lang.types import Study


def transport_of(study: Study, spec: Path, kit: Path | None) -> Transport:
    """As the spec says; `kit` is the coordinator's NVFLARE startup kit. Raises Stop when what it needs is not installed."""
    if study.federation.transport == "embedded":
        return Embedded(spec)
    if study.federation.transport == "flower":
        from runners.transport.flower.transport import Flower

        return Flower()
    need_nvflare()
    from runners.transport.nvflare.transport import Nvflare

    return Nvflare(kit or kits_of(study) / "coordinator", tuple(study.sites))


def kits_of(study: Study) -> Path:
    """Where startup kits are made when nothing else is said."""
    return Places(study).runs.parent / "kits" / study.name


def need_nvflare() -> None:
    """Raises Stop unless NVFLARE is installed."""
    if find_spec("nvflare") is None:
        raise Stop(WRONG, 'NVFLARE is not installed\n  pip install "wardloom[nvflare]"')
