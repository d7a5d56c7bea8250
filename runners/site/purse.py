"""What a site spends on an answer, and in whose total the answer may become known: its ledger, for one study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from privacy.accountant import SLACK
from privacy.accountant import rho as rho_of
from privacy.book import within
from privacy.ledger import Ledger, Spend
from privacy.secure_sum import Words
from runners.places import ledger_of
from runners.site.trouble import Trouble
from specs.lang.types import Budget, Site, Study


@dataclass(frozen=True)
class Purse:
    """One spend on one site's ledger; for public data there is neither, and nothing is booked.

    The site's own copy of the spec may say a lower budget than its ledger: the smaller of the two holds.

    Methods raise `privacy.errors.Refused` and `LedgerBroken`, and Trouble.
    """

    site: Site
    study: Study
    spend: Spend | None

    def check(self) -> None:
        """Raises Trouble when the ledger, or the one that would be opened, would not book it. Books and opens nothing."""
        if self.spend is None:
            return
        path = ledger_of(self.site)
        if path.exists():
            enough = self._ledger().affords(self.spend, self.site.budget)
        else:
            Ledger(path, self.site.name).never_was()
            enough = within((), self.spend, self._budget)
        if not enough:
            raise Trouble("budget")

    def answer(self, make: Callable[[], Words]) -> Words:
        """The answer (cells,) as it was first made: booked before it is made, kept before anyone sees it."""
        if self.spend is None:
            return make()
        self._open()
        ledger = self._ledger()
        self._within_claim(ledger, self.spend)
        entry = ledger.spend(self.spend, self.site.budget)
        kept = ledger.reply(entry)
        if kept is None:
            kept = ledger.keep(entry, make().astype("<u8").tobytes())
        return np.frombuffer(kept, "<u8").astype(np.uint64)

    def release(self, survivors: Sequence[str]) -> None:
        """Notes in whose total the answer becomes known. Raises Trouble for any other total than the first."""
        if self.spend is None:
            return
        ledger = self._ledger()
        entry = ledger.spend(self.spend, self.site.budget)
        if ledger.released(entry) not in (None, tuple(survivors)):
            raise Trouble("sites")
        ledger.release(entry, survivors)

    @property
    def _budget(self) -> Budget:
        """What a new ledger is opened with."""
        budget = self.site.budget or self.study.privacy.budget
        assert budget is not None
        return budget

    def _open(self) -> None:
        """The first answer that a site affords opens its ledger; of two at once, the first one's budget holds for both."""
        if not ledger_of(self.site).exists():
            self.check()
            with suppress(FileExistsError):
                Ledger.create(ledger_of(self.site), self._budget, self.site.name)

    def _ledger(self) -> Ledger:
        """The site's ledger; a line that a crash left half-written goes."""
        ledger = Ledger(ledger_of(self.site), self.site.name)
        ledger.mend()
        return ledger

    def _within_claim(self, ledger: Ledger, spend: Spend) -> None:
        """All that this spec asks of one data version, in whatever steps, stays within the spec's own budget."""
        budget = self.study.privacy.budget
        assert budget is not None
        before = [e.spend for e in ledger.entries() if e.spend.key != spend.key]
        same = [s.rho for s in before if (s.spec_digest, s.data_version) == (spend.spec_digest, spend.data_version)]
        if sum(same) + spend.rho > rho_of(budget.epsilon, budget.delta) * (1 + SLACK):
            raise Trouble("budget")
