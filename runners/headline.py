"""Quality in a few lines: how far the synthetic tables are from the noised sums, and how much of that is noise."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from generators.frame import Sample
from generators.marginal.ask import answers
from privacy.sums import Sums
from specs.lang.types import Study


@dataclass(frozen=True)
class Headline:
    """Typical (median) total variation distance over the marginals of `columns` columns; `noise` is what noise alone makes."""

    columns: int
    marginals: int
    distance: float
    noise: float

    def text(self) -> str:
        """For people."""
        many = f"{self.marginals} marginals of {self.columns} column{'s' if self.columns > 1 else ''}"
        return f"{many}: typically {self.distance:.3f} from the noised sums (noise alone makes {self.noise:.3f})"

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        return {k: round(v, 6) if isinstance(v, float) else v for k, v in asdict(self).items()}


def headlines(study: Study, sums: Sums, sample: Sample) -> list[Headline]:
    """One per number of columns."""
    found: dict[int, list[tuple[float, float]]] = {}
    for name, drawn in answers(study, sample.tables, sample.parents).items():
        query, noised = sums.queries[name], sums.values[name]
        if noised.sum() <= 0 or drawn.sum() <= 0:
            continue
        distance = float(np.abs(drawn / drawn.sum() - noised / noised.sum()).sum() / 2)
        noise = sums.std[name] * math.sqrt(2 / math.pi) * query.cells / 2 / float(noised.sum())
        found.setdefault(len(query.columns), []).append((min(distance, 1.0), min(noise, 1.0)))
    return [Headline(k, len(v), *(float(np.median(column)) for column in zip(*v, strict=True))) for k, v in sorted(found.items())]
