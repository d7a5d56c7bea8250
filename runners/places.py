"""Where the files of a study are."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from specs.lang.types import Site, Study

HOUSE = Path(__file__).resolve().parent.parent
"""The folder that holds dbt/ and the packages."""
DBT = Path(os.environ.get("WARDLOOM_DBT", HOUSE / "dbt")).absolute()
"""The dbt project; $WARDLOOM_DBT names another one."""


@dataclass(frozen=True)
class Places:
    """Paths of a study's release and of its runs."""

    study: Study

    @property
    def release(self) -> Path:
        """The directory of the release."""
        return Path(self.study.outputs.directory).absolute()

    @property
    def database(self) -> Path:
        """The released DuckDB file."""
        return self.release / f"{self.study.name}.duckdb"

    @property
    def runs(self) -> Path:
        """What runs remember: public things only (states, noised sums, models), next to the release."""
        return self.release.parent / ".wardloom" / self.study.name

    def run(self, name: str) -> Path:
        """The folder of one run."""
        return self.runs / name


def run_name(study: Study, queries: str, fresh: int = 0) -> str:
    """The same spec, queries and data versions are the same run; `fresh` counts the times someone asked for a new one."""
    versions = sorted((site.name, site.data_version) for site in study.sites.values())
    text = hashlib.sha256(f"{study.digest} {queries} {versions}".encode()).hexdigest()[:10]
    return f"{text}-{fresh}" if fresh else text


def beside(site: Site, what: str) -> Path:
    """A file beside the site's database: by its own name, whatever links lead to it."""
    database = Path(site.database).resolve()
    return database.with_name(f"{database.name}.{what}")


def ledger_of(site: Site) -> Path:
    """A site's ledger lives beside its database."""
    return beside(site, "ledger")


def key_of(site: Site) -> Path:
    """The signing key a steward made lies beside the database."""
    return beside(site, "key")


def audit_of(site: Site) -> Path:
    """The site's log of approvals, refusals and of all that ever left: beside its database."""
    return beside(site, "audit")


def rounds_of(site: Site) -> Path:
    """What a site remembers of masked sums: private, beside its database."""
    return beside(site, "rounds")


def private_of(site: Site, study: Study) -> Path:
    """The private folder of one study at a site: beside its database, readable by its owner only."""
    return beside(site, "work") / study.name
