"""How likely it is that a patient drawn from the model meets a condition, as counted."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

RARE = 0.01
"""Below this, a probability is told as 1 in so many."""
SURE = 0.95
"""Confidence: how often an interval (or the bound from above, where none was met) holds the true probability."""


@dataclass(frozen=True)
class Odds:
    """`met` of `drawn` patients met the condition (`drawn` > 0)."""

    met: int
    drawn: int

    @property
    def low(self) -> float:
        """Lower end of the interval for the probability; 0 when none was met."""
        from scipy.special import betaincinv

        return float(betaincinv(self.met, self.drawn - self.met + 1, (1 - SURE) / 2)) if self.met else 0.0

    @property
    def high(self) -> float:
        """Upper end of the interval: two-sided, but one-sided (1 - 0.05^(1/drawn), about 3 / drawn) when none was met.

        Clopper and Pearson 1934 (Biometrika 26): at least as sure as said for patients drawn independently of each other.
        Patients come in shards; within one, classes and codes come in strata, which steadies counts.
        """
        from scipy.special import betaincinv

        if self.met == 0:
            return float(1 - (1 - SURE) ** (1 / self.drawn))
        return float(betaincinv(self.met + 1, self.drawn - self.met, (1 + SURE) / 2)) if self.met < self.drawn else 1.0

    def needed(self, patients: int) -> int | None:
        """About how many would have to be drawn to find so many; None when none was found yet."""
        return -(-patients * self.drawn // self.met) if self.met else None

    def text(self) -> str:
        """`37 of 400,000 drawn patients meet it: about 1 in 10,800 (95% confidence: 1 in 15,400 to 1 in 7,840)`."""
        counted, found = f"{self.met:,} of {self.drawn:,} drawn patients meet it", self.met / self.drawn
        if self.met == 0:
            return f"{counted}: at most {chance(self.high, True)} with 95% confidence"
        about, low, high = (chance(p, found < RARE) for p in (found, self.low, self.high))
        return f"{counted}: about {about} (95% confidence: {low} to {high})"

    def facts(self) -> dict[str, Any]:
        """The same in fields, for `--json`."""
        return asdict(self) | {"probability": self.met / self.drawn, "low": self.low, "high": self.high, "confidence": SURE}


def chance(probability: float, rare: bool) -> str:
    """`12.5%`, or of rare things `1 in 10,800`; to three digits."""
    if not rare:
        return f"{100 * probability:.3g}%"
    number = round(1 / probability)
    return f"1 in {round(number, 3 - len(str(number))):,}"
