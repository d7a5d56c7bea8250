"""What is looked at on the coordinator's machine before anyone is asked: `run` stops at the first trouble, `plan` lists all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from generators.trains import trainable
from privacy.query import Query
from runners.compiled import stale, unlike
from runners.device import check_device
from runners.earlier import Earlier, earlier
from runners.errors import REFUSED, WRONG, Stop
from runners.shadow import shadowed
from runners.site.approval import expired, over
from specs.lang.problems import SpecError, rendered
from specs.lang.types import Study


def check(study: Study, asked: Sequence[Query]) -> Earlier | None:
    """The release to add to, when all is well. Raises Stop, and SpecError for a device that is not there."""
    for look in LOOKS:
        look(study)
    return earlier(study, asked)


def problems(study: Study, asked: Sequence[Query]) -> list[str]:
    """What `check` would stop for; empty when all is well."""
    looks = [*LOOKS, lambda study: earlier(study, asked)]
    return [said for look in looks if (said := _said(look, study))]


def _said(look: Callable[[Study], object], study: Study) -> str:
    try:
        look(study)
    except Stop as stop:
        return stop.message
    except SpecError as error:
        return "\n".join(rendered(error.problems))
    return ""


def _in_time(study: Study) -> None:
    if expired(study.governance.expires):
        raise Stop(REFUSED, over(study))


def _compiled(study: Study) -> None:
    if old := stale(study):
        raise Stop(WRONG, "\n".join(unlike(study, old)))


def _own_packages(study: Study) -> None:
    for line in shadowed():
        raise Stop(WRONG, line)


def _able(study: Study) -> None:
    """This machine has the device and the packages that the generator needs."""
    try:
        check_device(study)
        if study.generator.trains:
            trainable(study)
    except ImportError:
        raise Stop(WRONG, f'the generator {study.generator.name} needs Torch\n  pip install "wardloom[torch]"') from None


LOOKS: tuple[Callable[[Study], object], ...] = (_in_time, _compiled, _own_packages, _able)
