"""One round of training: what the coordinator asks, and what a hospital makes of the question.

Every message of the round says which round it is and the SHA-256 of the weights; the weights themselves go along once, where
the answer is made. Both are part of the query's name, so of its digest, which the roster, the masks and the ledger are bound to.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from generators.trained import Weights
from privacy import gradient
from privacy.accountant import rho
from privacy.query import Query
from specs.lang.types import Study

DIGEST = re.compile("[0-9a-f]{64}")
KEYS = ("training", "weights")
"""What is added to the bodies of messages."""
FINE = 2.0**-12
"""In place of the bound, for sums of gradients that are not clipped: Adam makes a step even of a gradient of nearly 0."""
BESIDES = 2
"""Numbers that follow the weights where there is no budget: the sum of patients' losses, and how many they are."""


@dataclass(frozen=True)
class Task:
    """Round `number` (from 0) of a trial (from 0), with weights of this SHA-256."""

    number: int
    digest: str
    trial: int = 0

    @classmethod
    def of(cls, number: int, weights: Weights, trial: int = 0) -> Task:
        """The round with these weights."""
        return cls(number, hashlib.sha256(_bytes(weights)).hexdigest(), trial)

    def query(self, study: Study, length: int) -> Query:
        """What is asked: the clipped sum of gradients; for public data also the sum of losses and the number of patients."""
        generator = study.generator
        trial = f" trial {self.trial + 1} of {len(generator.trials)}" if generator.sweep else ""
        name = f"{generator.name}{trial} round {self.number + 1} of {generator.trials[self.trial].rounds}, weights {self.digest}"
        if study.privacy.budget:
            return gradient.query(name, study.root.name, length)
        return gradient.query(f"{name}, with loss and patients", study.root.name, length + BESIDES)

    def said(self, weights: Weights | None) -> dict[str, Any]:
        """What messages say; `weights` where they go along."""
        facts: dict[str, Any] = {"training": {"trial": self.trial, "round": self.number, "digest": self.digest}}
        return facts if weights is None else facts | {"weights": base64.b64encode(_bytes(weights)).decode()}


def share(study: Study, trial: int = 0) -> float:
    """The part of the budget that one round of a trial spends."""
    trials = study.generator.trials
    return (1.0 - study.generator.measure) / len(trials) / trials[trial].rounds


def tried(study: Study, trial: int) -> Study:
    """The study as one trial trains it."""
    found = study.generator.trials[trial]
    return replace(study, generator=replace(study.generator, **asdict(found), sweep=()))


def unit(study: Study) -> float:
    """What the integers of a round's vector are fractions of (`privacy.gradient.rounded`), where there is no budget."""
    return 1.0 if study.averages else FINE


def asked(study: Study) -> str:
    """What leaves a hospital in a round, in words."""
    if study.privacy.budget:
        return "the sum of its patients' clipped gradients"
    if study.averages:
        return "how far a pass over its rows moves the weights, times its patients; the sum of their losses; their number"
    return "the sum of its patients' gradients; the sum of their losses; their number"


def measured(study: Study) -> float:
    """The part of the budget that histograms spend."""
    return study.generator.measure if study.generator.trains else 1.0


@dataclass(frozen=True)
class Rounds:
    """What rounds of training cost: `rho` each, and the noise in their sum as a multiple of one patient's bound."""

    number: int
    rho: float
    noise: float


def rounds(study: Study) -> tuple[Rounds, ...]:
    """The rounds of all trials; none for a generator that does not train."""
    if not study.generator.trains:
        return ()
    budget, found = study.privacy.budget, []
    for number, trial in enumerate(study.generator.trials):
        each = share(study, number) * rho(budget.epsilon, budget.delta) if budget else 0.0
        found.append(Rounds(trial.rounds, each, 1 / math.sqrt(2 * each) if each else 0.0))
    return tuple(found)


def task_of(study: Study, body: Mapping[str, Any]) -> Task | None:
    """The round of training that a message is about; None when it is about histograms. Raises ValueError."""
    said = body.get("training")
    if said is None:
        return None
    if not study.generator.trains or not isinstance(said, dict) or set(said) != {"trial", "round", "digest"}:
        raise ValueError("no round of training of this study")
    trial, number, digest = said["trial"], said["round"], said["digest"]
    trials = study.generator.trials
    there = _within(trial, len(trials)) and _within(number, trials[trial].rounds)
    if not there or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError("no round of training of this study")
    return Task(number, digest, trial)


def weights_of(task: Task, body: Mapping[str, Any], length: int) -> Weights:
    """The weights (length,) that go along with a message. Raises ValueError when they are not those of the task."""
    try:
        data = base64.b64decode(str(body.get("weights", "")), validate=True)
    except binascii.Error:
        raise ValueError("no weights") from None
    if hashlib.sha256(data).hexdigest() != task.digest or len(data) != 4 * length:
        raise ValueError("other weights than those of this round")
    return np.frombuffer(data, "<f4").astype(np.float32)


def _within(number: object, end: int) -> bool:
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number < end


def _bytes(weights: Weights) -> bytes:
    return weights.astype("<f4").tobytes()
