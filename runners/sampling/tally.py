"""What is known of drawn tables without looking at their rows again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from generators.frame import Sample, length
from generators.marginal.ask import totals
from runners.files import write_atomic
from specs.lang.types import Study


@dataclass(frozen=True)
class Tally:
    """Rows kept and rows thrown away, by table, and what the tables answer (`generators.marginal.ask.totals`).

    Those of different patients add up.
    """

    rows: Mapping[str, int]
    thrown: Mapping[str, int]
    totals: NDArray[np.int64]

    @staticmethod
    def of(study: Study, sample: Sample) -> Tally:
        """Counts a sample."""
        rows = {name: length(frame) for name, frame in sample.tables.items()}
        return Tally(rows, sample.thrown, totals(study, sample.tables, sample.parents))

    def __add__(self, other: Tally) -> Tally:
        rows = {name: n + other.rows[name] for name, n in self.rows.items()}
        thrown = {name: n + other.thrown[name] for name, n in self.thrown.items()}
        return Tally(rows, thrown, self.totals + other.totals)

    @property
    def rejected(self) -> dict[str, float]:
        """By table the share of drawn rows that were thrown away because they broke a constraint."""
        return {name: thrown / max(thrown + self.rows[name], 1) for name, thrown in self.thrown.items()}

    def save(self, file: Path) -> None:
        """Writes the file, whole or not at all."""
        names = list(self.rows)
        counted = np.array([[self.rows[n], self.thrown[n]] for n in names], np.int64)

        def put(path: Path) -> None:
            with path.open("wb") as out:
                np.savez(out, tables=np.array(names), counted=counted, totals=self.totals)

        write_atomic(file, put)

    @staticmethod
    def load(file: Path) -> Tally | None:
        """What `save` wrote; None where there is no such file."""
        try:
            with np.load(file, allow_pickle=False) as found:
                names, counted = found["tables"].tolist(), found["counted"].tolist()
                rows, thrown = (dict(zip(names, column, strict=True)) for column in zip(*counted, strict=True))
                return Tally(rows, thrown, found["totals"])
        except (OSError, ValueError, KeyError, BadZipFile):
            return None
