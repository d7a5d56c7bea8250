"""The site agent, the enforcement point: answers its own spec's queries, within its own ledger, or says why not."""

from __future__ import annotations

import fcntl
import os
import shutil
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from generators.trained import Coded
from privacy.errors import LedgerBroken, Refused
from privacy.masking.errors import Unfit
from privacy.noise import DiscreteGaussian
from privacy.secure_sum import Words
from privacy.secure_sum import share as share_of
from privacy.signed import Unsigned, opened, signed
from runners.places import rounds_of
from runners.site import approval, coded, egress, marginals, preflight
from runners.site.build import build
from runners.site.diagnose import of_duckdb, of_os
from runners.site.keys import identity_of
from runners.site.masked import Member
from runners.site.message import Malformed, Request, answer, named, silence
from runners.site.rounds import Round, Rounds
from runners.site.terms import Terms, terms_of
from runners.site.training import Held, answered, plausible
from runners.site.trouble import Trouble
from runners.task import KEYS, Task, tried, weights_of
from specs.lang.types import Site, Study


@dataclass(frozen=True)
class SiteAgent:
    """One hospital's agent. `folder` is private: rows are copied into it while dbt runs and removed afterwards.

    `held` is what the process keeps in memory between rounds of training.
    """

    site: Site
    study: Study
    folder: Path
    held: Held = field(default_factory=Held, kw_only=True)

    def handle(self, request: bytes) -> bytes:
        """A signed `Reply` to a signed `Request`, or an unsigned one that says why not.

        Never raises for what data, files or requests do.
        """
        try:
            with self._alone():
                coordinator, message = opened(request)
                return self._noted(coordinator, Request.unpack(message), named(request))
        except Exception as error:
            return silence(self.site.name, self._excuse(error)).pack()

    def _noted(self, coordinator: str, request: Request, name: str) -> bytes:
        """The answer; or the site's log says that, and why, there is none."""
        try:
            return self._answer(coordinator, request, name)
        except Exception as error:
            trouble = self._excuse(error)
            egress.refuses(self.site, request, trouble)
            raise trouble from None

    def _answer(self, coordinator: str, request: Request, name: str) -> bytes:
        """The same request, by its `name`, gets the same bytes, whatever happened in between."""
        terms = terms_of(self.site, self.study, self.held, request)
        approval.check(self.site, self.study)
        identity = identity_of(self.site)
        member = Member(self.site.name, identity, self.study)
        rounds = Rounds(rounds_of(self.site))
        round = rounds.find(coordinator, request.context)
        if round.before(request.stage, name) is None:
            self._allowed(request, terms)
            said = {key: value for key, value in request.body.items() if key not in KEYS}
            round, body = getattr(member, request.stage)(round, said)
            self._released(request, terms, round)
            round = round.after(request.stage, name, body)
            rounds.keep(round)
        reply = answer(self.site.name, name, round.done[request.stage].body)
        if request.stage == "sums":
            reply = replace(reply, words=member.mask(round, terms.purse.answer(lambda: self._share(request, terms))))
        message = signed(identity, reply.pack())
        egress.leaves(self.site, request, round, terms.queries, terms.own, message)
        return message

    def _allowed(self, request: Request, terms: Terms) -> None:
        """Before rows are read: what is asked for is there, and affordable. Raises Trouble."""
        if request.stage in ("ready", "sums"):
            preflight.check(self.site, self.study)
            terms.purse.check()

    def _released(self, request: Request, terms: Terms, round: Round) -> None:
        """Before masks can be removed: the ledger knows from which total."""
        if request.stage == "reveal":
            terms.purse.release(round.survivors)

    def _share(self, request: Request, terms: Terms) -> Words:
        """The site's exact integer sums with its share of the noise, modulo 2^64."""
        vector = self._trained(request, terms.task) if terms.task else self._counted(terms)
        noise = np.zeros(len(vector), np.int64) if terms.own == 0 else DiscreteGaussian(terms.own).sample(len(vector))
        return share_of(vector, noise)

    def _counted(self, terms: Terms) -> NDArray[np.int64]:
        """Histograms; rows that rounds of training will need are kept on the way."""
        with self._built() as work:
            if self.study.generator.trains:
                self.held.keep(self.study, self.site, coded.read(work, self.study))
            return marginals.read(work, self.study, terms.queries)

    def _trained(self, request: Request, task: Task) -> NDArray[np.int64]:
        """A clipped sum over patients, at weights that belong to the question."""
        generator = self.held.generator(tried(self.study, task.trial))
        try:
            weights = weights_of(task, request.body, generator.length)
        except ValueError:
            raise Trouble("round") from None
        rows = self.held.rows(self.study, self.site, self._coded)
        vector = answered(self.study, generator, weights, rows)
        if self.study.privacy.budget and not plausible(vector, len(rows[self.study.root.name].patient)):
            raise Trouble("bound")
        return vector

    def _coded(self) -> Coded:
        with self._built() as work:
            return coded.read(work, self.study)

    @contextmanager
    def _built(self) -> Iterator[Path]:
        """The work database as long as it is needed."""
        try:
            yield build(self.site, self.study, self.folder)
        finally:
            _clear(self.folder)

    def _excuse(self, error: Exception) -> Trouble:
        """What the site says about an error: nothing of its text, which may quote a value."""
        match error:
            case Trouble():
                return error
            case Unsigned() | Malformed() | Unfit():
                return Trouble("round")
            case LedgerBroken():
                return Trouble("ledger")
            case Refused():
                return Trouble("budget")
            case OSError():
                return of_os(error)
            case MemoryError():
                return Trouble("memory")
        self._remember(error)
        return of_duckdb(error, "marginals") if isinstance(error, duckdb.Error) else Trouble("crash")

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
