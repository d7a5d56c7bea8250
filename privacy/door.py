"""The one door: what a generator may ask of the hospitals, and all it ever gets to see of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from privacy.query import Query
from privacy.sums import Sums


class Door(Protocol):
    """Asks all hospitals at once; every call spends budget before it runs."""

    def ask(self, queries: Sequence[Query], share: float) -> Sums:
        """Noised sums of `queries` for `share` (0 to 1) of the study's privacy budget.

        Raises `privacy.errors.Refused` when a site's ledger or approval says no.
        """
        ...
