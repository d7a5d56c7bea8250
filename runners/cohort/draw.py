"""Draws a cohort: shard after shard from the model, keeping those that meet the conditions, until there are enough.

The patients kept are the first ones that meet the conditions in a sequence of patients drawn from the model, so each is
distributed as a patient of the model given the conditions (von Neumann 1951: rejection), whatever SQL says. Conditions on a
patient's own row are asked before rows below are drawn, which changes nothing but the time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from generators.frame import Sample, length
from generators.marginal.shard import Keep
from generators.rules import Rules
from runners.cohort.meets import Conditions
from runners.cohort.odds import Odds
from runners.cohort.patients import joined, only
from runners.errors import WRONG, Stop
from specs.lang.cohort import Cohort

SHARD = 2_048
"""Patients drawn at a time; only those that are kept stay in memory. OMOP patients take 0.7 GB, 16,384 of them would take 3.5."""
MOST = 32
"""Where conditions on their own row leave few patients, so many times as many are drawn at a time, at most."""
Told = Callable[[int, int], None]
"""Hears how many patients are found, and how many were drawn."""
EVERYONE = ""
"""The only stratum of a cohort that is not balanced."""


class Sampled(Protocol):
    """Anything that patients can be drawn from."""

    def some(self, patients: int, seed: int, rules: Rules, keep: Keep) -> Sample:
        """Of `patients` root rows those that `keep` keeps, with all their rows."""
        ...


@dataclass(frozen=True)
class Drawn:
    """A cohort: its tables, how many patients were drawn, and by stratum how many of them met the conditions."""

    sample: Sample
    drawn: int
    met: dict[str, int]

    @property
    def odds(self) -> Odds:
        """How likely a patient of the model belongs to one of the strata and meets the conditions."""
        return Odds(sum(self.met.values()), self.drawn)


def draw(cohort: Cohort, model: Sampled, rules: Rules, told: Told) -> Drawn:
    """Exactly the patients that the cohort asks for, in each of its strata. Raises Stop when its tries do not suffice."""
    wanted = dict(cohort.balance.patients) if cohort.balance else {EVERYONE: cohort.patients}
    conditions = Conditions(cohort)
    met, drawn, whole = dict.fromkeys(wanted, 0), 0, 0
    kept: list[Sample] = []
    while any(met[s] < wanted[s] for s in wanted):
        size = min(_size(whole, drawn), cohort.tries - drawn)
        if size == 0:
            raise _too_few(cohort, wanted, met, drawn)
        open_ = {s: max(wanted[s] - met[s], 0) for s in wanted}
        drawing = size, seed(cohort, len(kept)), rules, conditions.of_patients
        part, found, passed = _look(cohort, conditions, open_, model.some(*drawing))
        kept.append(part)
        drawn, whole = drawn + size, whole + passed
        met = {s: met[s] + found[s] for s in wanted}
        told(sum(min(met[s], wanted[s]) for s in wanted), drawn)
    return Drawn(joined(cohort.study, kept, np.random.default_rng(seed(cohort, -1))), drawn, met)


def seed(cohort: Cohort, shard: int) -> int:
    """Every cohort has draws of its own: by its name, its seed, and the number of the shard."""
    text = f"cohort {cohort.name} {cohort.seed} {shard}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _size(whole: int, drawn: int) -> int:
    """How many patients to draw next, so that about SHARD of them are drawn whole: as many as so far, in share."""
    return SHARD * min(MOST, drawn // max(whole, 1)) if drawn else SHARD


def _look(
    cohort: Cohort, conditions: Conditions, open_: dict[str, int], sample: Sample
) -> tuple[Sample, dict[str, int], int]:
    """The first patients that meet the conditions, in each stratum at most as many as are open.

    And how many met them in each, and how many were looked at.
    """
    found = _strata(cohort, sample, conditions.met(sample))
    rows = np.concatenate([found[s][:number] for s, number in open_.items()])
    kept = only(cohort.study, sample, np.sort(rows))
    return kept, {s: len(rows) for s, rows in found.items()}, length(sample.tables[cohort.study.root.name])


def _strata(cohort: Cohort, sample: Sample, rows: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """The rows of each stratum, ascending."""
    if cohort.balance is None:
        return {EVERYONE: rows}
    series = sample.tables[cohort.study.root.name][cohort.balance.column]
    labels = series.labels or ()
    rows = rows[~series.null[rows]]
    code = series.values[rows]
    return {s: rows[code == labels.index(s)] if s in labels else rows[:0] for s in cohort.balance.patients}


def _too_few(cohort: Cohort, wanted: dict[str, int], met: dict[str, int], drawn: int) -> Stop:
    """Says what was found, how likely it is, and what would be needed."""
    lines = [f"{cohort.file}: cohort {cohort.name} cannot be filled: nothing is written"]
    facts: dict[str, Any] = {}
    for stratum, number in wanted.items():
        odds = Odds(met[stratum], drawn)
        name = f"{cohort.balance.column} = {stratum}: " if cohort.balance else ""
        lines.append(f"  {name}found {min(met[stratum], number):,} of {number:,}; {odds.text()}")
        facts[stratum] = {"wanted": number, "needed": odds.needed(number)} | odds.facts()
    needed = [f["needed"] for f in facts.values()]
    if None in needed:
        lines.append("  change the conditions, or raise `tries` if they can be met at all")
    else:
        lines.append(f"  about {max(needed):,} patients would have to be drawn: raise `tries`, or ask for fewer")
    strata = {"strata": facts} if cohort.balance else facts[EVERYONE]
    return Stop(WRONG, "\n".join(lines), {"drawn": drawn, "tries": cohort.tries, **strata})
