"""The site agent, the enforcement point: answers its own spec's queries, within its own ledger, or says why not."""

from __future__ import annotations

import fcntl
import os
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from generators.marginal.structure import queries as queries_of
from privacy.accountant import NARROWEST, SLACK
from privacy.accountant import rho as rho_of
from privacy.errors import LedgerBroken, Refused
from privacy.ledger import Ledger, Spend
from privacy.noise import DiscreteGaussian
from privacy.query import Query, digest
from privacy.secure_sum import share as share_of
from runners.noise import cost, noisy_sites, spend_of
from runners.places import ledger_of
from runners.site import marginals, preflight
from runners.site.build import build
from runners.site.diagnose import of_duckdb, of_os
from runners.site.message import Malformed, Reply, Request, silence
from runners.site.trouble import Trouble
from specs.lang.types import Site, Study


@dataclass(frozen=True)
class Terms:
    """What is asked, and the variance of this site's own noise, by its own reckoning."""

    queries: tuple[Query, ...]
    own: Fraction


@dataclass(frozen=True)
class SiteAgent:
    """One hospital's agent. `folder` is private: rows are copied into it while dbt runs and removed afterwards."""

    site: Site
    study: Study
    folder: Path

    def handle(self, request: bytes) -> bytes:
        """A packed `Reply` to a packed `Request`. Never raises for what data, files or requests do."""
        try:
            with self._alone():
                return self._answer(Request.unpack(request))
        except Trouble as trouble:
            return silence(self.site.name, trouble).pack()
        except Malformed:
            return silence(self.site.name, Trouble("queries")).pack()
        except LedgerBroken:
            return silence(self.site.name, Trouble("ledger")).pack()
        except Refused:
            return silence(self.site.name, Trouble("budget")).pack()
        except duckdb.Error as error:
            self._remember(error)
            return silence(self.site.name, of_duckdb(error, "marginals")).pack()
        except OSError as error:
            return silence(self.site.name, of_os(error)).pack()
        except MemoryError:
            return silence(self.site.name, Trouble("memory")).pack()
        except Exception as error:
            self._remember(error)
            return silence(self.site.name, Trouble("crash")).pack()

    def _answer(self, request: Request) -> bytes:
        terms = self._terms(request)
        preflight.check(self.site, self.study)
        spend = spend_of(self.study, self.site, request.run, terms.queries, request.share)
        ledger = self._ledger() if spend else None
        if request.stage == "ready":
            if ledger and spend and not ledger.affords(spend):
                raise Trouble("budget")
            return Reply(self.site.name, np.zeros(0, np.uint64)).pack()
        if ledger and spend:
            self._within_claim(ledger, spend)
        entry = ledger.spend(spend) if ledger and spend else None
        kept = ledger.reply(entry) if ledger and entry else None
        if kept is not None:
            return kept
        reply = Reply(self.site.name, self._share(terms)).pack()
        return ledger.keep(entry, reply) if ledger and entry else reply

    def _terms(self, request: Request) -> Terms:
        """Checks what is asked against this site's own copy of the spec. Raises Trouble."""
        if request.spec != self.study.digest:
            raise Trouble("spec")
        asked = queries_of(self.study)
        if request.queries != digest(asked):
            raise Trouble("queries")
        own = cost(self.study, asked, request.share)[1] / noisy_sites(self.study)
        if self.study.privacy.budget and own < NARROWEST:
            raise Trouble("noise")
        return Terms(asked, own)

    def _ledger(self) -> Ledger:
        """The site's ledger; the first study that is asked opens it, a line that a crash left half-written goes."""
        path = ledger_of(self.site)
        budget = self.site.budget or self.study.privacy.budget
        assert budget is not None
        if not path.exists():
            return Ledger.create(path, budget, self.site.name)
        ledger = Ledger(path, self.site.name)
        ledger.mend()
        return ledger

    def _share(self, terms: Terms) -> NDArray[np.uint64]:
        """The site's exact integer sums with its share of the noise, modulo 2^64."""
        try:
            work = build(self.site, self.study, self.folder)
            vector = marginals.read(work, self.study, terms.queries)
        finally:
            _clear(self.folder)
        noise = np.zeros(len(vector), np.int64) if terms.own == 0 else DiscreteGaussian(terms.own).sample(len(vector))
        return share_of(vector, noise)

    def _within_claim(self, ledger: Ledger, spend: Spend) -> None:
        """All that this spec asks of one data version, in whatever steps, stays within the spec's own budget."""
        budget = self.study.privacy.budget
        assert budget is not None
        before = [e.spend for e in ledger.entries() if e.spend.key != spend.key]
        same = [s.rho for s in before if (s.spec_digest, s.data_version) == (spend.spec_digest, spend.data_version)]
        if sum(same) + spend.rho > rho_of(budget.epsilon, budget.delta) * (1 + SLACK):
            raise Trouble("budget")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Only one agent works in the folder; what an agent that was killed left there goes first."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.chmod(self.folder, 0o700)
        with open(self.folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Trouble("busy") from None
            _clear(self.folder)
            yield

    def _remember(self, error: Exception) -> None:
        """Where it happened, without the error's own text: that may quote a value."""
        frames = traceback.format_list(traceback.extract_tb(error.__traceback__))
        with open(self.folder / "agent.log", "a", encoding="utf-8") as log:
            log.write(f"{type(error).__name__}\n{''.join(frames)}\n")


def _clear(folder: Path) -> None:
    """Removes every copy of rows: work database, spill files, dbt's target and logs."""
    for entry in folder.iterdir():
        if entry.name in ("lock", "agent.log"):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
