"""A site's own record of what it has spent, and its right to say no.

The first line fixes the budget (epsilon, delta) of each data version. `spend` books before anything runs and refuses what
would take a data version's total rho beyond its budget. `keep` stores the reply on disk before it may be sent.

Noise is never drawn twice for replies that leave. Lines are `spend`, then `kept` with the reply's SHA-256:
- no spend line: nothing was drawn, since booking comes first;
- a spend line without kept line: `keep` never returned, so nothing was sent; drawing once more is the first answer anyone sees;
- a kept line: the stored reply is the answer, for ever. If its file is lost or changed, the ledger refuses.
- a `released` line: the one set of sites in whose total the reply may be known.
Of two processes that answer the same spend, both send what the first has kept: send what `keep` returns.
A crash can leave a spend without an answer (recorded spend too high), never an answer without a spend.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Self

from privacy import book
from privacy.accountant import rho
from privacy.book import Entry, Spend
from privacy.chain import Chain, Writer
from privacy.errors import LedgerBroken, Refused
from privacy.links import Broken, Link
from privacy.replies import Replies
from specs.lang.types import Budget

__all__ = ["Entry", "Ledger", "Spend"]


class Ledger:
    """One site's ledger file. Every method raises `LedgerBroken` when the file does not verify: then nothing is answered."""

    def __init__(self, path: Path, site: str = ""):
        self.path = path
        self.site = site or path.name.partition(".")[0]
        self._chain = Chain(path)
        self._replies = Replies(path.with_name(path.name + ".replies"))

    @classmethod
    def create(cls, path: Path, budget: Budget, site: str = "") -> Self:
        """A new ledger; `budget` can never be changed. Raises FileExistsError when there is one already."""
        rho(budget.epsilon, budget.delta)  # raises ValueError for a budget that is none
        ledger = cls(path, site)
        ledger.never_was()
        with ledger._explained():
            ledger._chain.create(book.opened(budget))
        return ledger

    def never_was(self) -> None:
        """Raises LedgerBroken where there was a ledger and its file is gone: none is begun anew in its place."""
        with self._explained():
            if self._replies.names() and not self.path.exists():
                raise Broken("does not verify: the file is gone, but replies are still there")
            self._chain.vacant()

    @property
    def budget(self) -> Budget:
        """The budget of each data version."""
        return book.budget(self._links())

    def spend(self, spend: Spend, limit: Budget | None = None) -> Entry:
        """Books `spend` before it runs; booking the same question again returns the first entry.

        Raises Refused when the data version's budget, or `limit`, does not allow it.
        """
        with self._writing() as writer:
            booked = book.booked(writer.links, spend)
            if booked is not None:
                self._same_noise(booked.spend, spend)
                return booked
            if not self._allows(writer.links, spend, limit):
                raise Refused(self.site, "its privacy budget for this data version does not allow it")
            return book.entry(writer.append(book.asked(spend)))

    def affords(self, spend: Spend, limit: Budget | None = None) -> bool:
        """Whether `spend` would be booked, or is already. Books nothing."""
        links = self._links()
        return book.booked(links, spend) is not None or self._allows(links, spend, limit)

    def keep(self, entry: Entry, reply: bytes) -> bytes:
        """Stores the reply to `entry` and returns the one to send: the first that was ever kept for it."""
        with self._writing() as writer:
            if entry.hash not in {link.hash for link in writer.links}:
                raise Broken("does not verify: the spend to answer is not in it")
            if book.kept(writer.links, entry) is None:
                stored = self._replies.put(entry.hash, reply)
                writer.append(book.answered(entry, stored))
            return self._stored(writer.links, entry) or reply

    def reply(self, entry: Entry) -> bytes | None:
        """The reply that was kept for `entry`; None when none ever was."""
        with self._explained():
            return self._stored(self._links(), entry)

    def release(self, entry: Entry, survivors: Sequence[str]) -> None:
        """Notes in whose total the reply to `entry` becomes known, before it does.

        Raises Refused for any other set than the first: the difference of two totals would show single sites' shares.
        """
        with self._writing() as writer:
            before = book.released(writer.links, entry)
            if before is None:
                writer.append(book.unmasked(entry, survivors))
            elif before != tuple(survivors):
                raise Refused(self.site, "this question was answered together with other sites")

    def released(self, entry: Entry) -> tuple[str, ...] | None:
        """The sites in the one total that may be known; None as long as there is none."""
        return book.released(self._links(), entry)

    def spent(self, data_version: str) -> float:
        """Rho booked on a data version, rounded up."""
        return book.up(book.spent(self._links(), data_version))

    def left(self, data_version: str) -> float:
        """Rho that can still be booked on a data version, rounded down."""
        budget = self.budget
        return max(0.0, rho(budget.epsilon, budget.delta) - self.spent(data_version))

    def entries(self) -> tuple[Entry, ...]:
        """All booked spends, in order."""
        return tuple(book.spends(self._links()))

    def verify(self) -> str:
        """Checks every line and every kept reply. Returns the last line's hash: kept elsewhere, it proves a later rollback."""
        links = self._links()
        with self._explained():
            for entry in book.spends(links):
                self._stored(links, entry)
        return links[-1].hash

    def mend(self) -> bool:
        """Removes a last line that a crash left incomplete (it was never acted upon); returns whether there was one."""
        with self._explained():
            return self._chain.mend()

    def _allows(self, links: Sequence[Link], spend: Spend, limit: Budget | None) -> bool:
        mine = book.budget(links)
        return book.within(links, spend, mine) and book.within(links, spend, limit or mine)

    def _links(self) -> tuple[Link, ...]:
        with self._explained():
            return self._checked(self._chain.links())

    @contextmanager
    def _writing(self) -> Iterator[Writer]:
        with self._explained(), self._chain.writing() as writer:
            self._checked(writer.links)
            yield writer

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except Broken as broken:
            raise LedgerBroken(self.site, f"its ledger {broken}") from None

    def _checked(self, links: Sequence[Link]) -> tuple[Link, ...]:
        """A reply without a spend line is left when an older ledger was put back."""
        if links[0].facts.get("kind") != "budget":
            raise Broken("does not verify: it does not start with a budget")
        if not self._replies.names() <= {link.hash for link in links}:
            raise Broken("does not verify: there are replies it has no spend for, an older copy was put back")
        return tuple(links)

    def _stored(self, links: Sequence[Link], entry: Entry) -> bytes | None:
        sha256 = book.kept(links, entry)
        if sha256 is None:
            return None
        reply = self._replies.get(entry.hash, sha256)
        if reply is None:
            raise Broken("does not verify: a kept reply is lost or changed, and its noise must not be drawn again")
        return reply

    def _same_noise(self, booked: Spend, asked: Spend) -> None:
        if replace(asked, run=booked.run) != booked:
            raise Refused(self.site, "the same question was booked with another noise variance: use the same version of Wardloom")
