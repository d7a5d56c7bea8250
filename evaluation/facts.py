"""What a report says about a run besides its figures: public facts only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Facts:
    """One run. Either `epsilon`, `delta` and `rho` are set, or `none`: the reason why the data are public.

    epsilon, delta   the promise to each patient
    rho              the same as zCDP
    none             with `privacy: none`, the spec's reason
    digest           SHA-256 of the spec
    created          when, in ISO 8601
    sites            hospitals whose shares are in the sums
    versions         program or package to version
    rows             synthetic rows per table
    rejected         per table the share, 0 to 1, of drawn rows that broke a constraint and were drawn again
    spend            step of the run to the rho it cost
    adds_to          the run of an earlier release whose sums are in these, and the promise to its patients; or empty

    What is left of a hospital's budget is the hospital's own matter and has no place here.
    """

    digest: str
    created: str
    sites: tuple[str, ...]
    epsilon: float | None = None
    delta: float | None = None
    rho: float | None = None
    none: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    rejected: Mapping[str, float] = field(default_factory=dict)
    spend: Mapping[str, float] = field(default_factory=dict)
    adds_to: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError unless there is either a budget or a reason for having none."""
        if (self.epsilon is None) == (self.none is None):
            raise ValueError("say either epsilon or why there is no privacy")

    @property
    def private(self) -> bool:
        """Whether there is a promise to patients."""
        return self.epsilon is not None
