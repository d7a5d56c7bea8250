"""A spec as one hospital reads it: variables that say where other hospitals' databases are need not be set here."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runners.errors import WRONG, Stop
from specs.lang.problems import did_you_mean, quoted
from specs.lang.read import read
from specs.lang.types import Site, Study

ELSEWHERE = "not-set-here-"


@dataclass(frozen=True)
class Environ(Mapping[str, str]):
    """This machine's variables; one that is not set stands for a file that is elsewhere."""

    here: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def __getitem__(self, name: str) -> str:
        return self.here.get(name) or f"{ELSEWHERE}{name}"

    def __iter__(self) -> Iterator[str]:
        return iter(self.here)

    def __len__(self) -> int:
        return len(self.here)


def study_at(spec: Path, name: str | None = None) -> tuple[Study, Site]:
    """The checked study and the site `name` (may be left out when there is one). Raises SpecError and Stop."""
    study = read(spec, Environ())
    if name is None and len(study.sites) > 1:
        raise Stop(WRONG, f"{spec} has {len(study.sites)} sites: say which one is here with --site\n  {', '.join(study.sites)}")
    site = study.sites.get(name if name is not None else next(iter(study.sites)))
    if site is None:
        raise Stop(WRONG, f"there is no site {quoted(name)} in {spec}\n  {did_you_mean(str(name), study.sites)}".rstrip())
    if ELSEWHERE in site.database:
        variable = site.database.partition(ELSEWHERE)[2].partition("/")[0]
        raise Stop(WRONG, f"site {site.name}: the environment variable that says where its database is is not set ({variable})")
    return study, site
