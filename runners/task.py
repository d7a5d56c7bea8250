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
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Task:
    """Round `number` (from 0) with weights of this SHA-256."""

    number: int
    digest: str

    @classmethod
    def of(cls, number: int, weights: Weights) -> Task:
        """The round with these weights."""
        return cls(number, hashlib.sha256(_bytes(weights)).hexdigest())

    def query(self, study: Study, length: int) -> Query:
        """What is asked: the clipped sum of gradients; for public data also the number of patients."""
        generator = study.generator
        name = f"{generator.name} round {self.number + 1} of {generator.rounds}, weights {self.digest}"
        return gradient.query(name, study.root.name, length if study.privacy.budget else length + 1)

    def said(self, weights: Weights | None) -> dict[str, Any]:
        """What messages say; `weights` where they go along."""
        facts: dict[str, Any] = {"training": {"round": self.number, "digest": self.digest}}
        return facts if weights is None else facts | {"weights": base64.b64encode(_bytes(weights)).decode()}


def share(study: Study) -> float:
    """The part of the budget that one round spends."""
    return (1.0 - study.generator.measure) / study.generator.rounds


def measured(study: Study) -> float:
    """The part of the budget that histograms spend."""
    return study.generator.measure if study.generator.trains else 1.0


@dataclass(frozen=True)
class Rounds:
    """What rounds of training cost: `rho` each, and the noise in their sum as a multiple of one patient's bound."""

    number: int
    rho: float
    noise: float


def rounds(study: Study) -> Rounds | None:
    """The study's rounds of training; None for a generator that does not train."""
    if not study.generator.trains:
        return None
    budget = study.privacy.budget
    each = share(study) * rho(budget.epsilon, budget.delta) if budget else 0.0
    return Rounds(study.generator.rounds, each, 1 / math.sqrt(2 * each) if each else 0.0)


def task_of(study: Study, body: Mapping[str, Any]) -> Task | None:
    """The round of training that a message is about; None when it is about histograms. Raises ValueError."""
    said = body.get("training")
    if said is None:
        return None
    if not study.generator.trains or not isinstance(said, dict) or set(said) != {"round", "digest"}:
        raise ValueError("no round of training of this study")
    number, digest = said["round"], said["digest"]
    whole = isinstance(number, int) and not isinstance(number, bool) and 0 <= number < study.generator.rounds
    if not whole or not isinstance(digest, str) or not DIGEST.fullmatch(digest):
        raise ValueError("no round of training of this study")
    return Task(number, digest)


def weights_of(task: Task, body: Mapping[str, Any], length: int) -> Weights:
    """The weights (length,) that go along with a message. Raises ValueError when they are not those of the task."""
    try:
        data = base64.b64decode(str(body.get("weights", "")), validate=True)
    except binascii.Error:
        raise ValueError("no weights") from None
    if hashlib.sha256(data).hexdigest() != task.digest or len(data) != 4 * length:
        raise ValueError("other weights than those of this round")
    return np.frombuffer(data, "<f4").astype(np.float32)


def _bytes(weights: Weights) -> bytes:
    return weights.astype("<f4").tobytes()
