"""What can be told of a site or a coordinator: facts that are public at once, or were made for the steward to see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from runners.errors import Stop
from specs.lang.problems import SpecError


@dataclass(frozen=True)
class Seen:
    """One look. `checks` are what must hold to be ready; the rest is empty where it does not apply or cannot be trusted.

    `answers` by stage and `refusals` by code are numbers of lines of the audit log; `spent` and `left` are rho by data
    version, from the ledger; `stages` are those of the latest run, with what became of them.
    """

    checks: Mapping[str, bool]
    approved: bool | None = None
    answers: Mapping[str, int] = field(default_factory=dict)
    refusals: Mapping[str, int] = field(default_factory=dict)
    spent: Mapping[str, float] = field(default_factory=dict)
    left: Mapping[str, float] = field(default_factory=dict)
    stages: Mapping[str, str] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether every check holds."""
        return all(self.checks.values())


def holds(check: Callable[[], object], error: type[Exception] = Stop) -> bool:
    """Whether a check ends without `error`, and without what a spec or a disk can do to it."""
    try:
        check()
    except (OSError, SpecError, Stop):
        return False
    except error:
        return False
    return True
